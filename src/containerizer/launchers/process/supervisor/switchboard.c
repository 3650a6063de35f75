/*
 * The switchboard: where the output of a container's process goes, and its input comes from, when that is
 * not just files. It is part of the supervisor, and so goes on when the agent ends; a later agent
 * connects to the same socket.
 *
 *   process ──▶ pipes, or a terminal ──▶ files of the sandbox, and readers (readers.c)
 *           ◀── pipe, or the terminal ◀── one connection for input (input.c)
 *
 * The socket is `io` in the run directory, which only the agent can enter. The first byte of a connection
 * says what it is for: O to read the output, S the same for the owner of a session, with whom the
 * container ends, I for input. Without a reader the output only goes to the files.
 *
 * The files are opened by the process, as its user, before it runs its command: no link that it has
 * laid in its sandbox leads further than it could write itself.
 */
#include "switchboard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum {
  /* The most bytes of one read, and so of one frame. */
  MAX_READ = 32 * 1024,
  /* The most that is read when the process has ended: what pipes and terminals hold. */
  MAX_REST = 8 * 1024 * 1024,
  /* The agent says at once what a connection is for. */
  MAX_UNKNOWN = 16,
  /* Connections to a process that is still held. */
  BACKLOG = 1024,
  /* How often it is looked at who holds the process up. */
  LOOK_MS = 500
};

struct output {
  int fd; /* Where it comes from, or -1. */
  struct log log;
  char kind;
};

struct switchboard {
  int signals;
  int listener; /* -1: nobody can attach. */
  int terminal; /* The process's side of the terminal, or -1: while it is open, the other side is. */
  int logs;     /* Where the process hands its files up. */
  struct output outputs[2];
  struct readers readers;
  struct input input;
  /* Connections that have not said yet what they are for. */
  int unknown[MAX_UNKNOWN];
  int n_unknown;
};

int listen_for_agent(const char *run) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int folder = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* The path itself may be longer than an address can be. */
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/io", folder);
  int is_open = folder >= 0 && fd >= 0 &&
                bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, BACKLOG) == 0;
  drop(folder);
  if (!is_open) {
    drop(fd);
  }
  return is_open ? fd : -1;
}

/* Returns -1, with errno. */
static int give_to_user(const struct launch *launch, int fd) {
  return strcmp(launch->uid, "-") == 0 ? 0 : fchown(fd, strtoul(launch->uid, NULL, 10), -1);
}

/* The terminal's own side is the supervisor's; the other becomes the process's. */
static int open_terminal(struct switchboard *board, const struct launch *launch, struct stdio *stdio) {
  const struct io *io = &launch->io;
  struct winsize size = {.ws_row = io->rows, .ws_col = io->columns};
  int own = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (own < 0 || grantpt(own) < 0 || unlockpt(own) < 0) {
    return -1;
  }
  char path[64];
  int theirs = ptsname_r(own, path, sizeof path) == 0 ? open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
  if (theirs < 0 || ioctl(own, TIOCSWINSZ, &size) < 0 || give_to_user(launch, theirs) < 0) {
    return -1;
  }
  stdio->is_terminal = 1;
  stdio->in = stdio->out = stdio->err = board->terminal = theirs;
  board->outputs[0].fd = board->input.process = own;
  board->input.is_terminal = 1;
  return 0;
}

static int open_pipes(struct switchboard *board, const struct launch *launch, struct stdio *stdio) {
  int in[2] = {-1, -1}, out[2], err[2];
  if ((launch->io.is_served && pipe2(in, O_CLOEXEC) < 0) || pipe2(out, O_CLOEXEC) < 0 ||
      pipe2(err, O_CLOEXEC) < 0) {
    return -1;
  }
  *stdio = (struct stdio){.in = in[0], .out = out[1], .err = err[1]};
  /* A process opens its own again as /dev/stdout. */
  int theirs[3] = {in[0], out[1], err[1]};
  for (int i = 0; i < 3; i++) {
    if (theirs[i] >= 0 && give_to_user(launch, theirs[i]) < 0) {
      return -1;
    }
  }
  board->input.process = in[1];
  board->outputs[0].fd = out[0];
  board->outputs[1].fd = err[0];
  int own[3] = {in[1], out[0], err[0]};
  for (int i = 0; i < 3; i++) {
    if (own[i] >= 0 && fcntl(own[i], F_SETFL, O_NONBLOCK) < 0) {
      return -1;
    }
  }
  return 0;
}

