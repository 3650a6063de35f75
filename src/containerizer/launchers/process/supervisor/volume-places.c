/*
 * What is no source and no target of a volume. A path may lead elsewhere by links, which users change
 * while this runs, so that only what has been opened is judged, by the path that the kernel has for it.
 *
 * Nothing is mounted over the container's root, over what is mounted there for every container, and over
 * the folders on the way to the working directory: the OCI runtime, which is root, goes that way, and
 * makes what is missing, wherever a link leads. In files of the container's own, whose links are those of
 * an image, that way is looked at when all is mounted: ways.c.
 */
#include "container.h"
#include "mounts.h"

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

int is_at_or_below(const char *path, const char *folder) {
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
void unescape(char *text) {
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
