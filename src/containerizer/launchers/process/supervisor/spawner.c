/*
 * Starts the processes of containers and watches over them, for one agent.
 *
 * Several roles in one small static program, because forking a Node process takes milliseconds of the
 * agent's time and a process for each task must cost next to nothing:
 *
 *   spawner     One for an agent. Takes requests from standard input, reports on standard output,
 *               ends when the agent does (end of input). It has no state worth keeping: a new one
 *               can watch what an earlier one has started.
 *   supervisor  One for a container: a fork of the spawner (so its memory is a few dirty pages) in
 *               a session of its own, which outlives spawner and agent. It writes down who it is,
 *               starts the container's process, stores that process's raw wait status in a file,
 *               kills what the process left behind, and ends. As it adopts every orphan below it
 *               (PR_SET_CHILD_SUBREAPER), nothing escapes it, with or without a cgroup. It keeps
 *               the agent's own user, so that a task cannot send it a signal.
 *   companion   The same for one plain process, without records; it ends with the spawner.
 *
 * Within a container that an OCI runtime has made, the same program executes the command (inside.c).
 *
 * Requests: requests.c. One that cannot be read is passed over, and `failed` is reported for its token: a
 * request never costs another container anything.
 *
 * Reports, a line each: `started TOKEN PID START`, `begun TOKEN` (its supervisor has started the process,
 * or could not), `signalled TOKEN NUMBER` (passed on, or not needed any more), `ended TOKEN STATUS` (-1:
 * unknown), `failed TOKEN TEXT`. The process's own wait status stands in RUN_DIRECTORY/status, as
 * `wait STATUS STATUS`; RUN_DIRECTORY/failure tells why it could not be started.
 * The agent has made both, with room for that.
 *
 * RUN_DIRECTORY/supervisor is made by link(2), before the process runs. The first to make it decides: an
 * agent that recovers and finds none makes it, and a supervisor that is too late for it ends.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_FRAME = 8 * 1024 * 1024, HEAD = 5 };

struct entry {
  struct entry *next;
  uint32_t token;
  pid_t pid;
  int child;  /* A child of this spawner, to be reaped. */
  struct outcome *outcome; /* Of a plain process, or NULL. */
  int go;     /* Write end that releases a held supervisor, or -1. */
  int begun;  /* Read end that is closed on the other side when the process is started, or -1. */
  int pidfd;  /* Of a watched process, or -1. */
};

static struct entry *entries;
static int epoll = -1;

/* What an event of epoll is about: one of these, or the token of an entry, with BEGUN or without. */
enum { INPUT = -1, CHILDREN = -2 };
#define BEGUN ((uint64_t)1 << 32)

static void report(const char *format, ...) {
  char line[1024];
  va_list list;
  va_start(list, format);
  int size = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (size >= (int)sizeof line) {
    size = sizeof line - 1;
    line[size - 1] = '\n';
  }
  for (int done = 0; done < size;) {
    ssize_t n = write(STDOUT_FILENO, line + done, size - done);
    if (n < 0 && errno != EINTR) {
      return; /* The agent is gone; the end of input follows. */
    }
    done += n > 0 ? n : 0;
  }
}

static struct entry *find(uint32_t token) {
  struct entry *entry = entries;
  while (entry && entry->token != token) {
    entry = entry->next;
  }
  return entry;
}

static struct entry *add(uint32_t token, pid_t pid) {
  struct entry *entry = calloc(1, sizeof *entry);
  if (!entry) {
    abort();
  }
  *entry = (struct entry){.next = entries, .token = token, .pid = pid, .go = -1, .begun = -1, .pidfd = -1};
  entries = entry;
  return entry;
}

/* A child that was forked a moment ago has it open, too: closing it would not end its events. */
static void forget_events(int *fd) {
  if (*fd >= 0) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, *fd, NULL);
    close(*fd);
    *fd = -1;
  }
}

static void end(struct entry *entry, int status) {
  report("ended %u %d\n", entry->token, status);
  for (struct entry **at = &entries; *at; at = &(*at)->next) {
    if (*at == entry) {
      *at = entry->next;
      break;
    }
  }
  if (entry->go >= 0) {
    close(entry->go);
  }
  forget_events(&entry->begun);
  forget_events(&entry->pidfd);
  if (entry->outcome) {
    munmap(entry->outcome, sizeof *entry->outcome);
  }
  free(entry);
}

/* The status of a plain process itself, and not of its companion. */
static void end_plain(struct entry *entry) {
  if (*entry->outcome->failure) {
    report("failed %u %s\n", entry->token, entry->outcome->failure);
  }
  end(entry, entry->outcome->status);
}