static void admit(struct switchboard *board) {
  while (board->n_unknown < MAX_UNKNOWN) {
    int fd = accept4(board->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      return;
    }
    board->unknown[board->n_unknown++] = fd;
  }
}

static void begin_input(struct switchboard *board, int fd) {
  /* The one before may just have gone. */
  struct pollfd polled[2];
  await_input(&board->input, polled);
  if (poll(polled, 2, 0) > 0) {
    take_input(&board->input, polled);
  }
  if (board->input.fd >= 0) {
    answer_input(&board->input, fd, BUSY);
  } else {
    board->input.fd = fd;
  }
}

/* In the order of their coming. Returns whether the owner of a session has come and gone. */
static int sort_connections(struct switchboard *board) {
  int left = 0;
  for (int i = 0; i < board->n_unknown; i++) {
    int fd = board->unknown[i];
    char purpose;
    ssize_t n = recv(fd, &purpose, 1, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      board->unknown[left++] = fd;
    } else if (n == 1 && (purpose == 'O' || purpose == 'S') &&
               board->readers.count < MAX_READERS) {
      add_reader(&board->readers, fd, purpose == 'S');
    } else if (n == 1 && purpose == 'I') {
      begin_input(board, fd);
    } else {
      close(fd);
    }
  }
  board->n_unknown = left;
  return send_output(&board->readers);
}

struct switchboard *open_switchboard(const struct launch *launch, int listener, struct stdio *stdio) {
  struct switchboard *board = calloc(1, sizeof *board);
  int logs[2];
  sigset_t set = orders();
  if (!board) {
    return NULL;
  }
  board->listener = listener;
  board->terminal = board->input.fd = board->input.process = -1;
  for (int i = 0; i < 2; i++) {
    struct log log = {.file = -1, .folder = -1, .rotation = launch->io.rotation[i]};
    log.name = i == 0 ? "stdout" : "stderr";
    board->outputs[i] = (struct output){.fd = -1, .log = log, .kind = i == 0 ? 'o' : 'e'};
  }
  board->signals = signalfd(-1, &set, SFD_CLOEXEC);
  if (board->signals < 0 || open_readers(&board->readers) < 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, logs) < 0) {
    return NULL;
  }
  int opened = launch->io.has_terminal ? open_terminal(board, launch, stdio)
                                       : open_pipes(board, launch, stdio);
  board->logs = logs[0];
  stdio->logs = logs[1];
  /* A full file system must not end the supervisor. */
  signal(SIGXFSZ, SIG_IGN);
  if (opened < 0) {
    return NULL;
  }
  /* Who has attached while the process was held gets all of its output. */
  admit(board);
  if (sort_connections(board)) {
    raise(SIGUSR1);
  }
  return board;
}

enum { HANDED = 3 };

/* The room of a message that carries descriptors. */
union carried {
  struct cmsghdr head;
  char bytes[CMSG_SPACE(HANDED * sizeof(int))];
};

void hand_up_logs(int socket, int folder, const int *logs) {
  int handed[HANDED] = {folder, logs[0], logs[1]};
  union carried control = {0};
  char byte = 0;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  *head = (struct cmsghdr){
      .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof handed)};
  memcpy(CMSG_DATA(head), handed, sizeof handed);
  sendmsg(socket, &message, MSG_NOSIGNAL);
}

void take_logs(struct switchboard *board, struct stdio *stdio) {
  union carried control;
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  if (recvmsg(board->logs, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) > 0) {
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    int handed[HANDED];
    if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof handed)) {
      memcpy(handed, CMSG_DATA(head), sizeof handed);
      for (int i = 0; i < 2; i++) {
        board->outputs[i].log.folder = handed[0];
        open_log(&board->outputs[i].log, handed[1 + i]);
      }
    }
  }
  close(board->logs);
  close(stdio->logs);
  if (!stdio->is_terminal) {
    close(stdio->in);
    close(stdio->out);
    close(stdio->err);
  }
}

