/*
 * One container's supervisor: starts its process, records who is who, passes signals on, stores the
 * process's status, and ends everything that is left. It is a fork of the spawner.
 */
#include "container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void each_in_cgroup(const char *directory, int number) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/cgroup.procs", directory);
  FILE *file = fopen(path, "re");
  int pid;
  while (file && fscanf(file, "%d", &pid) == 1) {
    kill(pid, number);
  }
  if (file) {
    fclose(file);
  }
}

static int write_in(const char *directory, const char *name, const char *text) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return write_file(path, 0, text);
}

/*
 * One blow to the cgroup: frozen processes cannot fork away from it, and v2 has one write for the
 * same. A task that is root may have moved some to other cgroups, so descendants are killed as well.
 */
static void kill_all(const struct launch *launch) {
  if (launch->n_cgroups > 0) {
    const char *group = launch->cgroups[0];
    if (write_in(group, "cgroup.kill", "1") < 0) {
      write_in(group, "freezer.state", "FROZEN");
      each_in_cgroup(group, SIGKILL);
      write_in(group, "freezer.state", "THAWED");
    }
  }
  signal_descendants(SIGKILL);
}

static void await_child(int milliseconds) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  sigtimedwait(&set, NULL, &limit);
}

/* With the cgroups that a task has made below its own. */
static int remove_cgroup(const char *group) {
  if (rmdir(group) == 0 || errno != EBUSY) {
    return 0;
  }
  DIR *directory = opendir(group);
  struct dirent *item;
  while (directory && (item = readdir(directory))) {
    char path[PATH_MAX];
    if (item->d_type == DT_DIR && item->d_name[0] != '.' &&
        snprintf(path, sizeof path, "%s/%s", group, item->d_name) < (int)sizeof path) {
      remove_cgroup(path);
    }
  }
  if (directory) {
    closedir(directory);
  }
  return rmdir(group);
}

/* Ends all that is left. Every orphan becomes a child of this process: none left, none alive. */
static void clean(const struct launch *launch) {
  for (;;) {
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    }
    if (pid < 0 && errno == ECHILD) {
      break;
    }
    kill_all(launch);
    await_child(20);
  }
  for (int i = 0; i < launch->n_cgroups; i++) {
    /* Checks run in the cgroup, too, without being descendants. */
    for (int tries = 0; remove_cgroup(launch->cgroups[i]) < 0 && tries < 200; tries++) {
      if (i == 0) {
        kill_all(launch);
      }
      await_child(5);
    }
  }
}

/*
 * There is room for it, unless the disk is worse than full. Then it is tried until it works, because
 * what is lost here makes a success a failure: until the agent has the container destroyed, or has
 * removed its records.
 */
static void keep(const struct launch *launch, const char *name, const char *text) {
  sigset_t destroyed;
  sigemptyset(&destroyed);
  sigaddset(&destroyed, SIGUSR1);
  struct timespec second = {1, 0};
  while (overwrite(launch->run, name, text) < 0 && errno != ENOENT && errno != ENOTDIR) {
    if (sigtimedwait(&destroyed, NULL, &second) >= 0) {
      return;
    }
  }
}

static _Noreturn void give_up(const struct launch *launch, const char *text) {
  keep(launch, "failure", text);
  clean(launch);
  _exit(1);
}

static void close_all_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) {
    return;
  }
#endif
  for (int fd = first; fd < 65536; fd++) {
    close(fd);
  }
}

/* Starts the process, with its record in place before it runs; returns its pid. */
static pid_t start_process(const struct launch *launch) {
  char text[1024];
  int release[2], failure[2];
  if (pipe2(release, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0) {
    give_up(launch, "Failed to create a pipe");
  }
  pid_t pid = fork();
  if (pid < 0) {
    snprintf(text, sizeof text, "Failed to fork: %s", strerror(errno));
    give_up(launch, text);
  }
  if (pid == 0) {
    char byte;
    close(release[1]);
    if (read(release[0], &byte, 1) != 1) {
      _exit(1);
    }
    setsid();
    become(launch, failure[1]);
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
    int taken = errno == EEXIST;
    int error = errno;
    close(release[1]);
    errno = error;
    if (taken) {
      clean(launch);
      _exit(1);
    }
    snprintf(text, sizeof text, "Failed to record the supervisor: %s", strerror(errno));
    give_up(launch, text);
  }
  if (write(release[1], "", 1) != 1) {
    give_up(launch, "Failed to release the process");
  }
  close(release[1]);
  ssize_t size = 0, n;
  while ((n = read(failure[0], text + size, sizeof text - 1 - size)) > 0) {
    size += n;
  }
  close(failure[0]);
  if (size > 0) {
    text[size] = 0;
    give_up(launch, text);
  }
  return pid;
}

void supervise(const struct launch *launch, int go, pid_t spawner) {
  setsid();
  if (launch->bound) {
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (getppid() != spawner) {
      _exit(0);
    }
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  /* By name and working directory it is found where its record is damaged. */
  prctl(PR_SET_NAME, "mesoscale-super");
  if (chdir(launch->run) < 0) {
    give_up(launch, "Failed to change to the directory of the container's records");
  }
  int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
  if (go != 3) {
    dup2(go, 3);
  }
  close_all_from(4);
  char byte;
  if (read(3, &byte, 1) != 1) {
    clean(launch); /* Never released: the agent went away or changed its mind. */
    _exit(0);
  }
  close(3);
  pid_t process = start_process(launch);

  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);
  for (int over = 0; !over;) {
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == process) {
        /* Twice, so that a cut or changed one is known. */
        char text[64];
        snprintf(text, sizeof text, "wait %d %d\n", status, status);
        keep(launch, "status", text);
        over = 1;
      }
    }
    if (over) {
      break;
    }
    switch (sigwaitinfo(&set, NULL)) {
      case SIGTERM:
        signal_descendants(SIGTERM);
        break;
      case SIGUSR1:
        /* Lower numbers are delivered first, whatever came first: asked to end, then made to. */
        if (sigpending(&pending) == 0 && sigismember(&pending, SIGTERM)) {
          signal_descendants(SIGTERM);
        }
        kill_all(launch);
        kill(process, SIGKILL); /* Not reaped yet, so that the pid is its own. */
        break;
    }
  }
  clean(launch);
  _exit(0);
}
