/*
 * What an OCI runtime finds mounted. It runs in a mount namespace of its own, staged for it: mounts that
 * only it needs end with it, however it ends. Each step of the stage is three strings:
 *
 *   users RUN -          Of an agent that is not root, and always the first: in a user namespace of its
 *                        own; or in that which was made for the container of that run directory, whose
 *                        first process it waits for.
 *   bind SOURCE TARGET   SOURCE with all that is mounted below it.
 *   peer SOURCE TARGET   The same, and what is mounted there later, on the machine or here, shows in both.
 *   leave TARGET -       TARGET, with all that is mounted below it, is not mounted there: the configuration
 *                        mounts it again. In a user namespace it stays, below that.
 *   enter RUN -          Waits until the container of that run directory has its first process, and
 *                        checks that it has not ended.
 *   join RUN FILE        The same, and that container's namespace of the file's name is found there.
 *   share RUN PATH       What that container has mounted at this path, where that is not what is here.
 *   keep ROOT WAY        No volume is mounted over WAY, or a folder above it, below the folder that
 *                        becomes the container's root: volume-places.c.
 *   root TARGET FILES    The files of an image: rootfs.c.
 *   way ROOT -           The way to the sandbox, below the folder that becomes the container's root, is no
 *                        other user's: sandbox-way.c.
 *   close TARGET -       TARGET, with all that is mounted below it, cannot be written to.
 *   plain TARGET -       What is mounted there has no program that gives privileges.
 *   volume ROOT VOLUME   A volume of the container, below the folder that becomes its root: volumes.c.
 *   into ROOT VOLUME     The same, where that folder has files of the container's own.
 *   reach ROOT WAY       The folder where the runtime begins, in files of the container's own: is made
 *                        where it is missing, but in no volume, and neither in /proc nor in /dev: ways.c.
 *   follow - -           Nothing here: what the runtime has made is changed later, in propagation.c.
 *   hide TARGET -        An empty folder that cannot be written to: of cgroups the runtime sees none,
 *                        and leaves them alone. They are made and joined before.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { AWAIT_MS = 2 };

/* The first process of another container, or -1 with errno; it may be about to be started. */
static pid_t first_process(const char *run) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/first", run);
  for (int waited = 0; access(path, F_OK) < 0; waited += AWAIT_MS) {
    if (waited > RUNTIME_DEADLINE_MS) {
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

static int is_peer(const char *step) { return strcmp(step, "peer") == 0; }

enum { MAX_PEERS = 64 };

/* Mounts of the machine, taken before all here become their slaves; in the order of their steps. */
static int peers[MAX_PEERS], n_peers, next_peer;

static int take_peers(const struct launch *launch) {
  for (int i = 0; i + 2 < launch->n_stage; i += 3) {
    if (!is_peer(launch->stage[i])) {
      continue;
    }
    if (n_peers == MAX_PEERS) {
      errno = E2BIG;
      return -1;
    }
    peers[n_peers] = syscall(SYS_open_tree, AT_FDCWD, launch->stage[i + 1],
                             OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (peers[n_peers] < 0) {
      return -1;
    }
    n_peers++;
  }
  return 0;
}

static int show_peer(const char *target) {
  int peer = peers[next_peer++];
  int result = syscall(SYS_move_mount, peer, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
  drop(peer);
  return result;
}

static int is_volume(const char *step) {
  return strcmp(step, "volume") == 0 || strcmp(step, "into") == 0;
}

/* Returns -1, with errno and `why`. */
static int take_step(const struct launch *launch, char **step, char *why, size_t size) {
  const char *source = step[1], *target = step[2];
  if (is_volume(step[0])) {
    return mount_volume(launch, step, why, size);
  }
  if (strcmp(step[0], "reach") == 0) {
    return reach(launch, step, why, size);
  }
  snprintf(why, size, "Failed to prepare mounts for the OCI runtime (%s %s)", step[0], step[1]);
  if (is_users(step[0]) || strcmp(step[0], "follow") == 0) {
    return 0; /* Taken already, or later. */
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
  if (strcmp(step[0], "way") == 0) {
    return mount_sandbox_way(launch, source);
  }
  if (strcmp(step[0], "keep") == 0) {
    return keep_way(source, target);
  }
  if (strcmp(step[0], "bind") == 0) {
    return mount(source, target, NULL, BIND_ALL, NULL);
  }
  if (is_peer(step[0])) {
    return show_peer(target);
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

int make_mounts(void) {
  return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, SLAVE_ALL, NULL) < 0 ? -1 : 0;
}

void set_stage(const struct launch *launch, int failure) {
  if (take_peers(launch) < 0) {
    fail(failure, "Failed to open a volume with mount propagation");
  }
  if (make_mounts() < 0) {
    fail(failure, "Failed to make a mount namespace for the OCI runtime");
  }
  for (int i = 0; i + 2 < launch->n_stage; i += 3) {
    char why[PATH_MAX + 256];
    if (take_step(launch, launch->stage + i, why, sizeof why) < 0) {
      fail(failure, "%s", why);
    }
  }
}
