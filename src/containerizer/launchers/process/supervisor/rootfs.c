/*
 * Mounts the files of an image where the root of a container is to be, in the mount namespace that is staged
 * for the OCI runtime. What to mount is a text of words, of which a space, a percent sign and what is no
 * printable character are written as %XX:
 *
 *   overlay KIND UPPER WORK LAYER...   An overlay: what is written goes into the folder UPPER; WORK is for
 *                                      the kernel; layers are never changed, the lowest is the first. KIND
 *                                      says with which attributes the layers tell what they take away:
 *                                      `trusted`, or `user` of an agent that is not root.
 *   folder MODE PATH                   A folder. MODE is `ro` or `rw`.
 *
 * Devices that an image has made, or a container makes there, cannot be used: those that it may use are
 * mounted in its /dev.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPTIONS = 4096 };

/*
 * All options of a mount have to be in one page, which a hundred paths are not: the folders are opened, and
 * named by their descriptors.
 */
static int mount_overlay(const char *kind, char **paths, int n, const char *target) {
  int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), result = -1;
  int opened = 0;
  char options[OPTIONS];
  int *fds = calloc(n, sizeof *fds);
  while (fds && opened < n && (fds[opened] = open(paths[opened], O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0) {
    opened++;
  }
  if (fds && opened == n && n > 2) {
    const char *attributes = strcmp(kind, "user") == 0 ? "userxattr," : "redirect_dir=on,metacopy=off,";
    size_t used = snprintf(options, sizeof options, "%sindex=off,upperdir=%d,workdir=%d,lowerdir=", attributes,
                           fds[0], fds[1]);
    for (int i = n - 1; i >= 2 && used < sizeof options; i--) {
      used += snprintf(options + used, sizeof options - used, "%d%s", fds[i], i > 2 ? ":" : "");
    }
    errno = E2BIG;
    result = used >= sizeof options || chdir("/proc/self/fd") < 0
                 ? -1
                 : mount("overlay", target, "overlay", NO_DEVICES, options);
  }
  int error = errno;
  while (opened > 0) {
    close(fds[--opened]);
  }
  free(fds);
  if (here >= 0 && fchdir(here) < 0) {
    result = -1;
  }
  drop(here);
  errno = error;
  return result;
}

static int mount_root_folder(const char *mode, const char *path, const char *target) {
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NODEV};
  if (strcmp(mode, "ro") == 0) {
    attributes.attr_set |= MOUNT_ATTR_RDONLY;
  }
  return mount(path, target, NULL, BIND, NULL) < 0 ||
                 syscall(SYS_mount_setattr, AT_FDCWD, target, 0, &attributes, sizeof attributes) < 0
             ? -1
             : 0;
}

int mount_root(const char *target, const char *what) {
  char *copy = strdup(what), *left;
  size_t most = copy ? strlen(copy) / 2 + 1 : 0;
  char **words = calloc(most + 1, sizeof *words);
  int n = 0, result = -1;
  for (char *word = copy && words ? strtok_r(copy, " ", &left) : NULL; word; word = strtok_r(NULL, " ", &left)) {
    words[n++] = decoded(word);
  }
  errno = EINVAL;
  if (n > 4 && strcmp(words[0], "overlay") == 0) {
    result = mount_overlay(words[1], words + 2, n - 2, target);
  } else if (n == 3 && strcmp(words[0], "folder") == 0) {
    result = mount_root_folder(words[1], words[2], target);
  }
  int error = errno;
  free(words);
  free(copy);
  errno = error;
  return result;
}

int try_root(const char *target, const char *what) {
  if ((geteuid() != 0 && make_users() < 0) || make_mounts() < 0 || mount_root(target, what) < 0) {
    printf("%s\n", strerror(errno));
    return 1;
  }
  return 0;
}
