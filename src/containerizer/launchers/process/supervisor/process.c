/* The container's process, between fork and exec. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_STRING = 128 * 1024 - 1 };

/* Reports why there will be no process; a plain process cannot report, and ends as if killed. */
_Noreturn void fail(int fd, const char *format, ...) {
  char text[512];
  int error = errno;
  if (fd < 0) {
    kill(getpid(), SIGKILL);
  }
  va_list list;
  va_start(list, format);
  int size = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  if (size > (int)sizeof text - 1) {
    size = sizeof text - 1;
  }
  size += snprintf(text + size, sizeof text - size, ": %s", strerror(error));
  if (size > (int)sizeof text - 1) {
    size = sizeof text - 1;
  }
  if (write(fd, text, size) < 0) {
    _exit(2);
  }
  _exit(1);
}

/*
 * Opens without waiting: in the file's place there may be a FIFO, as from an extracted archive. Without a
 * reader it would block this process and its supervisor, which no signal would reach. Where the
 * supervisor is to write it must be a file, and no link: what that does on another file system (one in
 * memory, say) would not count for the container.
 */
static int open_output(int failure, const char *path, int must_be_regular) {
  struct stat status;
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  int file = open(path, must_be_regular ? flags | O_NOFOLLOW : flags, 0644);
  if (file >= 0 && fstat(file, &status) == 0 &&
      (S_ISFIFO(status.st_mode) || (must_be_regular && !S_ISREG(status.st_mode)))) {
    close(file);
    file = -1;
    errno = ENXIO;
  }
  if (file < 0 || fcntl(file, F_SETFL, O_APPEND) < 0) {
    fail(failure, "Failed to open '%s'", path);
  }
  return file;
}

static void redirect(int failure, const char *path, int fd, int must_be_regular) {
  int file = open_output(failure, path, must_be_regular);
  /* Where it is the same, it would be closed on exec. */
  if (file == fd ? fcntl(fd, F_SETFD, 0) < 0 : dup2(file, fd) < 0) {
    fail(failure, "Failed to open '%s'", path);
  }
}

static void redirect_to_files(int failure, const struct launch *launch) {
  int null = open("/dev/null", O_RDWR);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0) {
    fail(failure, "Failed to open /dev/null");
  }
  if (null > STDIN_FILENO) {
    close(null);
  }
  /*
   * Who is root in a container of its own files may put links into its sandbox, and is not root of what
   * they lead to.
   */
  redirect(failure, launch->out, STDOUT_FILENO, launch->n_runtime > 0);
  redirect(failure, launch->err, STDERR_FILENO, launch->n_runtime > 0);
}

/* The supervisor writes into these files, and must not wait for them. */
static void redirect_to_supervisor(int failure, const struct launch *launch,
                                   const struct stdio *stdio) {
  if (!launch->io.logs) {
    int logs[2] = {open_output(failure, launch->out, 1), open_output(failure, launch->err, 1)};
    int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
      fail(failure, "Failed to open the folder of the output");
    }
    hand_up_logs(stdio->logs, folder, logs);
  }
  /* In a container it is made so inside, where a runtime has begun another session. */
  if (stdio->is_terminal && launch->n_runtime == 0 && ioctl(stdio->in, TIOCSCTTY, 0) < 0) {
    fail(failure, "Failed to make the terminal that of the process");
  }
  int in = stdio->in >= 0 ? stdio->in : open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (dup2(in, STDIN_FILENO) < 0 || dup2(stdio->out, STDOUT_FILENO) < 0 ||
      dup2(stdio->err, STDERR_FILENO) < 0) {
    fail(failure, "Failed to connect the process with its supervisor");
  }
}

/*
 * Opens a folder below that which only the agent can exchange. Others may put links on the way, which
 * are not followed. Returns -1, with errno.
 */
int open_below(const char *above, const char *path) {
  size_t size = strlen(above);
  char rest[PATH_MAX];
  if (strncmp(path, above, size) != 0 || (path[size] != '/' && path[size] != 0) ||
      strlen(path + size) >= sizeof rest) {
    errno = EINVAL;
    return -1;
  }
  strcpy(rest, path + size);
  int folder = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (char *left, *name = strtok_r(rest, "/", &left); folder >= 0 && name;
       name = strtok_r(NULL, "/", &left)) {
    int next = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    drop(folder);
    folder = next;
  }
  return folder;
}

static uid_t uid_of(const char *text) {
  return strcmp(text, "-") == 0 ? geteuid() : (uid_t)strtoul(text, NULL, 10);
}

