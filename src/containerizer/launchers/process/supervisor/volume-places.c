/*
 * What is no source and no target of a volume. A path may lead elsewhere by links, which users change
 * while this runs, so that only what has been opened is judged, by the path that the kernel has for it.
 *
 * Nothing is mounted over the container's root, over what is mounted there for every container, and over
 * the folders on the way to the working directory: the OCI runtime, which is root, goes that way, and
 * makes what is missing, wherever a link leads. In files of the container's own, whose links are those of
 * an image, that way is looked at when all is mounted.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The path of what is open, without links; empty where it has none. Returns how long it is. */
static size_t path_of(int fd, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, PATH_MAX - 1);
  path[size > 0 ? size : 0] = 0;
  return size > 0 ? size : 0;
}

/* The same, as the container sees it: from its root. */
static void path_in(int root, int fd, char path[PATH_MAX]) {
  char above[PATH_MAX];
  size_t size = path_of(root, above);
  path_of(fd, path);
  if (size == 1 ? path[1] == 0 : strncmp(path, above, size) == 0) {
    memmove(path, path + size, strlen(path + size) + 1);
  }
}

static int is_at_or_below(const char *path, const char *folder) {
  size_t size = strlen(folder);
  return strncmp(path, folder, size) == 0 && (path[size] == 0 || path[size] == '/');
}

/* The folder where the runtime begins, as the container sees it. */
static char kept[PATH_MAX];

int keep_way(const char *path, const char *way) {
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                         .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
  int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int folder = root < 0 ? -1 : syscall(SYS_openat2, root, way, &how, sizeof how);
  if (folder >= 0) {
    path_in(root, folder, kept);
  }
  drop(root);
  drop(folder);
  return folder < 0 ? -1 : 0;
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

static int go_there(const struct launch *launch, int root, const char *way) {
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                         .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_XDEV};
  char part[PATH_MAX];
  snprintf(part, sizeof part, "%s", way);
  int here = syscall(SYS_openat2, root, "/", &how, sizeof how);
  for (char *name = part, *end; here >= 0 && *(name += strspn(name, "/")); name = end) {
    end = name + strcspn(name, "/");
    char after = *end;
    *end = 0;
    int next = syscall(SYS_openat2, root, part, &how, sizeof how);
    if (next < 0 && errno == ENOENT && make_by_root(here, name, 0) == 0) {
      next = syscall(SYS_openat2, root, part, &how, sizeof how);
    }
    if (next < 0 && errno == EXDEV) {
      next = !after && is_sandbox(launch, here, name) ? dup(here) : -1;
      errno = EXDEV;
    }
    drop(here);
    here = next;
    *end = after;
  }
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

/* Why nothing is mounted on the target; NULL: something may be. */
const char *objection_to(int root, int target) {
  char path[PATH_MAX];
  struct statfs system;
  path_in(root, target, path);
  if (*path == 0 || strcmp(path, "/sys") == 0 || is_at_or_below(path, "/dev") ||
      is_at_or_below(path, "/proc") ||
      (fstatfs(target, &system) == 0 && system.f_type == PROC_SUPER_MAGIC)) {
    return "leads to the container's root, to /sys, or into /dev or /proc, which are not replaced";
  }
  return is_at_or_below(kept, path) ? "would hide the folder with the sandbox" : NULL;
}

/* Decodes the \XXX of a list of mounts in place. */
static void unescape(char *text) {
  char *to = text;
  for (char *from = text; *from; from++) {
    unsigned byte;
    if (*from == '\\' && sscanf(from + 1, "%3o", &byte) == 1) {
      *to++ = byte;
      from += 3;
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
}

/*
 * Whether the processes of the machine show in what is open, or in what is mounted below it. What becomes
 * the container's root is no part of that. Also where that cannot be told.
 */
int shows_processes(int root, int source) {
  char path[PATH_MAX], above[PATH_MAX], line[2 * PATH_MAX + 512], mount[PATH_MAX], type[16];
  struct statfs system;
  path_of(source, path);
  path_of(root, above);
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  int found = !mounts || !*path || fstatfs(source, &system) < 0 || system.f_type == PROC_SUPER_MAGIC;
  while (!found && fgets(line, sizeof line, mounts)) {
    char *rest = strstr(line, " - ");
    if (!rest || sscanf(rest, " - %15s", type) != 1 || strcmp(type, "proc") != 0) {
      continue;
    }
    found = sscanf(line, "%*s %*s %*s %*s %4095s", mount) != 1;
    unescape(mount);
    found |= !is_at_or_below(mount, above) &&
             (strcmp(path, "/") == 0 || is_at_or_below(mount, path));
  }
  if (mounts) {
    fclose(mounts);
  }
  return found;
}