/* Returns how much was read; 0 where there is nothing now. */
static size_t read_output(struct switchboard *board, struct output *output, size_t room) {
  static char bytes[MAX_READ];
  ssize_t n = read(output->fd, bytes, room < sizeof bytes ? room : sizeof bytes);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    /* Of a terminal it is the supervisor's only way to the process, too. */
    if (output->fd != board->input.process) {
      close(output->fd);
    }
    output->fd = -1;
    return 0;
  }
  if (n <= 0) {
    return 0;
  }
  write_log(&output->log, bytes, n);
  put_output(&board->readers, output->kind, bytes, n);
  return n;
}

static int await_events(struct switchboard *board, struct pollfd *polled, int *count) {
  size_t room = room_for_output(&board->readers);
  int n = 0;
  polled[n++] = (struct pollfd){.fd = board->signals, .events = POLLIN};
  int has_place = board->n_unknown < MAX_UNKNOWN;
  polled[n++] = (struct pollfd){.fd = has_place ? board->listener : -1, .events = POLLIN};
  for (int i = 0; i < 2; i++) {
    polled[n++] = (struct pollfd){.fd = room > 0 ? board->outputs[i].fd : -1, .events = POLLIN};
  }
  await_input(&board->input, polled + n);
  n += 2;
  for (int i = 0; i < board->n_unknown; i++) {
    polled[n++] = (struct pollfd){.fd = board->unknown[i], .events = POLLIN};
  }
  for (int i = 0; i < board->input.n_leaving; i++) {
    polled[n++] = (struct pollfd){.fd = board->input.leaving[i], .events = POLLIN};
  }
  for (int i = 0; i < board->readers.count; i++) {
    struct reader *reader = &board->readers.list[i];
    short events = reader->at < board->readers.head ? POLLIN | POLLOUT : POLLIN;
    polled[n++] = (struct pollfd){.fd = reader->fd, .events = events};
  }
  *count = n;
  return cut_stuck_readers(&board->readers) ? LOOK_MS : -1;
}

void serve(struct switchboard *board, int events) {
  struct pollfd polled[MAX_READERS + MAX_UNKNOWN + MAX_LEAVING + 9];
  for (int count;;) {
    int timeout = await_events(board, polled, &count);
    polled[count] = (struct pollfd){.fd = events, .events = POLLIN};
    if (poll(polled, count + 1, timeout) < 0 && errno != EINTR) {
      return;
    }
    admit(board);
    int is_left = sort_connections(board);
    for (int i = 0; i < 2; i++) {
      size_t room = room_for_output(&board->readers);
      if (polled[2 + i].revents && board->outputs[i].fd >= 0 && room > 0) {
        read_output(board, &board->outputs[i], room);
      }
    }
    take_input(&board->input, polled + 4);
    drop_answered(&board->input);
    if (send_output(&board->readers) || is_left) {
      raise(SIGUSR1);
    }
    if (polled[0].revents || polled[count].revents) {
      return;
    }
  }
}

void close_switchboard(struct switchboard *board) {
  close(board->listener);
  for (int i = 0; i < 2; i++) {
    for (size_t all = 0, n = 1; board->outputs[i].fd >= 0 && n > 0 && all < MAX_REST; all += n) {
      n = read_output(board, &board->outputs[i], MAX_READ);
      send_output(&board->readers);
    }
  }
  /* A client that has ended its input is told so, although the process was quicker. */
  struct pollfd polled[2];
  await_input(&board->input, polled);
  if (poll(polled, 2, 0) > 0) {
    take_input(&board->input, polled);
  }
  put_output(&board->readers, 'x', NULL, 0);
  send_output(&board->readers);
  if (!has_untaken(&board->readers) || fork() != 0) {
    return;
  }
  /*
   * What slow readers have not taken yet must not delay the news of the container's end. The rest of the
   * agent takes this process for no supervisor.
   */
  prctl(PR_SET_NAME, "mesoscale-rest");
  setsid();
  for (int i = 0; i < 2; i++) {
    close(board->outputs[i].fd);
    close(board->outputs[i].log.file);
    close(board->outputs[i].log.folder);
  }
  if (chdir("/") == 0) {
    send_rest(&board->readers);
  }
  _exit(0);
}
