/*
 * One container's supervisor: starts its process, records both pids, passes signals on, stores the
 * process's status, and kills all processes that are left. It is a fork of the spawner. A companion does the
 * same for one plain process, but without records.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_REAPED = 4096 };

/* A task that is root may have moved processes to other cgroups, so descendants are killed, too. */
static void kill_all(const struct launch *launch, int may_freeze) {
  /* Against many that fork, an equal share of the CPUs would be next to none. */
  setpriority(PRIO_PROCESS, 0, -20);
  if (launch->n_own_cgroups > 0) {
    kill_cgroup(launch->own_cgroups[0], may_freeze);
  }
  kill_descendants();
}

static void await_child(int milliseconds) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  sigtimedwait(&set, NULL, &limit);
}

/*
 * Reaps children that have ended, but only a number at once: others may be forked as fast. Stores the
 * status of `process` if that is among them. Returns -1 with ECHILD where no children are left.
 */
static pid_t reap(pid_t process, int *status, int *has_ended) {
  pid_t pid = 1;
  int one;
  for (int count = 0; count < MAX_REAPED && (pid = waitpid(-1, &one, WNOHANG)) > 0; count++) {
    if (pid == process) {
      *status = one;
      *has_ended = 1;
    }
  }
  return pid;
}

/* Kills all that are left. Every orphan becomes a child of this process: without children none is alive. */
static void clean(const struct launch *launch) {
  for (int tries = 0;; tries++) {
    int status, has_ended;
    if (reap(0, &status, &has_ended) < 0 && errno == ECHILD) {
      break;
    }
    kill_all(launch, tries > 0);
    await_child(20);
  }
  for (int i = 0; i < launch->n_own_cgroups; i++) {
    /* Checks run in the cgroup, too, without being descendants. */
    for (int tries = 0; remove_cgroup(launch->own_cgroups[i]) < 0 && tries < 200; tries++) {
      if (i == 0) {
        kill_all(launch, tries > 0);
      }
      await_child(5);
    }
  }
}

/* Whether a write that failed may work later, when a disk has room again or is mounted again. */
static int is_passing(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case EROFS:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case EINTR:
      return 1;
    default:
      return 0;
  }
}

/*
 * Writes the record. There is room for it even on a full disk. Any other failure is retried until it
 * works, because a lost record would turn a success into a failure; or until the agent destroys the
 * container or removes its records. Anything in its place that is no file is renamed. Returns -1, with
 * errno, for a failure that retrying cannot end.
 */
static int keep(const struct launch *launch, const char *name, const char *text) {
  sigset_t destroyed;
  sigemptyset(&destroyed);
  sigaddset(&destroyed, SIGUSR1);
  struct timespec second = {1, 0};
  int has_made_way = 0;
  while (overwrite(launch->run, name, text) < 0) {
    int error = errno;
    if (is_passing(error)) {
      if (sigtimedwait(&destroyed, NULL, &second) >= 0) {
        return 0;
      }
    } else if (error == ENOENT || error == ENOTDIR) {
      return 0;
    } else if (has_made_way || set_aside(launch->run, name) < 0) {
      errno = error;
      return -1;
    } else {
      has_made_way = 1;
    }
  }
  return 0;
}

static void keep_failure(const struct launch *launch, const char *text) {
  char line[1024 + 16];
  seal(line, sizeof line, text);
  keep(launch, "failure", line);
}

/* Of a container whose limit of memory was hit. */
static void keep_memory(const struct launch *launch, const char *figures) {
  char line[8192];
  if (figures) {
    seal(line, sizeof line, figures);
    keep(launch, "memory", line);
  }
}

static void keep_status(const struct launch *launch, int status) {
  char text[1024];
  /* Twice, so that a damaged status is recognized. */
  snprintf(text, sizeof text, "wait %d %d\n", status, status);
  if (keep(launch, "status", text) < 0) {
    snprintf(text, sizeof text, "Failed to record how the command ended (wait status %d): %s",
             status, strerror(errno));
    keep_failure(launch, text);
  }
}

static void keep_unknown(const struct launch *launch) {
  char text[1024];
  snprintf(text, sizeof text,
           "The OCI runtime '%s' has waited for the container's process itself: how it ended is not "
           "known",
           launch->runtime[0]);
  keep_failure(launch, text);
}

static _Noreturn void give_up(const struct launch *launch, const char *format, ...) {
  char text[1024];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  keep_failure(launch, text);
  clean(launch);
  _exit(1);
}

void close_all_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) {
    return;
  }
#endif
  for (int fd = first; fd < 65536; fd++) {
    close(fd);
  }
}