/* What a supervisor needs from the start. Returns -1 where it cannot be had, which is reported. */
static int prepare(uint32_t token, const struct launch *launch, int *listener, int go[2],
                   int begun[2]) {
  /* Made here and not in the supervisor, so that they exist before the next request. */
  for (int i = 0; i < launch->n_own_cgroups; i++) {
    if (make_cgroup(launch->own_cgroups[i]) < 0) {
      report("failed %u Failed to create cgroup '%s': %s\n", token, launch->own_cgroups[i],
             strerror(errno));
      return -1;
    }
  }
  /* The agent may attach to a process that is still held. */
  if (launch->io.is_served && (*listener = listen_for_agent(launch->run)) < 0) {
    report("failed %u Failed to listen for the agent in '%s': %s\n", token, launch->run,
           strerror(errno));
    return -1;
  }
  if (pipe2(go, O_CLOEXEC) < 0 || pipe2(begun, O_CLOEXEC) < 0) {
    report("failed %u Failed to create a pipe: %s\n", token, strerror(errno));
    drop(*listener);
    drop(go[0]);
    drop(go[1]);
    return -1;
  }
  return 0;
}

static void launch_one(uint32_t token, struct launch *launch) {
  int go[2] = {-1, -1}, begun[2] = {-1, -1}, listener = -1;
  if (launch->supervised && prepare(token, launch, &listener, go, begun) < 0) {
    return;
  }
  struct outcome *outcome = NULL;
  if (!launch->supervised) {
    outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcome == MAP_FAILED) {
      report("failed %u Failed to get memory: %s\n", token, strerror(errno));
      return;
    }
    outcome->status = -1;
  }
  pid_t spawner = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    if (outcome) {
      accompany(launch, spawner, outcome);
    }
    close(go[1]);
    supervise(launch, go[0], begun[1], listener, spawner);
  }
  drop(listener);
  drop(go[0]);
  drop(begun[1]);
  if (pid < 0) {
    report("failed %u Failed to fork: %s\n", token, strerror(errno));
    drop(go[1]);
    drop(begun[0]);
    if (outcome) {
      munmap(outcome, sizeof *outcome);
    }
    return;
  }
  struct entry *entry = add(token, pid);
  entry->child = 1;
  entry->outcome = outcome;
  entry->go = go[1];
  entry->begun = begun[0];
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = BEGUN | token};
  if (entry->begun >= 0) {
    epoll_ctl(epoll, EPOLL_CTL_ADD, entry->begun, &event);
  }
  pid_t parent;
  unsigned long long start = 0;
  read_stat(pid, &parent, &start);
  report("started %u %d %llu\n", token, (int)pid, start);
}

static void take_launch(uint32_t token, struct cursor *cursor) {
  struct launch launch;
  if (!read_launch(cursor, &launch)) {
    report("failed %u Malformed request, or no memory for it\n", token);
  } else if (launch.n_runtime > 0 && (launch.program = program_for_containers()) < 0) {
    report("failed %u Failed to provide the program of containers: %s\n", token, strerror(errno));
  } else {
    launch_one(token, &launch);
  }
  free_launch(&launch);
}

static void take_devices(uint32_t token, struct cursor *cursor) {
  int n_rules;
  const char *group = take(cursor);
  char **rules = take_list(cursor, &n_rules);
  if (!cursor->good) {
    errno = EINVAL;
  }
  if (!cursor->good || limit_devices(group, rules, n_rules) < 0) {
    report("failed %u Failed to limit the devices of cgroup '%s': %s\n", token, group,
           strerror(errno));
  } else {
    report("ended %u 0\n", token);
  }
  free(rules);
}

static void watch(uint32_t token, pid_t pid, const char *start) {
  struct entry *entry = add(token, pid);
  pid_t parent;
  unsigned long long found = 0;
#ifdef SYS_pidfd_open
  entry->pidfd = syscall(SYS_pidfd_open, pid, 0);
#endif
  /* Checked only now: the descriptor is that of the pid's process, which must be the one to watch. */
  if (read_stat(pid, &parent, &found) < 0 || found != strtoull(start, NULL, 10)) {
    end(entry, -1);
    return;
  }
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
  if (entry->pidfd >= 0) {
    fcntl(entry->pidfd, F_SETFD, FD_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, entry->pidfd, &event);
  }
}

static void take_signal(struct entry *entry, int number) {
  if (!entry) {
    return;
  }
  if (entry->go >= 0) {
    close(entry->go);
    entry->go = -1;
#ifdef SYS_pidfd_send_signal
  } else if (entry->pidfd >= 0) {
    syscall(SYS_pidfd_send_signal, entry->pidfd, number, NULL, 0);
#endif
  } else {
    kill(entry->pid, number);
  }
  report("signalled %u %d\n", entry->token, number);
}

static void handle(char *frame, size_t size) {
  uint32_t token;
  if (size < HEAD) {
    return;
  }
  memcpy(&token, frame + 1, sizeof token);
  struct cursor cursor = {frame + HEAD, frame + size, 1};
  struct entry *entry = find(token);
  switch (frame[0]) {
    case 'L':
      take_launch(token, &cursor);
      break;
    case 'D':
      take_devices(token, &cursor);
      break;
    case 'G':
      if (entry && entry->go >= 0) {
        ssize_t ignored = write(entry->go, "", 1);
        (void)ignored;
        close(entry->go);
        entry->go = -1;
      }
      break;
    case 'S':
      take_signal(entry, atoi(take(&cursor)));
      break;
    case 'W': {
      pid_t pid = atoi(take(&cursor));
      watch(token, pid, take(&cursor));
      break;
    }
    default:
      report("failed %u Unknown request\n", token);
  }
}

