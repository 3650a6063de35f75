/*
 * User namespaces, for an agent that is not root: in one of its own a process may mount, and make other
 * namespaces, but is no more than the agent's user to all that is outside.
 *
 * There are two of them. In the first, the agent's user is root: that is what volumes are mounted in, and
 * what an OCI runtime runs in. The runtime makes the second below it, in which the user has its own number
 * again, and in which the container is.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only one user and group can be shown in it without help of root: the process's own. */
int make_users(void) {
  char user[32], group[32];
  snprintf(user, sizeof user, "0 %u 1", geteuid());
  snprintf(group, sizeof group, "0 %u 1", getegid());
  return unshare(CLONE_NEWUSER) < 0 || write_file("/proc/self/setgroups", 0, "deny") < 0 ||
                 write_file("/proc/self/uid_map", 0, user) < 0 ||
                 write_file("/proc/self/gid_map", 0, group) < 0
             ? -1
             : 0;
}

int join_users(pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", (int)process);
  int container = open(path, O_RDONLY | O_CLOEXEC);
  int above = container < 0 ? -1 : ioctl(container, NS_GET_PARENT);
  int result = above < 0 ? -1 : setns(above, CLONE_NEWUSER);
  drop(above);
  drop(container);
  return result;
}

static int fails(const char *what) {
  printf("%s: %s\n", what,
         errno == ENOSPC ? "/proc/sys/user/max_user_namespaces allows no more" : strerror(errno));
  return 1;
}

static int try_processes(void) {
  int status;
  pid_t first = unshare(CLONE_NEWPID) < 0 ? -1 : fork();
  if (first == 0) {
    _exit(mount("proc", "/proc", "proc", 0, NULL) < 0 ? errno : 0);
  }
  if (first < 0 || waitpid(first, &status, 0) < 0) {
    return -1;
  }
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  return errno == 0 ? 0 : -1;
}

int try_users(int with_processes) {
  if (make_users() < 0) {
    return fails("no user namespace can be made");
  }
  if (make_mounts() < 0 || mount("none", "/tmp", "tmpfs", 0, "size=0") < 0) {
    return fails("nothing can be mounted in a user namespace");
  }
  if (with_processes && try_processes() < 0) {
    return fails("no /proc can be mounted in a user namespace");
  }
  return 0;
}
