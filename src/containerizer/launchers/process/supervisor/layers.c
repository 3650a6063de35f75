/*
 * Fills a folder with the files of an image's layer: carries out operations that come on standard input,
 * one after the other, until the one that ends them. The archive is read by the agent; what it holds is
 * in the hands of whoever has made it. So each path is opened below the folder without following a link
 * on the way, and nothing else of the machine can be reached by name. Where an operation finds a link or
 * file on its way to a name, it makes a folder in its place.
 *
 *   layer FOLDER   Fills FOLDER/layer/files. What is replaced is moved to FOLDER/replaced.
 *
 * An operation is a little-endian u32, the length of what follows, then its kind (u8), mode (u32), uid
 * (u32), gid (u32), seconds (i64) and nanoseconds (u32) of its last change, the size of a file or number
 * of a device (u64), n (u32), and 2 + 2 n texts, each a u32 length and bytes: its path, what it links to,
 * names and values of attributes. Kinds:
 *
 *   f  file, whose content follows       l  symbolic link             b, c  devices
 *   d  folder, also where there is one   h  hard link to another path    p  fifo
 *   w  whiteout: what the layers below have of that name is not there
 *   o  opaque: so is all that they have in that folder
 *   s  the last mode and time of a folder
 *   z  (and nothing besides) All is written to the disk.
 *
 * Whiteouts are as the kernel's overlay has them. In the end a line says `ok`, or what went wrong; without
 * the last operation all is taken for unfinished. Who is not root makes no devices, and owns all.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
  MAX_OPERATION = 4 << 20,
  BUFFER = 2 * MAX_OPERATION,
  /* How much is written until the room on the disk is looked at again, and how much is to be left. */
  LOOK_BYTES = 8 << 20,
  LEFT_BYTES = 16 << 20
};

struct operation {
  char kind;
  uint32_t mode, uid, gid, nanoseconds, n_attributes;
  int64_t seconds;
  uint64_t number;
  const char *path, *target;
  /* Of the attributes: names and values, as they came, in `taken`. */
  const unsigned char *at, *end;
};

static int root = -1, replaced = -1, is_root;
static unsigned long moved;
static uint64_t until_look;

static unsigned char *buffer;
static size_t begin, end;
/* The operation that is carried out: what follows it goes through the buffer meanwhile. */
static unsigned char *taken;

static _Noreturn void stop(const char *what, const char *path) {
  printf("%s '%s': %s\n", what, path, strerror(errno));
  exit(1);
}

