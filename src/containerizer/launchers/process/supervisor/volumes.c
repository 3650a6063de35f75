/*
 * Mounts the volumes of a container below what becomes its root, in the mount namespace that is staged
 * for the OCI runtime: nothing of it is seen outside, and all of it is gone with the container's last
 * process. The runtime itself, which is root, keeps the machine's files. Each volume is a text of words:
 *
 *   volume MODE KIND SOURCE BELOW TARGET BELOW   MODE is `ro` or `rw`. KIND `there`: the source is
 *                                                there; `asked`: so, and the container's user has
 *                                                named it, and can reach it; `apart`: so, too, and
 *                                                the container does not see the machine's
 *                                                processes; `made`: a folder is made where there is
 *                                                nothing; `machine`: a file, which may be missing,
 *                                                in place of whatever file or link is there.
 *   secret MODE TARGET BELOW CONTENT             A file that is in memory only; CONTENT in hex.
 *   text MODE TARGET BELOW CONTENT               The same, in place of whatever file or link is there.
 *
 * A path is in two words. The first leads to a folder that is the operator's or the agent's, or to
 * whatever the container asked for: links are followed. What is BELOW it is in the hands of the
 * container's user, who may put a link anywhere, also while this runs: each part is opened by itself,
 * no link is followed, and what was opened is what is mounted, and mounted on. Where that is missing,
 * it is made, and belongs to whom the folder that it is in belongs to; in a volume that lies on the way,
 * the container's user makes it. Where the root has files of the container's own, what is missing on the
 * way to a target is made, too, and links lead to where they lead in the container. Source and target are
 * judged when they have been opened: volume-places.c.
 *
 * In words, a space, a percent sign and what is no printable character are written as %XX; an empty path
 * below is `-`.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *decoded(char *word) {
  char *to = word;
  for (char *from = word; *from; from++) {
    if (*from == '%' && digit(from[1]) >= 0 && digit(from[2]) >= 0) {
      *to++ = digit(from[1]) * 16 + digit(from[2]);
      from += 2;
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
  return word;
}

/* What is made where something is missing. */
enum make { NOTHING, FOLDERS, FOLDERS_AND_FILE };

/* Goes on from `here`, which it closes. A link is not followed. */
static int open_from(const struct launch *launch, int here, char *below, enum make make) {
  unsigned long long mount = here < 0 ? 0 : mount_of(here);
  char *left;
  for (char *name = strtok_r(below, "/", &left); here >= 0 && name;) {
    char *after = strtok_r(NULL, "/", &left);
    struct stat status;
    int next = openat(here, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 && errno == ENOENT && make != NOTHING &&
        make_in(launch, mount, here, name, !after && make == FOLDERS_AND_FILE) == 0) {
      next = openat(here, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    }
    if (next >= 0 && fstat(next, &status) == 0 && S_ISLNK(status.st_mode)) {
      close(next);
      next = -1;
      errno = ELOOP;
    }
    drop(here);
    here = next;
    name = after;
  }
  return here;
}

/* The folder that becomes the container's root, and whether it has files of the container's own. */
struct root {
  int fd, is_own;
  const struct launch *launch;
};

static int open_target(struct root root, const char *top, char *below, enum make make) {
  int is_file = make == FOLDERS_AND_FILE && !*below;
  /* What a container asks for, and not its sandbox, is what its user can reach. */
  int here = root.is_own ? make_on_way(root.launch, root.fd, top, is_file)
             : *below    ? open_in(root.fd, top)
                         : open_in_as_user(root.launch, root.fd, top);
  return open_from(root.launch, here, below, make);
}

/* What a link in a container's own files leads to is not what is mounted on. */
static int remove_link(struct root root, const char *top, const char *name) {
  struct stat status;
  int folder = make_on_way(root.launch, root.fd, top, 0), result = folder < 0 ? -1 : 0;
  if (folder >= 0 && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(status.st_mode)) {
    result = unlinkat(folder, name, 0);
  }
  drop(folder);
  return result;
}

static int is_folder(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Mounts what `source` (in which `name` may be) has, on what `target` has, with all mounts below it. */
static int attach(int source, const char *name, const char *mode, int target) {
  int tree = syscall(SYS_open_tree, source, name,
                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
  int result = tree;
  if (tree >= 0 && strcmp(mode, "ro") == 0) {
    result = syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                     sizeof attributes);
  }
  if (result >= 0) {
    result = syscall(SYS_move_mount, tree, "", target, "",
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  }
  drop(tree);
  return result < 0 ? -1 : 0;
}

/*
 * A path of the machine that is not there, or that the container's user cannot reach: which of the two is
 * not for that user to know.
 */
static const char *not_reached(struct root root, int found, int is_asked) {
  return found < 0 && is_asked && !root.is_own && !is_same_user(root.launch)
             ? "has no source or mount point that its user can reach"
             : NULL;
}

static int mount_folder(struct root root, char *words[], const char **objection) {
  const struct launch *launch = root.launch;
  const char *mode = words[0], *kind = words[1];
  enum make make = strcmp(kind, "made") == 0 ? FOLDERS : NOTHING;
  int is_apart = strcmp(kind, "apart") == 0;
  int is_asked = is_apart || strcmp(kind, "asked") == 0, is_elsewhere = !*words[5];
  int top = is_asked ? open_as_user(launch, words[2]) : open(words[2], O_PATH | O_CLOEXEC);
  int source = open_from(launch, top, words[3], make);
  if ((*objection = not_reached(root, source, is_asked))) {
    return -1;
  }
  if (source >= 0 && is_apart && shows_processes(root.fd, source)) {
    *objection = "would show the machine's processes, and the container sees its own only";
    drop(source);
    return -1;
  }
  if (strcmp(kind, "machine") == 0) {
    if (source < 0 && errno == ENOENT) {
      return 0;
    }
    if (source >= 0 && remove_link(root, words[4], words[5]) < 0) {
      drop(source);
      return -1;
    }
  }
  int target = source < 0 ? -1
                          : open_target(root, words[4], words[5],
                                        is_folder(source) ? FOLDERS : FOLDERS_AND_FILE);
  *objection = target < 0 ? not_reached(root, target, is_elsewhere) : objection_to(root.fd, target);
  int result = target < 0 || *objection ? -1 : attach(source, "", mode, target);
  drop(source);
  drop(target);
  return result;
}

static int write_hex(int file, const char *hex) {
  unsigned char bytes[4096];
  while (*hex) {
    size_t size = 0;
    for (; size < sizeof bytes && *hex; hex += 2) {
      if (digit(hex[0]) < 0 || digit(hex[1]) < 0) {
        errno = EINVAL;
        return -1;
      }
      bytes[size++] = digit(hex[0]) * 16 + digit(hex[1]);
    }
    if (write(file, bytes, size) != (ssize_t)size) {
      return -1;
    }
  }
  return 0;
}

/* A file system in memory, which is not written to swap where the kernel can be told so. */
static int new_memory(size_t bytes) {
  char size[24];
  snprintf(size, sizeof size, "%zu", bytes + 65536);
  int context = syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
  if (context < 0) {
    return -1;
  }
  syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "noswap", NULL, 0);
  int memory = -1;
  if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "size", size, 0) == 0 &&
      syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "mode", "0755", 0) == 0 &&
      syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
    memory = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  }
  drop(context);
  return memory;
}

