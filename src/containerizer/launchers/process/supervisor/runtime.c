/*
 * Starts the container's process through an OCI runtime, for containers with namespaces of their own.
 * The runtime makes these, as its configuration says, and ends; the container's first process then is
 * the supervisor's child, as every orphan below it. What it executes is this program (inside.c), which
 * becomes the command.
 *
 * The runtime runs in a mount namespace of its own, staged for it: mounts that only it needs end with
 * it, however it ends. Each step of the stage is three strings:
 *
 *   users RUN -          Of an agent that is not root, and always the first: in a user namespace of its
 *                        own; or in that which was made for the container of that run directory, whose
 *                        first process it waits for.
 *   bind SOURCE TARGET   SOURCE with all that is mounted below it.
 *   leave TARGET -       TARGET, with all that is mounted below it, is not mounted there: the configuration
 *                        mounts it again. In a user namespace it stays, below that.
 *   enter RUN -          Waits until the container of that run directory has its first process, and
 *                        checks that it has not ended.
 *   close TARGET -       TARGET, with all that is mounted below it, cannot be written to.
 *   join RUN FILE        The same, and that container's namespace of the file's name is found there.
 *   share RUN PATH       What that container has mounted at this path, where that is not what is here.
 *   keep ROOT WAY        No volume is mounted over WAY, or a folder above it, below the folder that
 *                        becomes the container's root: volume-places.c.
 *   root TARGET FILES    The files of an image: rootfs.c.
 *   plain TARGET -       What is mounted there has no program that gives privileges.
 *   volume ROOT VOLUME   A volume of the container, below the folder that becomes its root: volumes.c.
 *   into ROOT VOLUME     The same, where that folder has files of the container's own.
 *   reach ROOT WAY       The folder where the runtime begins, in files of the container's own: is made
 *                        where it is missing, but in no volume, and neither in /proc nor in /dev.
 *   hide TARGET -        An empty folder that cannot be written to: of cgroups the runtime sees none,
 *                        and leaves them alone. They are made and joined before.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* Of the C library, whose header is at odds with that of the kernel. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *data);
int umount2(const char *target, int flags);

enum {
  /* Flags of mount and umount2, which the kernel's header lacks. */
  READ_ONLY = 1,
  NO_SUID = 2,
  NO_DEVICES = 4,
  NO_EXEC = 8,
  BIND = 4096,
  BIND_ALL = BIND | 16384,
  SLAVE_ALL = 1 << 19 | 16384,
  DETACH = 2,
  /* How long the runtime may take until the container's process executes the command. */
  DEADLINE_MS = 60000,
  LOOK_MS = 20,
  AWAIT_MS = 2,
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

static void pause_ms(int milliseconds) {
  struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

/* The first process of another container, or -1 with errno; it may be about to be started. */
static pid_t first_process(const char *run) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/first", run);
  for (int waited = 0; access(path, F_OK) < 0; waited += AWAIT_MS) {
    if (waited > DEADLINE_MS) {
      errno = ETIMEDOUT;
      return -1;
    }
    pause_ms(AWAIT_MS);
  }
  int pid = 0;
  pid_t parent;
  unsigned long long start = 0, found = 0;
  FILE *file = fopen(path, "re");
  int count = file ? fscanf(file, "%d %llu", &pid, &start) : 0;
  if (file) {
    fclose(file);
  }
  if (count != 2 || pid <= 0 || read_stat(pid, &parent, &found) < 0 || found != start) {
    errno = ESRCH;
    return -1;
  }
  return pid;
}

/* Under a path that is not that of another process when the container's ends. */
static int show_namespace(const char *run, const char *file) {
  char path[PATH_MAX];
  pid_t pid = first_process(run);
  const char *name = strrchr(file, '/');
  snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name ? name + 1 : file);
  return pid < 0 ? -1 : mount(path, file, NULL, BIND, NULL);
}

static int namespace_of(const char *process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/ns/mnt", process);
  return open(path, O_RDONLY | O_CLOEXEC);
}

/* Only who is in a mount namespace can take a mount out of it. */
static int share(const char *run, const char *path) {
  struct stat own, theirs;
  char process[16];
  pid_t pid = first_process(run);
  snprintf(process, sizeof process, "%d", (int)pid);
  int here = namespace_of("self"), there = pid < 0 ? -1 : namespace_of(process), tree = -1;
  int result = here < 0 || there < 0 || stat(path, &own) < 0 || setns(there, CLONE_NEWNS) < 0 ? -1 : 0;
  if (result == 0 && (result = stat(path, &theirs)) == 0 && theirs.st_dev != own.st_dev) {
    tree = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    result = tree < 0 ? -1 : 0;
  }
  int error = errno;
  if (there >= 0 && here >= 0 && setns(here, CLONE_NEWNS) < 0) {
    return -1;
  }
  errno = error;
  if (tree >= 0) {
    result = syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
  }
  return result;
}

static int is_users(const char *step) { return strcmp(step, "users") == 0; }

/* Before all that only root may do. */
int take_users(const struct launch *launch) {
  if (launch->n_stage == 0 || !is_users(launch->stage[0])) {
    return 0;
  }
  const char *run = launch->stage[1];
  pid_t pid = *run ? first_process(run) : 0;
  return pid < 0 ? -1 : pid > 0 ? join_users(pid) : make_users();
}

