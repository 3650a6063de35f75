/*
 * What the machine mounts while a container runs shows in it, as in Mesos. crun makes all mounts of a
 * container's root private, so that nothing would. When the container has its first process, each of its
 * mounts that is one of the machine's, or a part of one, becomes a slave of that.
 *
 * A process of its own does so, beside the supervisor: it looks at places of the machine that may be slow,
 * and needs mounts that are slaves themselves, for what they follow is what others get of them. Where the
 * kernel (before 5.15) cannot do it, the mounts stay as they are.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MOVE_MOUNT_SET_GROUP
#define MOVE_MOUNT_SET_GROUP 0x00000100
#endif

struct entry {
  unsigned long long id;
  char device[24], *root, *point;
  int is_shared, is_slave;
};

static int parse(char *line, struct entry *entry) {
  static char root[PATH_MAX], point[PATH_MAX];
  char *end = strstr(line, " - ");
  int used = 0;
  if (!end || sscanf(line, "%llu %*s %23s %4095s %4095s %*s%n", &entry->id, entry->device, root, point,
                     &used) != 4 ||
      used == 0) {
    return -1;
  }
  *end = 0;
  entry->is_shared = strstr(line + used, " shared:") != NULL;
  entry->is_slave = strstr(line + used, " master:") != NULL;
  unescape(root);
  unescape(point);
  entry->root = root;
  entry->point = point;
  return 0;
}

/* Those of the machine that follow others. Returns how many. */
static size_t slaves_here(struct entry **all) {
  char line[2 * PATH_MAX + 512];
  struct entry entry, *more;
  size_t n = 0;
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  *all = NULL;
  while (mounts && fgets(line, sizeof line, mounts)) {
    if (parse(line, &entry) < 0 || !entry.is_slave) {
      continue;
    }
    entry.root = strdup(entry.root);
    entry.point = strdup(entry.point);
    if (!entry.root || !entry.point || !(more = realloc(*all, (n + 1) * sizeof entry))) {
      break;
    }
    *all = more;
    (*all)[n++] = entry;
  }
  if (mounts) {
    fclose(mounts);
  }
  return n;
}

static int is_part(const char *path, const char *whole) {
  return strcmp(whole, "/") == 0 || is_at_or_below(path, whole);
}

/* Of those of the same file system the one at the same place, or that of which it is the smallest part. */
static const struct entry *origin(const struct entry *mount, const struct entry *all, size_t n) {
  const struct entry *found = NULL;
  for (size_t i = 0; i < n; i++) {
    const struct entry *one = all + i;
    if (strcmp(one->device, mount->device) != 0 || !is_part(mount->root, one->root)) {
      continue;
    }
    if (strcmp(one->point, mount->point) == 0 && strcmp(one->root, mount->root) == 0) {
      return one;
    }
    found = !found || strlen(one->root) > strlen(found->root) ? one : found;
  }
  return found;
}

/* What is mounted there; -1 where that is another mount by now, or none. */
static int open_mount(int root, const struct entry *mount) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC,
                         .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
  int fd = syscall(SYS_openat2, root, mount->point, &how, sizeof how);
  if (fd >= 0 && mount_of(fd) != mount->id) {
    drop(fd);
    fd = -1;
  }
  return fd;
}

static void follow_in(const char *process, const struct entry *all, size_t n) {
  char path[64], line[2 * PATH_MAX + 512];
  snprintf(path, sizeof path, "/proc/%s/root", process);
  int theirs = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), ours = open("/", O_PATH | O_CLOEXEC);
  snprintf(path, sizeof path, "/proc/%s/mountinfo", process);
  FILE *mounts = fopen(path, "re");
  struct entry mount;
  while (theirs >= 0 && ours >= 0 && mounts && fgets(line, sizeof line, mounts)) {
    if (parse(line, &mount) < 0 || mount.is_shared || mount.is_slave) {
      continue;
    }
    const struct entry *from = origin(&mount, all, n);
    int source = from ? open_mount(ours, from) : -1;
    int target = source >= 0 ? open_mount(theirs, &mount) : -1;
    if (target >= 0) {
      syscall(SYS_move_mount, source, "", target, "",
              MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    }
    drop(target);
    drop(source);
  }
  if (mounts) {
    fclose(mounts);
  }
}

void follow_machine(const struct launch *launch, pid_t process) {
  int is_asked = 0;
  for (int i = 0; i + 2 < launch->n_stage; i += 3) {
    is_asked |= strcmp(launch->stage[i], "follow") == 0;
  }
  if (!is_asked || fork() != 0) {
    return;
  }
  close_all_from(STDERR_FILENO + 1);
  char name[16];
  struct entry *all;
  snprintf(name, sizeof name, "%d", (int)process);
  if (make_mounts() == 0) {
    size_t n = slaves_here(&all);
    follow_in(name, all, n);
  }
  _exit(0);
}
