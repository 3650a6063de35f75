/*
 * Ways in files of the container's own, where a link leads to where it leads in the container. What is
 * missing is made: on the way to the target of a volume, and to the folder where the OCI runtime begins.
 * The runtime, which is root, would make that itself, wherever a link leads: it finds all of it there.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

unsigned long long mount_of(int fd) {
  struct statx status;
  return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) == 0 ? status.stx_mnt_id : 0;
}

/*
 * Makes a folder or file, which belongs to whom the folder belongs to that it is in; one that is there
 * already, or is not root's any more, stays as it is. Returns -1, with errno.
 */
static int make_by_root(int folder, const char *name, int is_file) {
  struct stat owner, status;
  if (fstat(folder, &owner) < 0) {
    return -1;
  }
  int made;
  if (is_file) {
    made = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  } else if (mkdirat(folder, name, 0755) < 0) {
    return errno == EEXIST ? 0 : -1;
  } else {
    made = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }
  int result = made < 0 ? -1 : fstat(made, &status);
  if (result == 0 && status.st_uid == geteuid()) {
    result = fchown(made, owner.st_uid, owner.st_gid);
  }
  drop(made);
  return result;
}

int make_in(const struct launch *launch, unsigned long long mount, int folder, const char *name,
            int is_file) {
  return mount != 0 && mount_of(folder) == mount ? make_by_root(folder, name, is_file)
                                                 : make_as_user(launch, folder, name, is_file);
}

static int look_up(int root, const char *path, const struct open_how *how) {
  return syscall(SYS_openat2, root, path, how, sizeof *how);
}

static const struct open_how anything = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};

/* Folders in the mount of the root itself: on all else the way ends, with EXDEV. */
static const struct open_how folders_here = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                             .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_XDEV};

int open_in(int root, const char *path) { return look_up(root, path, &anything); }

/* Looks up longer and longer parts of the way, and makes what is missing. */
static int go(const struct launch *launch, int root, const char *way, const struct open_how *how,
              int is_file) {
  char *part = strdup(way);
  int here = part ? look_up(root, "/", how) : -1;
  unsigned long long mount = mount_of(root);
  for (char *name = part, *end; here >= 0 && *(name += strspn(name, "/")); name = end) {
    end = name + strcspn(name, "/");
    char after = *end;
    *end = 0;
    int next = look_up(root, part, how);
    if (next < 0 && errno == ENOENT &&
        (how->resolve & RESOLVE_NO_XDEV ? make_by_root(here, name, 0)
                                        : make_in(launch, mount, here, name, is_file && !after)) == 0) {
      next = look_up(root, part, how);
    }
    drop(here);
    here = next;
    *end = after;
  }
  int error = errno;
  free(part);
  errno = error;
  return here;
}

int make_on_way(const struct launch *launch, int root, const char *way, int is_file) {
  return go(launch, root, way, &anything, is_file);
}

/* The sandbox is mounted in files of the container's own, where its name is no link. */
static int is_sandbox(const struct launch *launch, int folder, const char *name) {
  struct stat expected, found;
  int sandbox = *launch->above ? open_below(launch->above, launch->directory)
                               : open(launch->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int result = sandbox >= 0 && fstat(sandbox, &expected) == 0 &&
               fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
               found.st_dev == expected.st_dev && found.st_ino == expected.st_ino;
  drop(sandbox);
  return result;
}

/*
 * Mounts an empty folder over one in files of the container's own, which is made where it is missing. Returns
 * the mount; -1 where there can be no folder, so that the runtime will mount nothing there either.
 */
static int cover(int root, const char *name) {
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                         .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
  int folder = syscall(SYS_openat2, root, name, &how, sizeof how);
  if (folder < 0 && errno == ENOENT && make_by_root(root, name, 0) == 0) {
    folder = syscall(SYS_openat2, root, name, &how, sizeof how);
  }
  if (folder < 0) {
    return -1;
  }
  int system = syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC), mounted = -1;
  if (system >= 0 && syscall(SYS_fsconfig, system, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
    mounted = syscall(SYS_fsmount, system, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
  }
  if (mounted >= 0 && syscall(SYS_move_mount, mounted, "", folder, "",
                              MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
    drop(mounted);
    mounted = -1;
  }
  drop(system);
  drop(folder);
  return mounted;
}

static int uncover(int mounted) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", mounted);
  int result = mounted < 0 ? 0 : umount2(path, DETACH);
  drop(mounted);
  return result;
}

/* Of the sandbox, which is another mount, the folder that it is in is enough. */
static int go_there(const struct launch *launch, int root, const char *way) {
  int here = go(launch, root, way, &folders_here, 0);
  if (here >= 0 || errno != EXDEV) {
    return here;
  }
  char *above = strdup(way), *slash = above ? strrchr(above, '/') : NULL;
  if (slash) {
    *slash = 0;
    here = go(launch, root, above, &folders_here, 0);
    if (here >= 0 && !is_sandbox(launch, here, slash + 1)) {
      drop(here);
      here = -1;
    }
  }
  free(above);
  errno = EXDEV;
  return here;
}

/* A runtime may follow a link there on the machine, and make its devices where that leads. */
static int is_link(int root, const char *name) {
  struct stat status;
  return fstatat(root, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

/*
 * The runtime goes the same way as root, with descriptors of the machine's folders: what an image has in
 * /proc and /dev is no way, since it will find other links there.
 */
static int make_way(const struct launch *launch, const char *path, const char *way) {
  int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) {
    return -1;
  }
  if (is_link(root, "proc") || is_link(root, "sys") || is_link(root, "dev")) {
    drop(root);
    errno = ELOOP;
    return -1;
  }
  int proc = cover(root, "proc"), dev = cover(root, "dev"), here = go_there(launch, root, way);
  int error = errno, result = here < 0 ? -1 : 0;
  if (uncover(dev) < 0 || uncover(proc) < 0) {
    error = errno;
    result = -1;
  }
  drop(root);
  drop(here);
  errno = error;
  return result;
}

int reach(const struct launch *launch, char **step, char *why, size_t size) {
  int result = make_way(launch, step[1], step[2]), error = errno;
  snprintf(why, size,
           error == EXDEV   ? "The way to '%s' leads into a volume, or into /proc or /dev"
           : error == ELOOP ? "The way to '%s' leads in circles, or /proc, /sys or /dev is a link"
                            : "Failed to make '%s'",
           step[2]);
  errno = error;
  return result;
}