/* Where nothing is mounted, or the kernel keeps it so, it stays as it is. */
static int unmount(const char *path) {
  return umount2(path, DETACH) < 0 && errno != EINVAL ? -1 : 0;
}

/* Of all that is mounted below the path, too. */
static int set_attributes(const char *path, unsigned long long set) {
  struct mount_attr attributes = {.attr_set = set};
  return syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof attributes);
}

static int is_volume(const char *step) {
  return strcmp(step, "volume") == 0 || strcmp(step, "into") == 0;
}

static int take_step(char **step) {
  const char *source = step[1], *target = step[2];
  if (is_users(step[0])) {
    return 0; /* Taken already. */
  }
  if (strcmp(step[0], "enter") == 0) {
    return first_process(source) < 0 ? -1 : 0;
  }
  if (strcmp(step[0], "close") == 0) {
    return set_attributes(source, MOUNT_ATTR_RDONLY);
  }
  if (strcmp(step[0], "plain") == 0) {
    return set_attributes(source, MOUNT_ATTR_NOSUID);
  }
  if (strcmp(step[0], "join") == 0) {
    return show_namespace(source, target);
  }
  if (strcmp(step[0], "share") == 0) {
    return share(source, target);
  }
  if (strcmp(step[0], "root") == 0) {
    return mount_root(source, target);
  }
  if (strcmp(step[0], "keep") == 0) {
    return keep_way(source, target);
  }
  if (strcmp(step[0], "bind") == 0) {
    return mount(source, target, NULL, BIND_ALL, NULL);
  }
  if (strcmp(step[0], "leave") == 0) {
    return unmount(source);
  }
  if (strcmp(step[0], "hide") == 0) {
    /* Also what the list of mounts says of it. */
    unsigned long flags = READ_ONLY | NO_SUID | NO_DEVICES | NO_EXEC;
    return unmount(source) < 0 ? -1 : mount("none", source, "tmpfs", flags, "size=0");
  }
  errno = EINVAL;
  return -1;
}

/* From here on no mount is seen outside. */
static void set_stage(const struct launch *launch, int failure) {
  if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, SLAVE_ALL, NULL) < 0) {
    fail(failure, "Failed to make a mount namespace for the OCI runtime");
  }
  for (int i = 0; i + 2 < launch->n_stage; i += 3) {
    char **step = launch->stage + i;
    char why[PATH_MAX + 256];
    if (is_volume(step[0])) {
      if (mount_volume(launch, step, why, sizeof why) < 0) {
        fail(failure, "%s", why);
      }
    } else if (strcmp(step[0], "reach") == 0) {
      if (reach(launch, step[1], step[2]) < 0) {
        fail(failure,
             errno == EXDEV  ? "The way to '%s' leads into a volume, or into /proc or /dev"
             : errno == ELOOP ? "The way to '%s' leads in circles, or /proc, /sys or /dev is a link"
                              : "Failed to make '%s'",
             step[2]);
      }
    } else if (take_step(step) < 0) {
      fail(failure, "Failed to prepare mounts for the OCI runtime (%s %s)", step[0], step[1]);
    }
  }
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
    if (instead >= 0) {
      close(instead);
    }
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
  static char *environment[] = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
  execve(launch->runtime[0], launch->runtime, environment);
  fail(INSIDE_FAILURE, "Failed to execute the OCI runtime '%s'", launch->runtime[0]);
}

/* The last message in the runtime's log, a line of JSON each, without its escapes. */
static void last_message(const char *path, char *text, size_t size) {
  char log[LOG_BYTES + 1];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
  ssize_t n = fd < 0 ? 0 : pread(fd, log, LOG_BYTES, end > LOG_BYTES ? end - LOG_BYTES : 0);
  if (fd >= 0) {
    close(fd);
  }
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

/*
 * Waits until the runtime has started the container's process, whose pid is returned. Where there is
 * none, 0, and the text says why; what is left of it is killed by the caller.
 */
pid_t await_runtime(const struct launch *launch, pid_t runtime, int failure, char *text,
                    size_t size) {
  int status = 0;
  ssize_t told = read_until_closed(failure, text, size, DEADLINE_MS);
  if (told < 0) {
    snprintf(text, size, "The OCI runtime '%s' was stopped: %s", launch->runtime[0],
             is_destroyed() ? "the container was destroyed" : "it did not answer for a minute");
    return 0;
  }
  /* With the pipe it has closed all that it works with. */
  for (int waited = 0; waitpid(runtime, &status, WNOHANG) == 0; waited++) {
    pause_ms(1);
    if (waited > DEADLINE_MS || is_destroyed()) {
      snprintf(text, size, "The OCI runtime '%s' does not end", launch->runtime[0]);
      return 0;
    }
  }
  if (told > 0) {
    return 0;
  }
  pid_t pid = status == 0 ? read_pid(launch->pid_file) : 0;
  if (pid > 0) {
    return pid;
  }
  char message[512];
  last_message(launch->log_file, message, sizeof message);
  snprintf(text, size, "The OCI runtime '%s' failed (%s %d): %s", launch->runtime[0],
           WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
           *message ? message : "it does not say why");
  return 0;
}
