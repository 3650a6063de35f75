/*
 * The way to the sandbox of a container that is nested in one of another user, for a container that sees
 * the machine's files: that user could exchange any folder on it, and lets nobody else pass. In the mount
 * namespace of the container, the folders on the way are root's and in memory, and have nothing but the way:
 * by its path the container finds its own sandbox, whatever becomes of the way on the machine.
 */
#include "container.h"
#include "mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Makes the folders below the one that is open, which it closes; returns the last. */
static int make_way(int folder, char *below) {
  char *left;
  for (char *name = strtok_r(below, "/", &left); folder >= 0 && name;
       name = strtok_r(NULL, "/", &left)) {
    int next = mkdirat(folder, name, 0755) < 0 ? -1
                                               : openat(folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    drop(folder);
    folder = next;
  }
  return folder;
}

/* Mounts an empty folder there, as the container finds it: links of the operator are followed. */
static int cover(int root, const char *path) {
  char here[64];
  int folder = open_in(root, path);
  snprintf(here, sizeof here, "/proc/self/fd/%d", folder);
  unsigned long flags = NO_SUID | NO_DEVICES | NO_EXEC;
  int result = folder < 0 ? -1 : mount("none", here, "tmpfs", flags, "size=64k,mode=0755");
  drop(folder);
  return result < 0 ? -1 : open_in(root, path);
}

/* The sandbox is the working directory, below the root container's. Returns -1, with errno. */
int mount_sandbox_way(const struct launch *launch, const char *path) {
  char below[PATH_MAX];
  size_t size = strlen(launch->above);
  snprintf(below, sizeof below, "%s",
           strlen(launch->directory) > size ? launch->directory + size : "");
  int sandbox = open_sandbox(launch), root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int tree = sandbox < 0 ? -1
                         : syscall(SYS_open_tree, sandbox, "",
                                   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  int way = tree < 0 || root < 0 ? -1 : make_way(cover(root, launch->above), below);
  int result = way < 0 ? -1
                       : syscall(SYS_move_mount, tree, "", way, "",
                                 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  drop(way);
  drop(tree);
  drop(root);
  drop(sandbox);
  return result < 0 ? -1 : 0;
}
