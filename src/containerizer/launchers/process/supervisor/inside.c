/*
 * What an OCI runtime executes in a container: this program, as the container's user, with all that
 * confines it. It becomes the command; or, where the container has process ids of its own, stays as
 * their first process, reaps all that end, and tells the supervisor how the command has ended, which
 * the status of a first process could not always tell.
 *
 *   PROGRAM ROLE WAY COMMAND NAME ARGUMENT...
 *     ROLE    `exec`: becomes the command. `init`: stays as the first process. `hold`: does nothing,
 *             for namespaces that others are to enter. `beside`: stays with a command that is run in
 *             a container of another one, and ends what it leaves behind.
 *     WAY     The way from the folder that the runtime has entered to the working directory, through
 *             folders of users: the runtime, which is root, would make those that are missing there,
 *             wherever a link leads. In files of the container's own it is an absolute path, of which
 *             what is missing is made; `/` where the runtime has entered the directory already.
 *
 * It has five descriptors besides its input and output: see container.h.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* For tools that look for the first process of containers of Mesos. */
static const char COMM[] = "mesos-container";

/* No file that is given otherwise can have these. */
enum { STAND_IN_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int stand_in_for_null(void) {
  int made = memfd_create("null", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (made >= 0 && fcntl(made, F_ADD_SEALS, STAND_IN_SEALS) < 0) {
    close(made);
    return -1;
  }
  return made;
}

static void take_null(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GET_SEALS) != STAND_IN_SEALS) {
      continue;
    }
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, fd) < 0) {
      fail(INSIDE_FAILURE, "Failed to open /dev/null");
    }
    close(null);
  }
}

/* In files of the container's own, and as its user. */
static void go_inside(char *way) {
  if (way[1] == 0 || chdir(way) == 0) {
    return;
  }
  for (char *end = way + 1; errno == ENOENT && *end; end++) {
    if (*end == '/') {
      *end = 0;
      int made = mkdir(way, 0755) == 0 || errno == EEXIST;
      *end = '/';
      errno = made ? ENOENT : errno;
    }
  }
  if (errno != ENOENT || mkdir(way, 0755) < 0 || chdir(way) < 0) {
    fail(INSIDE_FAILURE, "Failed to change directory to '%s'", way);
  }
}

static void go(const char *way) {
  char path[PATH_MAX];
  if (!*way) {
    return;
  }
  snprintf(path, sizeof path, "./%s", way);
  int folder = open_below(".", path);
  if (folder < 0 || fchdir(folder) < 0) {
    fail(INSIDE_FAILURE, "Failed to change directory to '%s'", way);
  }
  close(folder);
}

/*
 * Where the working directory was found safely before, it must be the same one: others may have put a
 * link in its place, or in that of a folder above it.
 */
static void check_directory(void) {
  struct inside_directory expected;
  struct stat found;
  if (pread(INSIDE_DIRECTORY, &expected, sizeof expected, 0) != sizeof expected) {
    fail(INSIDE_FAILURE, "Failed to take the working directory");
  }
  if (expected.file != 0 &&
      /* A session's user may not be able to look it up as `.`. */
      (fstatat(AT_FDCWD, "", &found, AT_EMPTY_PATH) < 0 || found.st_dev != expected.device ||
       found.st_ino != expected.file)) {
    errno = EPERM;
    fail(INSIDE_FAILURE, "The working directory is not the container's any more");
  }
  close(INSIDE_DIRECTORY);
}

/*
 * The runtime has gone through links of an image, or of a user, as root. For the kernel a folder has a path
 * if it is below the container's root.
 */
static void check_inside(void) {
  char path[2 * PATH_MAX];
  if (syscall(SYS_getcwd, path, sizeof path) <= 0 || path[0] != '/') {
    errno = EPERM;
    fail(INSIDE_FAILURE, "The working directory is not among the container's files");
  }
}