/* A session has its files in a folder that its user may not reach: they are made before that changes. */
static int make_log(int failure, const struct launch *launch, int folder, const char *name) {
  uid_t uid = uid_of(launch->uid);
  /* What a session before with the same id has left may be anything by now. */
  unlinkat(folder, name, 0);
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  int file = openat(folder, name, flags, 0644);
  if (file < 0 || (uid != geteuid() && fchown(file, uid, -1) < 0)) {
    fail(failure, "Failed to make '%s' in '%s'", name, launch->io.logs);
  }
  return file;
}

static void make_logs(int failure, const struct launch *launch, const struct stdio *stdio) {
  struct stat status;
  int folder = open_below(launch->above, launch->io.logs);
  if (folder < 0 || fstat(folder, &status) < 0 || status.st_uid != uid_of(launch->uid)) {
    fail(failure, "Failed to open '%s'", launch->io.logs);
  }
  int logs[2] = {make_log(failure, launch, folder, "stdout"),
                 make_log(failure, launch, folder, "stderr")};
  hand_up_logs(stdio->logs, folder, logs);
}

/*
 * Opens the working directory before the user changes: other users may own folders on the way to it,
 * which the process's user could not pass. What is reached must belong to the process's user, or, for a
 * session, to that of the container it looks into.
 */
static int open_beneath(int failure, const struct launch *launch) {
  int folder = open_sandbox(launch);
  if (folder < 0 && errno == EPERM) {
    fail(failure, "The folder '%s' is not the user's any more", launch->directory);
  }
  if (folder < 0) {
    fail(failure, "Failed to change directory to '%s'", launch->directory);
  }
  return folder;
}

/* Returns -1 with errno: EPERM where it is somebody else's. */
int open_sandbox(const struct launch *launch) {
  struct stat status;
  int folder = open_below(launch->above, launch->directory);
  if (folder >= 0 && (fstat(folder, &status) < 0 ||
                      status.st_uid != uid_of(launch->io.owner ? launch->io.owner : launch->uid))) {
    drop(folder);
    folder = -1;
    errno = EPERM;
  }
  return folder;
}

static void enter_beneath(int failure, const struct launch *launch) {
  int folder = open_beneath(failure, launch);
  if (fchdir(folder) < 0) {
    fail(failure, "Failed to change directory to '%s'", launch->directory);
  }
  close(folder);
}

int is_same_user(const struct launch *launch) { return strcmp(launch->uid, "-") == 0; }

static gid_t gid_of(const struct launch *launch) { return strtoul(launch->gid, NULL, 10); }

static int take_groups(const struct launch *launch) {
  gid_t groups[launch->n_groups + 1];
  for (int i = 0; i < launch->n_groups; i++) {
    groups[i] = strtoul(launch->groups[i], NULL, 10);
  }
  return setgroups(launch->n_groups, groups);
}

/* For good. */
static void become_user(int failure, const struct launch *launch) {
  uid_t uid = uid_of(launch->uid);
  gid_t gid = gid_of(launch);
  if (!is_same_user(launch) &&
      (take_groups(launch) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)) {
    fail(failure, "Failed to become user %s", launch->uid);
  }
}

/* The groups of root, while this process acts as the container's user. */
struct former {
  gid_t gid, groups[NGROUPS_MAX];
  int n_groups;
};

/* Only for what is opened until root is wanted again. Returns -1, with errno. */
static int act_as_user(const struct launch *launch, struct former *former) {
  if (is_same_user(launch)) {
    return 0;
  }
  former->gid = getegid();
  former->n_groups = getgroups(NGROUPS_MAX, former->groups);
  return former->n_groups < 0 || take_groups(launch) < 0 || setegid(gid_of(launch)) < 0 ||
                 seteuid(uid_of(launch->uid)) < 0
             ? -1
             : 0;
}

static int act_as_root(const struct launch *launch, const struct former *former) {
  return !is_same_user(launch) && (seteuid(getuid()) < 0 || setegid(former->gid) < 0 ||
                                   setgroups(former->n_groups, former->groups) < 0)
             ? -1
             : 0;
}

