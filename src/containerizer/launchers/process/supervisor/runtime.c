/*
 * Starts the container's process through an OCI runtime, for containers with namespaces of their own.
 * The runtime makes these, as its configuration says, and ends; the container's first process then is
 * the supervisor's child, as every orphan below it. What it executes is this program (inside.c), which
 * becomes the command. What is mounted for the runtime before: stage.c.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  LOOK_MS = 20,
  LOG_BYTES = 4096,
  COPY_BYTES = 65536
};

static int copy_all(int from, int to) {
  static char buffer[COPY_BYTES];
  ssize_t size;
  while ((size = read(from, buffer, sizeof buffer)) > 0) {
    for (ssize_t done = 0, n; done < size; done += n) {
      if ((n = write(to, buffer + done, size - done)) < 0) {
        return -1;
      }
    }
  }
  return size < 0 ? -1 : 0;
}

/*
 * This program for containers to execute: a copy in memory, one for all of them, which no process of
 * theirs can change. Returns -1, with errno.
 */
int program_for_containers(void) {
  static int program = -1;
  if (program >= 0) {
    return program;
  }
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
  int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  int made = memfd_create("mesos-container", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (made < 0 && errno == EINVAL) {
    made = memfd_create("mesos-container", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", made);
  if (from < 0 || made < 0 || copy_all(from, made) < 0 || fchmod(made, 0755) < 0 ||
      fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0 ||
      (program = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
    program = -1;
  }
  drop(made);
  drop(from);
  return program;
}

/*
 * The variables of the command, in memory: there are secrets among them, and the runtime's configuration
 * is a file.
 */
static int hold_environment(int failure, char **environment) {
  int held = memfd_create("environment", MFD_CLOEXEC);
  for (char **each = environment; held >= 0 && *each; each++) {
    size_t size = strlen(*each) + 1;
    if (write(held, *each, size) != (ssize_t)size) {
      close(held);
      held = -1;
    }
  }
  if (held < 0) {
    fail(failure, "Failed to hold the environment");
  }
  return held;
}

/*
 * Which folder the working directory must be. The folder itself is the machine's: through a descriptor of
 * it a working directory such as /proc/self/fd/6 would lead out of the container.
 */
static int hold_identity(int failure, int directory) {
  struct inside_directory it = {0};
  struct stat status;
  int held = memfd_create("directory", MFD_CLOEXEC);
  if (held < 0 || (directory >= 0 && fstat(directory, &status) < 0)) {
    fail(failure, "Failed to hold the working directory");
  }
  if (directory >= 0) {
    it = (struct inside_directory){status.st_dev, status.st_ino};
    drop(directory);
  }
  if (write(held, &it, sizeof it) != sizeof it) {
    fail(failure, "Failed to hold the working directory");
  }
  return held;
}

/* Descriptors are moved high first, so that none is closed by another's move. */
static void hand_over(int failure, const int *descriptors) {
  int high[INSIDE_DESCRIPTORS];
  for (int i = 0; i < INSIDE_DESCRIPTORS; i++) {
    high[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, 64);
    if (high[i] < 0) {
      fail(failure, "Failed to keep a descriptor");
    }
  }
  for (int i = 0; i < INSIDE_DESCRIPTORS; i++) {
    dup2(high[i], INSIDE_FIRST + i);
  }
}

/* A runtime makes what it gets as input and output the user's: the machine's devices are not to be. */
static void keep_devices(int failure) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    struct stat status;
    int instead = -1;
    if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && !isatty(fd) &&
        ((instead = stand_in_for_null()) < 0 || dup2(instead, fd) < 0)) {
      fail(failure, "Failed to hold /dev/null");
    }
    drop(instead);
  }
}

/* Becomes the runtime; the process is in its cgroups and has its input and output. */
_Noreturn void become_runtime(const struct launch *launch, int failure, int directory) {
  int descriptors[INSIDE_DESCRIPTORS] = {
      [INSIDE_PROGRAM - INSIDE_FIRST] = launch->program,
      [INSIDE_FAILURE - INSIDE_FIRST] = failure,
      [INSIDE_STATUS - INSIDE_FIRST] = launch->status_pipe[1],
      [INSIDE_DIRECTORY - INSIDE_FIRST] = hold_identity(failure, directory),
      [INSIDE_ENVIRONMENT - INSIDE_FIRST] = hold_environment(failure, launch->environment),
  };
  set_stage(launch, failure);
  reset_signals();
  keep_devices(failure);
  hand_over(failure, descriptors);
  /* Where crun and runc put a file for a moment, which stays when they are killed then: else in /tmp. */
  char files[4096 + 32];
  snprintf(files, sizeof files, "_LIBCONTAINER_STATEDIR=%s", launch->pid_file);
  *strrchr(files, '/') = 0;
  char *environment[] = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", files, NULL};
  execve(launch->runtime[0], launch->runtime, environment);
  fail(INSIDE_FAILURE, "Failed to execute the OCI runtime '%s'", launch->runtime[0]);
}

/* The last message in the runtime's log, a line of JSON each, without its escapes. */
static void last_message(const char *path, char *text, size_t size) {
  char log[LOG_BYTES + 1];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
  ssize_t n = fd < 0 ? 0 : pread(fd, log, LOG_BYTES, end > LOG_BYTES ? end - LOG_BYTES : 0);
  drop(fd);
  log[n > 0 ? n : 0] = 0;
  static const char key[] = "\"msg\":";
  char *found = NULL;
  for (char *at = log; (at = strstr(at, key)); at++) {
    found = at + strlen(key);
  }
  size_t used = 0;
  if (found && (found = strchr(found, '"'))) {
    for (found++; *found && *found != '"' && used + 1 < size; found++) {
      if (*found == '\\' && found[1]) {
        found++;
      }
      text[used++] = (unsigned char)*found < ' ' ? ' ' : *found;
    }
  }
  text[used] = 0;
}

static pid_t read_pid(const char *path) {
  int pid = 0;
  FILE *file = fopen(path, "re");
  if (file) {
    if (fscanf(file, "%d", &pid) != 1) {
      pid = 0;
    }
    fclose(file);
  }
  return pid;
}

static int is_destroyed(void) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1);
}