/*
 * Only what is mounted somewhere can be mounted elsewhere: for a moment, the memory is on the folder of
 * the container's records, which nothing of this process looks at.
 */
static int mount_secret(struct root root, char *words[], const char **objection) {
  const char *scratch = root.launch->run;
  size_t size = strlen(words[3]) / 2;
  int is_elsewhere = !*words[2];
  int target = open_target(root, words[1], words[2], FOLDERS_AND_FILE);
  *objection = target < 0 ? not_reached(root, target, is_elsewhere) : objection_to(root.fd, target);
  int memory = target < 0 || *objection ? -1 : new_memory(size);
  int file = memory < 0 ? -1 : openat(memory, "secret", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  int result = file < 0 ? -1 : write_hex(file, words[3]);
  drop(file);
  if (result == 0) {
    result = syscall(SYS_move_mount, memory, "", AT_FDCWD, scratch, MOVE_MOUNT_F_EMPTY_PATH);
  }
  if (result == 0) {
    result = attach(memory, "secret", words[0], target);
    int error = errno;
    umount2(scratch, DETACH);
    errno = error;
  }
  drop(memory);
  drop(target);
  return result;
}

enum { MAX_WORDS = 6 };

/* Splits the text after its first word; returns how many words there are. */
static int split(char *text, char *words[MAX_WORDS]) {
  int n = 0;
  char *left;
  strtok_r(text, " ", &left);
  for (char *word; n < MAX_WORDS && (word = strtok_r(NULL, " ", &left)); n++) {
    words[n] = strcmp(word, "-") == 0 ? word + 1 : decoded(word);
  }
  return n;
}

/* Returns -1 with errno, or with an objection. */
static int mount_one(struct root root, char *text, char *target, size_t size, const char **objection) {
  char *words[MAX_WORDS];
  int is_text = strncmp(text, "text ", 5) == 0;
  int is_secret = is_text || strncmp(text, "secret ", 7) == 0;
  if (split(text, words) != (is_secret ? 4 : 6)) {
    errno = EINVAL;
    return -1;
  }
  const char *top = words[is_secret ? 1 : 4], *below = words[is_secret ? 2 : 5];
  snprintf(target, size, "%s%s%s", top, *below ? "/" : "", below);
  if (is_text && remove_link(root, top, below) < 0) {
    return -1;
  }
  return (is_secret ? mount_secret : mount_folder)(root, words, objection);
}

int mount_volume(const struct launch *launch, char **step, char *why, size_t size) {
  const char *path = step[1], *objection = NULL;
  char target[PATH_MAX];
  snprintf(target, sizeof target, "%s", path);
  char *text = strdup(step[2]);
  struct root root = {text ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1,
                      strcmp(step[0], "into") == 0, launch};
  int result = root.fd < 0 ? -1 : mount_one(root, text, target, sizeof target, &objection);
  int error = objection ? EPERM : errno;
  if (objection) {
    snprintf(why, size, "The volume at '%s' %s", target, objection);
  } else {
    snprintf(why, size, "Failed to mount the volume at '%s'", target);
  }
  free(text);
  errno = error;
  drop(root.fd);
  return result;
}