/* Resets signals and descriptors to those of a fresh process. */
void reset_signals(void) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) {
    sigaction(number, &standard, NULL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void confine(int failure, const struct launch *launch, int (*apply)(const char *)) {
  for (int i = 0; i < launch->n_settings; i++) {
    if (apply(launch->settings[i]) < 0) {
      fail(failure, "Failed to confine the command (%s)", launch->settings[i]);
    }
  }
}

static void join_cgroups(const struct launch *launch, int failure) {
  for (int i = 0; i < launch->n_joined_cgroups; i++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/cgroup.procs", launch->joined_cgroups[i]);
    if (write_file(path, 0, "0") < 0) {
      fail(failure, "Failed to join cgroup '%s'", launch->joined_cgroups[i]);
    }
  }
}

static void redirect_all(int failure, const struct launch *launch, const struct stdio *stdio) {
  if (stdio) {
    redirect_to_supervisor(failure, launch, stdio);
  } else {
    redirect_to_files(failure, launch);
  }
}

/*
 * The working directory is entered, and the output opened, as the container's user: what that user
 * cannot open is not opened. After that the process, which is to become the runtime, is root again.
 * Returns the directory.
 */
static int redirect_as_user(const struct launch *launch, int failure, const struct stdio *stdio) {
  int directory = *launch->above ? open_beneath(failure, launch) : -1;
  struct former former;
  if (directory >= 0 && fchdir(directory) < 0) {
    fail(failure, "Failed to change directory to '%s'", launch->directory);
  }
  if (act_as_user(launch, &former) < 0) {
    fail(failure, "Failed to become user %s", launch->uid);
  }
  if (directory < 0) {
    directory = open(launch->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fchdir(directory) < 0) {
      fail(failure, "Failed to change directory to '%s'", launch->directory);
    }
  }
  redirect_all(failure, launch, stdio);
  if (act_as_root(launch, &former) < 0) {
    fail(failure, "Failed to become root again");
  }
  return directory;
}

_Noreturn void execute(const char *program, char **arguments, int failure) {
  execvp(program, arguments);
  if (errno == E2BIG) {
    /* Nothing of the task has begun, and its own output would not say why. */
    fail(failure, "Failed to execute '%s': the command, its arguments and its environment are more "
                  "than the kernel takes (one string at most %d bytes, all together at most a quarter "
                  "of the stack limit and 6 MiB)",
         program, MAX_STRING);
  }
  /* This is no failed launch: the task ran, and could not execute its command. */
  dprintf(STDERR_FILENO, "Failed to execute '%s': %s\n", program, strerror(errno));
  _exit(1);
}

/*
 * What is opened is what the container's user can reach, and not what a link of /proc leads to, for this
 * process has more open than that. Returns -1, with errno.
 */
static int reach_as_user(const struct launch *launch, int folder, const char *path,
                         unsigned long long resolve) {
  struct former former;
  if (act_as_user(launch, &former) < 0) {
    return -1;
  }
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolve};
  int found = syscall(SYS_openat2, folder, path, &how, sizeof how), error = errno;
  if (act_as_root(launch, &former) < 0) {
    /* What this process does next is root's. */
    _exit(1);
  }
  errno = error;
  return found;
}

int open_as_user(const struct launch *launch, const char *path) {
  return reach_as_user(launch, AT_FDCWD, path, RESOLVE_NO_MAGICLINKS);
}

/* The same from a folder that is taken for the root. */
int open_in_as_user(const struct launch *launch, int root, const char *path) {
  return reach_as_user(launch, root, path, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* Only where the container's user can do so. Returns -1, with errno. */
int make_as_user(const struct launch *launch, int folder, const char *name, int is_file) {
  struct former former;
  if (act_as_user(launch, &former) < 0) {
    return -1;
  }
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int result = is_file ? openat(folder, name, flags, 0644) : mkdirat(folder, name, 0755), error = errno;
  if (act_as_root(launch, &former) < 0) {
    _exit(1);
  }
  if (is_file) {
    drop(result);
  }
  errno = error;
  return result < 0 ? -1 : 0;
}

/*
 * Whoever has a session keyring can read all keys in it, and a process has that of its parent: the agent's,
 * and so that of all other containers. Where the kernel has none, or lets nobody use them, there is none to
 * share. An agent that is not root has room for few keyrings, and tasks of one user only.
 */
static void leave_keyring(int failure) {
  enum { JOIN_SESSION_KEYRING = 1 };
  if (syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) < 0 && geteuid() == 0 && errno != ENOSYS &&
      errno != EPERM) {
    fail(failure, "Failed to make a session keyring");
  }
}

void become(const struct launch *launch, int failure, const struct stdio *stdio) {
  join_cgroups(launch, failure);
  leave_keyring(failure);
  umask(022);
  if (stdio && launch->io.logs) {
    make_logs(failure, launch, stdio);
  }
  if (take_users(launch) < 0) {
    fail(failure, "Failed to enter a user namespace");
  }
  if (launch->n_runtime > 0) {
    int directory = redirect_as_user(launch, failure, stdio);
    become_runtime(launch, failure, directory);
  }
  confine(failure, launch, confine_before_user);
  if (*launch->above) {
    enter_beneath(failure, launch);
  }
  become_user(failure, launch);
  if (!*launch->above && chdir(launch->directory) < 0) {
    fail(failure, "Failed to change directory to '%s'", launch->directory);
  }
  redirect_all(failure, launch, stdio);
  reset_signals();
  confine(failure, launch, confine_after_user);
  environ = launch->environment;
  execute(launch->arguments[0], launch->arguments + 1, failure);
}