ssize_t read_until_closed(int fd, char *text, size_t size, int deadline_ms) {
  size_t used = 0;
  char more[64];
  for (int waited = 0; waited < deadline_ms;) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int ready = poll(&one, 1, LOOK_MS);
    if (ready <= 0) {
      waited += LOOK_MS;
      if (is_destroyed()) {
        return -1;
      }
      continue;
    }
    int is_full = used + 1 >= size;
    ssize_t n = read(fd, is_full ? more : text + used, is_full ? sizeof more : size - 1 - used);
    if (n == 0) {
      text[used] = 0;
      return used;
    }
    used += n > 0 && !is_full ? n : 0;
  }
  return -1;
}

int is_child(pid_t process) {
  siginfo_t info;
  return waitid(P_PID, process, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/*
 * Processes of the runtime's stand between for a moment; with the last of them the container's becomes a
 * child of this one, unless it has ended and been waited for. Returns -1 where they do not end.
 */
static int inherit(pid_t process) {
  for (int waited = 0; !is_child(process) && (kill(process, 0) == 0 || errno != ESRCH); waited++) {
    if (waited > RUNTIME_DEADLINE_MS || is_destroyed()) {
      return -1;
    }
    pause_ms(1);
  }
  return 0;
}

/* Why the runtime is not waited for: a container that is destroyed waits for nothing. */
static void stopped(char *text, size_t size, const struct launch *launch, const char *why) {
  snprintf(text, size, "The OCI runtime '%s' %s", launch->runtime[0],
           is_destroyed() ? "was stopped: the container was destroyed" : why);
}

/*
 * Waits until the runtime has started the container's process, whose pid is returned. Where there is
 * none, 0, and the text says why; what is left of it is killed by the caller.
 */
pid_t await_runtime(const struct launch *launch, pid_t runtime, int failure, char *text,
                    size_t size) {
  int status = 0;
  ssize_t told = read_until_closed(failure, text, size, RUNTIME_DEADLINE_MS);
  if (told < 0) {
    stopped(text, size, launch, "was stopped: it did not answer for a minute");
    return 0;
  }
  /* With the pipe it has closed all that it works with. */
  for (int waited = 0; waitpid(runtime, &status, WNOHANG) == 0; waited++) {
    pause_ms(1);
    if (waited > RUNTIME_DEADLINE_MS || is_destroyed()) {
      stopped(text, size, launch, "does not end");
      return 0;
    }
  }
  if (told > 0) {
    return 0;
  }
  pid_t pid = status == 0 ? read_pid(launch->pid_file) : 0;
  if (pid > 0 && inherit(pid) == 0) {
    return pid;
  }
  if (pid > 0) {
    stopped(text, size, launch, "does not leave the container's process to its supervisor");
    return 0;
  }
  char message[512];
  last_message(launch->log_file, message, sizeof message);
  snprintf(text, size, "The OCI runtime '%s' failed (%s %d): %s", launch->runtime[0],
           WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
           *message ? message : "it does not say why");
  return 0;
}