/* At least `size` bytes lie in the buffer afterwards; 0 where the input ends before. */
static int want(size_t size) {
  if (BUFFER - begin < size) {
    memmove(buffer, buffer + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  while (end - begin < size) {
    ssize_t n = read(STDIN_FILENO, buffer + end, BUFFER - end);
    if (n <= 0 && !(n < 0 && errno == EINTR)) {
      return 0;
    }
    end += n > 0 ? n : 0;
  }
  return 1;
}

static uint64_t number(const unsigned char **at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) {
    value |= (uint64_t)(*at)[i] << (8 * i);
  }
  *at += bytes;
  return value;
}

/* Takes a text off the operation; NULL where it is too short. */
static const char *text(const unsigned char **at, const unsigned char *stop, size_t *size) {
  if (stop - *at < 4) {
    return NULL;
  }
  size_t length = number(at, 4);
  if ((size_t)(stop - *at) < length) {
    return NULL;
  }
  const char *found = (const char *)*at;
  *at += length;
  *size = length;
  return found;
}

/* The two texts are copied, so that they end. */
static int parse(const unsigned char *at, const unsigned char *stop, struct operation *it) {
  static char texts[2][4096];
  if (stop - at < 37) {
    return -1;
  }
  it->kind = *at++;
  it->mode = number(&at, 4);
  it->uid = number(&at, 4);
  it->gid = number(&at, 4);
  it->seconds = number(&at, 8);
  it->nanoseconds = number(&at, 4);
  it->number = number(&at, 8);
  it->n_attributes = number(&at, 4);
  for (int i = 0; i < 2; i++) {
    size_t size;
    const char *found = text(&at, stop, &size);
    if (!found || size >= sizeof texts[i] || memchr(found, 0, size)) {
      return -1;
    }
    memcpy(texts[i], found, size);
    texts[i][size] = 0;
  }
  it->path = texts[0];
  it->target = texts[1];
  it->at = at;
  it->end = stop;
  return 0;
}

/* The folder that a path is in, which stays open until another one is. */
static char parent_path[4096] = "/";
static int parent_fd = -1;

/* A path never begins so. The folder stays open as long as an operation may work in it. */
static void forget_parent(void) { strcpy(parent_path, "/"); }

static int beneath(const char *path, int flags) {
  struct open_how how = {
      .flags = flags | O_CLOEXEC | O_NOFOLLOW,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
  return syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

static int is_whiteout(const struct stat *status) {
  return S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/* Takes away what is there; -1 where that fails. A folder is moved as it is. */
static int take_away(int folder, const char *name, const struct stat *status) {
  char aside[32];
  if (!S_ISDIR(status->st_mode)) {
    return unlinkat(folder, name, 0);
  }
  forget_parent();
  snprintf(aside, sizeof aside, "%lu", moved++);
  return renameat(folder, name, replaced, aside);
}

/*
 * What is not in the archive of a folder: that nothing is seen of it in the layers below. An agent that is not
 * root mounts with attributes that users may set.
 */
static int make_opaque(int folder) {
  return fsetxattr(folder, is_root ? "trusted.overlay.opaque" : "user.overlay.opaque", "y", 1, 0);
}

/* Opens the folder, and makes it where there is none. */
static int folder_in(int above, const char *name) {
  struct stat status;
  int was_whiteout = 0, made = 0;
  if (mkdirat(above, name, 0755) == 0) {
    made = 1;
  } else if (errno != EEXIST || fstatat(above, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    return -1;
  } else if (!S_ISDIR(status.st_mode)) {
    was_whiteout = is_whiteout(&status);
    if (take_away(above, name, &status) < 0 || mkdirat(above, name, 0755) < 0) {
      return -1;
    }
    made = 1;
  }
  int folder = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder >= 0 && ((made && fchmod(folder, 0755) < 0) || (was_whiteout && make_opaque(folder) < 0))) {
    drop(folder);
    folder = -1;
  }
  return folder;
}

/* Goes down the path by single names. */
static int make_folders(const char *path) {
  char names[4096], *left;
  snprintf(names, sizeof names, "%s", path);
  int here = dup(root);
  for (char *name = strtok_r(names, "/", &left); here >= 0 && name; name = strtok_r(NULL, "/", &left)) {
    int next = folder_in(here, name);
    drop(here);
    here = next;
  }
  return here;
}

/* The folder of the path, which is made where it is missing, and the last name of the path. */
static int parent_of(const char *path, const char **name) {
  const char *slash = strrchr(path, '/');
  size_t length = slash ? slash - path : 0;
  *name = slash ? slash + 1 : path;
  if (parent_fd >= 0 && strlen(parent_path) == length && memcmp(parent_path, path, length) == 0) {
    return parent_fd;
  }
  forget_parent();
  drop(parent_fd);
  parent_fd = -1;
  char above[4096];
  snprintf(above, sizeof above, "%.*s", (int)length, path);
  int found = beneath(above, O_RDONLY | O_DIRECTORY);
  if (found < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    found = make_folders(above);
  }
  if (found >= 0) {
    parent_fd = found;
    strcpy(parent_path, above);
  }
  return found;
}

/* Makes room for something new; 1 where that should be tried again, now that there is. */
static int make_way(int folder, const char *name) {
  struct stat status;
  return errno == EEXIST && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         take_away(folder, name, &status) == 0;
}

static int set_owner(int fd, int folder, const char *name, const struct operation *it) {
  if (!is_root) {
    return 0;
  }
  return fd >= 0 ? fchown(fd, it->uid, it->gid)
                 : fchownat(folder, name, it->uid, it->gid, AT_SYMLINK_NOFOLLOW);
}

/* Only what a file system cannot have at all is left out, and what only root may give. */
static int set_attributes(int fd, const struct operation *it) {
  const unsigned char *at = it->at;
  for (uint32_t i = 0; i < it->n_attributes; i++) {
    char name[256];
    size_t length, size;
    const char *key = text(&at, it->end, &length);
    const char *value = key ? text(&at, it->end, &size) : NULL;
    if (!value || length >= sizeof name) {
      errno = EINVAL;
      return -1;
    }
    memcpy(name, key, length);
    name[length] = 0;
    if (fsetxattr(fd, name, value, size, 0) < 0 && errno != EOPNOTSUPP && (is_root || errno != EPERM)) {
      return -1;
    }
  }
  return 0;
}

static int set_time(int folder, const char *name, const struct operation *it) {
  struct timespec time = {it->seconds, it->nanoseconds}, both[2] = {time, time};
  return name ? utimensat(folder, name, both, AT_SYMLINK_NOFOLLOW) : futimens(folder, both);
}

/* Blocks that are kept for root are for the machine, and not for images. */
static int has_room(uint64_t bytes) {
  if (until_look > bytes) {
    until_look -= bytes;
    return 1;
  }
  struct statvfs status;
  until_look = LOOK_BYTES;
  if (fstatvfs(root, &status) == 0 && (uint64_t)status.f_bavail * status.f_frsize < LEFT_BYTES) {
    errno = ENOSPC;
    return 0;
  }
  return 1;
}

static int write_content(int file, uint64_t left) {
  while (left > 0) {
    if (begin == end && !want(1)) {
      exit(1); /* The agent has gone, or has given up. */
    }
    size_t some = end - begin < left ? end - begin : left;
    if (!has_room(some)) {
      return -1;
    }
    ssize_t n = write(file, buffer + begin, some);
    if (n < 0) {
      return -1;
    }
    begin += n;
    left -= n;
  }
  if (begin == end) {
    begin = end = 0;
  }
  return 0;
}

static int make_file(int folder, const char *name, const struct operation *it) {
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int file = openat(folder, name, flags, 0600);
  if (file < 0 && make_way(folder, name)) {
    file = openat(folder, name, flags, 0600);
  }
  /* A change of the owner takes bits and attributes away. */
  int result = file < 0 || write_content(file, it->number) < 0 || set_owner(file, -1, NULL, it) < 0 ||
                       fchmod(file, it->mode) < 0 || set_attributes(file, it) < 0 ||
                       set_time(file, NULL, it) < 0
                   ? -1
                   : 0;
  drop(file);
  return result;
}

static int make_folder(const struct operation *it) {
  const char *name;
  int above = *it->path ? parent_of(it->path, &name) : -1;
  int folder = *it->path ? (above < 0 ? -1 : folder_in(above, name)) : dup(root);
  int result = folder < 0 || set_owner(folder, -1, NULL, it) < 0 || set_attributes(folder, it) < 0 ? -1 : 0;
  drop(folder);
  return result;
}

static int make_special(int folder, const char *name, const struct operation *it) {
  mode_t type = it->kind == 'p' ? S_IFIFO : it->kind == 'b' ? S_IFBLK : S_IFCHR;
  if (!is_root && it->kind != 'p') {
    return 0;
  }
  dev_t device = makedev(it->number >> 32, it->number & 0xffffffff);
  if (mknodat(folder, name, type | 0600, device) < 0 &&
      (!make_way(folder, name) || mknodat(folder, name, type | 0600, device) < 0)) {
    return -1;
  }
  return set_owner(-1, folder, name, it) < 0 || fchmodat(folder, name, it->mode, 0) < 0 ||
                 set_time(folder, name, it) < 0
             ? -1
             : 0;
}

static int make_link(int folder, const char *name, const struct operation *it) {
  if (symlinkat(it->target, folder, name) < 0 &&
      (!make_way(folder, name) || symlinkat(it->target, folder, name) < 0)) {
    return -1;
  }
  return set_owner(-1, folder, name, it) < 0 || set_time(folder, name, it) < 0 ? -1 : 0;
}

static int make_hard_link(int folder, const char *name, const struct operation *it) {
  const char *slash = strrchr(it->target, '/'), *linked = slash ? slash + 1 : it->target;
  char above[4096];
  snprintf(above, sizeof above, "%.*s", (int)(slash ? slash - it->target : 0), it->target);
  struct stat there, here;
  int from = beneath(above, O_RDONLY | O_DIRECTORY);
  int result = from < 0 || fstatat(from, linked, &there, AT_SYMLINK_NOFOLLOW) < 0 ? -1 : 0;
  if (result == 0 && S_ISDIR(there.st_mode)) {
    errno = EPERM;
    result = -1;
  }
  int is_same = result == 0 && fstatat(folder, name, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
                here.st_dev == there.st_dev && here.st_ino == there.st_ino;
  if (result == 0 && !is_same && (result = linkat(from, linked, folder, name, 0)) < 0 &&
      make_way(folder, name)) {
    result = linkat(from, linked, folder, name, 0);
  }
  drop(from);
  return result;
}

/* What the layer itself has of that name stays, but nothing of those below is seen in it. */
static int make_whiteout(int folder, const char *name) {
  struct stat status;
  if (mknodat(folder, name, S_IFCHR, 0) == 0) {
    return 0;
  }
  if (errno != EEXIST || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    return -1;
  }
  if (!S_ISDIR(status.st_mode)) {
    return 0;
  }
  int there = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int result = there < 0 ? -1 : make_opaque(there);
  drop(there);
  return result;
}

static int take_opaque(const char *path) {
  int folder = beneath(path, O_RDONLY | O_DIRECTORY);
  if (folder < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    folder = make_folders(path);
  }
  int result = folder < 0 ? -1 : make_opaque(folder);
  drop(folder);
  return result;
}

/* The folder may have been replaced since. */
static int seal_folder(const struct operation *it) {
  int folder = beneath(it->path, O_RDONLY | O_DIRECTORY);
  if (folder < 0) {
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
  }
  int result = fchmod(folder, it->mode) < 0 || set_time(folder, NULL, it) < 0 ? -1 : 0;
  drop(folder);
  return result;
}

static int carry_out(const struct operation *it) {
  switch (it->kind) {
    case 'd':
      return make_folder(it);
    case 'o':
      return take_opaque(it->path);
    case 's':
      return seal_folder(it);
    default:
      break;
  }
  const char *name;
  int folder = parent_of(it->path, &name);
  if (folder < 0) {
    return -1;
  }
  switch (it->kind) {
    case 'f':
      return make_file(folder, name, it);
    case 'l':
      return make_link(folder, name, it);
    case 'h':
      return make_hard_link(folder, name, it);
    case 'w':
      return make_whiteout(folder, name);
    case 'c':
    case 'b':
    case 'p':
      return make_special(folder, name, it);
    default:
      errno = EINVAL;
      return -1;
  }
}

int fill_layer(const char *folder) {
  is_root = geteuid() == 0;
  umask(0);
  if (!(buffer = malloc(BUFFER)) || !(taken = malloc(MAX_OPERATION))) {
    stop("Failed to get memory for", folder);
  }
  if (chdir(folder) < 0 || (root = open("layer/files", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
      (replaced = open("replaced", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
      (is_root && chroot(".") < 0)) {
    stop("Failed to enter", folder);
  }
  while (want(4)) {
    const unsigned char *at = buffer + begin;
    size_t size = number(&at, 4);
    if (size > MAX_OPERATION || !want(4 + size)) {
      return 1;
    }
    memcpy(taken, buffer + begin + 4, size);
    begin += 4 + size;
    struct operation it;
    if (size == 1 && *taken == 'z') {
      if (syncfs(root) < 0) {
        stop("Failed to write to the disk", folder);
      }
      puts("ok");
      return 0;
    }
    if (parse(taken, taken + size, &it) < 0) {
      errno = EINVAL;
      stop("Failed to read an operation after", parent_path);
    }
    if (!has_room(4096) || carry_out(&it) < 0) {
      stop("Failed to make", it.path);
    }
  }
  return 1;
}