/* In place of that which the runtime gives. */
static void take_environment(void) {
  struct stat status;
  size_t count = 0;
  if (fstat(INSIDE_ENVIRONMENT, &status) < 0) {
    fail(INSIDE_FAILURE, "Failed to take the environment");
  }
  size_t size = status.st_size;
  char *text = calloc(1, size + 1);
  if (!text || pread(INSIDE_ENVIRONMENT, text, size, 0) != (ssize_t)size) {
    fail(INSIDE_FAILURE, "Failed to take the environment");
  }
  for (size_t at = 0; at < size; at++) {
    count += text[at] == 0;
  }
  char **variables = calloc(count + 1, sizeof *variables);
  if (!variables) {
    fail(INSIDE_FAILURE, "Failed to take the environment");
  }
  for (size_t i = 0; i < count; i++, text += strlen(text) + 1) {
    variables[i] = text;
  }
  environ = variables;
  close(INSIDE_ENVIRONMENT);
}

/* The supervisor signals all processes itself; a second SIGTERM would be one too many. */
static void pass_on(pid_t command, int number) {
  if (number != SIGTERM && number != SIGCHLD) {
    kill(command, number);
  }
}

/* Whoever looks for the command by its words is to find the command. */
static void rename_process(int count, char **arguments) {
  char *begin = arguments[0], *end = arguments[count - 1] + strlen(arguments[count - 1]);
  memset(begin, 0, end - begin);
  snprintf(begin, end - begin + 1, "%s", COMM);
}

/* Orphans below this process become its children: without children none is left. */
static void end_descendants(void) {
  for (;;) {
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    }
    if (pid < 0) {
      return;
    }
    kill_descendants();
    pause_ms(1);
  }
}

static _Noreturn void stay(pid_t command) {
  sigset_t all;
  sigfillset(&all);
  for (;;) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == command) {
        /* Of a namespace the kernel kills what is left. */
        if (getpid() != 1) {
          end_descendants();
        }
        _exit(write(INSIDE_STATUS, &status, sizeof status) == sizeof status ? 0 : 1);
      }
    }
    pass_on(command, sigwaitinfo(&all, NULL));
  }
}

static _Noreturn void hold(void) {
  close(INSIDE_FAILURE);
  close(INSIDE_STATUS);
  stay(-1);
}

_Noreturn void inside(int count, char **arguments) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  umask(022);
  for (int i = 0; i < INSIDE_DESCRIPTORS; i++) {
    fcntl(INSIDE_FIRST + i, F_SETFD, FD_CLOEXEC);
  }
  prctl(PR_SET_NAME, COMM);
  if (count < 5) {
    errno = EINVAL;
    fail(INSIDE_FAILURE, "The container's first process lacks arguments");
  }
  close(INSIDE_PROGRAM);
  take_null();
  if (arguments[2][0] == '/') {
    close(INSIDE_DIRECTORY);
    check_inside();
    go_inside(arguments[2]);
    check_inside();
  } else {
    go(arguments[2]);
    check_directory();
  }
  take_environment();
  if (strcmp(arguments[1], "hold") == 0) {
    rename_process(count, arguments);
    hold();
  }
  int is_beside = strcmp(arguments[1], "beside") == 0;
  if (is_beside || strcmp(arguments[1], "init") == 0) {
    prctl(PR_SET_CHILD_SUBREAPER, is_beside);
    pid_t command = fork();
    if (command < 0) {
      fail(INSIDE_FAILURE, "Failed to fork");
    }
    if (command > 0) {
      close(INSIDE_FAILURE);
      rename_process(count, arguments);
      stay(command);
    }
  }
  /* A runtime has begun a session for the first process of a container, and perhaps for no other. */
  setsid();
  if (isatty(STDIN_FILENO) && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0) {
    fail(INSIDE_FAILURE, "Failed to make the terminal that of the process");
  }
  reset_signals();
  execute(arguments[3], arguments + 4, INSIDE_FAILURE);
}