/*
 * Waits until the process has been started, and closes the pipe. Returns the pid of the container's
 * process, or 0 with a text that says why there is none.
 */
static pid_t await_process(const struct launch *launch, pid_t pid, int failure, char *text,
                           size_t room) {
  pid_t process = pid;
  if (launch->n_runtime > 0) {
    process = await_runtime(launch, pid, failure, text, room);
  } else {
    /* It may be frozen before it executes anything: its end is then awaited as that of any other. */
    process = read_until_closed(failure, text, room, INT_MAX) > 0 ? 0 : pid;
  }
  close(failure);
  return process;
}

/*
 * Starts the process, with its record in place before it runs; returns its pid. With an OCI runtime
 * that is another one than recorded: the recorded one has become the runtime. `stdio` is NULL where it
 * has files for its input and output.
 */
static pid_t start_process(const struct launch *launch, const struct stdio *stdio) {
  char text[1024];
  int release[2], failure[2];
  if (pipe2(release, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0) {
    give_up(launch, "Failed to create a pipe");
  }
  pid_t pid = fork();
  if (pid < 0) {
    give_up(launch, "Failed to fork: %s", strerror(errno));
  }
  if (pid == 0) {
    char byte;
    close(release[1]);
    if (read(release[0], &byte, 1) != 1) {
      _exit(1);
    }
    setsid();
    become(launch, failure[1], stdio);
  }
  close(release[0]);
  close(failure[1]);
  pid_t parent;
  unsigned long long own = 0, theirs = 0;
  read_stat(getpid(), &parent, &own);
  read_stat(pid, &parent, &theirs);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(text, sizeof text, "%d %llu %d %llu %lld %s %s", (int)getpid(), own, (int)pid, theirs,
           (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, launch->boot,
           launch->bound ? "bound" : "kept");
  if (record(launch->run, "supervisor", text) < 0) {
    drop(release[1]);
    if (errno == EEXIST) {
      clean(launch);
      _exit(1);
    }
    give_up(launch, "Failed to record the supervisor: %s", strerror(errno));
  }
  if (write(release[1], "", 1) != 1) {
    give_up(launch, "Failed to release the process");
  }
  close(release[1]);
  pid_t process = await_process(launch, pid, failure[0], text, sizeof text);
  if (process <= 0) {
    give_up(launch, "%s", text);
  }
  if (launch->n_runtime > 0 && read_stat(process, &parent, &theirs) == 0) {
    /* Others can enter the container now. */
    snprintf(text, sizeof text, "%d %llu", (int)process, theirs);
    if (record(launch->run, "first", text) < 0) {
      give_up(launch, "Failed to record the first process of the container");
    }
    follow_machine(launch, process);
  }
  return process;
}

sigset_t orders(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);
  return set;
}

/* Waits until one of the two can be read. */
static void await_either(int signals, int events) {
  struct pollfd polled[] = {{.fd = signals, .events = POLLIN}, {.fd = events, .events = POLLIN}};
  poll(polled, 2, -1);
}

/* The process is not reaped yet, so that the pid is its own. */
static void end_process(const struct launch *launch, pid_t process) {
  kill_all(launch, 0);
  kill(process, SIGKILL);
}

/* Does what a signal asks for; looks for one, or waits until there is one. */
static void obey(const struct launch *launch, pid_t process, int is_waiting) {
  sigset_t pending, set = orders();
  struct timespec now = {0, 0};
  switch (is_waiting ? sigwaitinfo(&set, NULL) : sigtimedwait(&set, NULL, &now)) {
    case SIGTERM:
      ask_descendants();
      break;
    case SIGUSR1:
      /* Lower numbers are delivered first, whatever came first: asked to end, then made to. */
      if (sigpending(&pending) == 0 && sigismember(&pending, SIGTERM)) {
        ask_descendants();
      }
      end_process(launch, process);
      break;
  }
}

/*
 * Passes signals on, and what the process writes and reads, until it has ended; returns its status, or
 * that of the command in it; -1 where the runtime has waited for the process itself. It is ended when it
 * has used up its memory. `board` and `memory` may be NULL.
 */
static int follow(const struct launch *launch, pid_t process, struct switchboard *board,
                  struct memory *memory) {
  int status = -1, has_ended = !is_child(process), told;
  sigset_t set = orders();
  int signals = memory && !board ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
  while (!has_ended) {
    int is_idle = reap(process, &status, &has_ended) <= 0;
    if (has_ended) {
      break;
    }
    if (is_idle && board) {
      serve(board, memory_events(memory));
    } else if (is_idle && memory) {
      await_either(signals, memory_events(memory));
    }
    if (take_memory_events(memory, launch->run, 0)) {
      end_process(launch, process);
    }
    obey(launch, process, is_idle && !board && !memory);
  }
  /* What has ended the process may be that. */
  take_memory_events(memory, launch->run, 1);
  if (launch->status_pipe[0] >= 0 &&
      read(launch->status_pipe[0], &told, sizeof told) == sizeof told) {
    return told;
  }
  return status;
}

static void become_reaper(int is_bound, pid_t spawner) {
  setsid();
  if (is_bound) {
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (getppid() != spawner) {
      _exit(0);
    }
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void redirect_to_null(void) {
  int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
}

/* Closes all descriptors but these, each of which may be -1. */
static void keep_descriptors(int **kept, int count) {
  int high[count], next = STDERR_FILENO + 1;
  /* None must be overwritten by another. */
  for (int i = 0; i < count; i++) {
    high[i] = *kept[i] < 0 ? -1 : fcntl(*kept[i], F_DUPFD, 16);
  }
  for (int i = 0; i < count; i++) {
    *kept[i] = high[i] < 0 ? -1 : dup2(high[i], next++);
  }
  close_all_from(next);
  for (int i = 0; i < count; i++) {
    if (*kept[i] >= 0) {
      fcntl(*kept[i], F_SETFD, FD_CLOEXEC);
    }
  }
}

/* Where there is a runtime: the pipe by which the first process in the container tells a status. */
static int open_status_pipe(struct launch *launch) {
  return launch->n_runtime == 0 ? 0 : pipe2(launch->status_pipe, O_CLOEXEC | O_NONBLOCK);
}

void supervise(struct launch *launch, int go, int begun, int listener, pid_t spawner) {
  become_reaper(launch->bound, spawner);
  /* By name and working directory it is found where its record is damaged. */
  prctl(PR_SET_NAME, "mesoscale-super");
  if (chdir(launch->run) < 0) {
    give_up(launch, "Failed to change to the directory of the container's records");
  }
  redirect_to_null();
  keep_descriptors((int *[]){&go, &begun, &listener, &launch->program}, 4);
  char byte;
  if (read(go, &byte, 1) != 1) {
    clean(launch); /* Never released: the agent went away or changed its mind. */
    _exit(0);
  }
  close(go);
  if (open_status_pipe(launch) < 0) {
    give_up(launch, "Failed to create a pipe");
  }
  struct stdio stdio;
  struct switchboard *board = NULL;
  if (launch->io.is_piped || launch->io.has_terminal) {
    board = open_switchboard(launch, listener, &stdio);
    if (!board) {
      give_up(launch, "Failed to connect the input and output of the command: %s", strerror(errno));
    }
  }
  struct memory *memory = *launch->memory ? watch_memory(launch->memory) : NULL;
  if (*launch->memory && !memory) {
    give_up(launch, "Failed to watch the memory of the container: %s", strerror(errno));
  }
  pid_t process = start_process(launch, board ? &stdio : NULL);
  close(begun);
  if (board) {
    take_logs(board, &stdio);
  }
  int status = follow(launch, process, board, memory);
  keep_memory(launch, memory_figures(memory));
  if (status != -1) {
    keep_status(launch, status);
  } else {
    keep_unknown(launch);
  }
  clean(launch);
  if (board) {
    close_switchboard(board);
  }
  _exit(0);
}

/* The cgroups are those of the container that the process looks at: they are not ended with it. */
void accompany(struct launch *launch, pid_t spawner, struct outcome *outcome) {
  int failure[2] = {-1, -1};
  become_reaper(1, spawner);
  redirect_to_null();
  keep_descriptors((int *[]){&launch->program}, 1);
  if (open_status_pipe(launch) < 0 || (launch->n_runtime > 0 && pipe2(failure, O_CLOEXEC) < 0)) {
    snprintf(outcome->failure, sizeof outcome->failure, "Failed to create a pipe");
    _exit(1);
  }
  pid_t process = fork();
  if (process < 0) {
    snprintf(outcome->failure, sizeof outcome->failure, "Failed to fork: %s", strerror(errno));
    _exit(1);
  }
  if (process == 0) {
    setsid();
    become(launch, failure[1], NULL);
  }
  launch->n_own_cgroups = 0;
  if (launch->n_runtime > 0) {
    close(failure[1]);
    process =
        await_process(launch, process, failure[0], outcome->failure, sizeof outcome->failure);
  }
  if (process > 0) {
    outcome->status = follow(launch, process, NULL, NULL);
  }
  clean(launch);
  _exit(0);
}