static void reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (struct entry *entry = entries; entry; entry = entry->next) {
      if (entry->child && entry->pid == pid) {
        if (entry->outcome) {
          end_plain(entry);
        } else {
          end(entry, status);
        }
        break;
      }
    }
  }
}

/* Without pidfd in the kernel, processes that are not children are checked again and again. */
static int look(void) {
  int left = 0;
  for (struct entry *entry = entries, *next; entry; entry = next) {
    next = entry->next;
    if (!entry->child && entry->pidfd < 0) {
      if (kill(entry->pid, 0) < 0 && errno == ESRCH) {
        end(entry, -1);
      } else {
        left++;
      }
    }
  }
  return left;
}

static void finish(void) {
  for (struct entry *entry = entries; entry; entry = entry->next) {
    if (entry->outcome) {
      kill(entry->pid, SIGUSR1);
    }
  }
  exit(0);
}

/* Takes whole requests off the buffer; returns how many bytes of it are done with. */
static size_t take_requests(char *buffer, size_t used, size_t *to_skip) {
  size_t at = 0;
  while (used - at >= 4 + HEAD) {
    uint32_t size;
    memcpy(&size, buffer + at, 4);
    if (size > MAX_FRAME) {
      uint32_t token;
      memcpy(&token, buffer + at + 5, sizeof token);
      report("failed %u The command with its environment is too large: %u bytes, of at most %d\n",
             token, size, MAX_FRAME);
      *to_skip = (size_t)size - HEAD;
      return at + 4 + HEAD;
    }
    if (used - at - 4 < size) {
      break;
    }
    handle(buffer + at + 4, size);
    at += 4 + size;
  }
  return at;
}

/* The buffer grows to the largest request there was, and no further than the largest there may be. */
static void read_requests(void) {
  static char *buffer;
  static size_t used, room, to_skip;
  if (room - used < 65536) {
    size_t more = room ? room * 2 : 131072;
    char *grown = realloc(buffer, more);
    if (!grown) {
      finish();
    }
    buffer = grown;
    room = more;
  }
  ssize_t n = read(STDIN_FILENO, buffer + used, room - used);
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
    finish();
  }
  used += n > 0 ? n : 0;
  for (size_t done = 1; done > 0;) {
    done = to_skip < used ? to_skip : used;
    to_skip -= done;
    if (done == 0) {
      done = take_requests(buffer, used, &to_skip);
    }
    memmove(buffer, buffer + done, used - done);
    used -= done;
  }
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "try-users") == 0) {
    return try_users(count > 2);
  }
  if (count == 4 && strcmp(arguments[1], "try-root") == 0) {
    return try_root(arguments[2], arguments[3]);
  }
  if (count == 4 && strcmp(arguments[1], "make-network") == 0) {
    return make_network(arguments[2], arguments[3]);
  }
  if (count == 4 && strcmp(arguments[1], "remove-network") == 0) {
    return remove_network(arguments[2], arguments[3]);
  }
  if (count == 5 && strcmp(arguments[1], "dial") == 0) {
    return dial(arguments[2], arguments[3], arguments[4]);
  }
  if (count == 2 && strcmp(arguments[1], "network-figures") == 0) {
    return tell_figures();
  }
  if (count == 2 && strcmp(arguments[1], "own-descriptors") == 0) {
    return tell_threads();
  }
  if (count == 3 && strcmp(arguments[1], "layer") == 0) {
    return fill_layer(arguments[2]);
  }
  if (count > 2 && strcmp(arguments[1], "copy") == 0) {
    return copy_layers(count - 2, arguments + 2);
  }
  if (count > 3 && strcmp(arguments[1], "parents") == 0) {
    return restore_parents(count - 2, arguments + 2);
  }
  if (count > 1) {
    inside(count, arguments);
  }
  signal(SIGPIPE, SIG_IGN);
  /* Blocked here, so that a new supervisor cannot die of a signal before it waits for signals. */
  sigset_t set = orders();
  sigprocmask(SIG_BLOCK, &set, NULL);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = INPUT};
  if (epoll < 0 || children < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0) {
    perror("spawner");
    return 1;
  }
  event.data.u64 = CHILDREN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, children, &event);
  for (int polled = 0;;) {
    int n = epoll_wait(epoll, &event, 1, polled ? 500 : -1);
    struct entry *found;
    if (n > 0 && event.data.u64 == (uint64_t)INPUT) {
      read_requests();
    } else if (n > 0 && event.data.u64 == (uint64_t)CHILDREN) {
      struct signalfd_siginfo info;
      while (read(children, &info, sizeof info) > 0) {
      }
      reap();
    } else if (n > 0 && (found = find(event.data.u64))) {
      if (event.data.u64 & BEGUN) {
        report("begun %u\n", found->token);
        forget_events(&found->begun);
      } else {
        end(found, -1);
      }
    }
    polled = look() > 0;
  }
}
