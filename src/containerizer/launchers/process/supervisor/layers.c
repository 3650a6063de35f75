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
 *   f  file, whose content follows       l  symbolic link             b, c  devices, of which none is made
 *   F  the same with holes: pieces follow until it has its size, each two u64, of zeros and of content,
 *      and that content
 *   d  folder, also where there is one   h  hard link to another path    p  fifo
 *   w  whiteout: what the layers below have of that name is not there
 *   o  opaque: so is all that they have in that folder
 *   s  the last mode and time of a folder
 *   z  (and nothing besides) All is written to the disk.
 *
 * Whiteouts are as the kernel's overlay has them. In the end a line says `ok`, or what went wrong; without
 * the last operation all is taken for unfinished. Who is not root owns all.
 */
#include "container.h"
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* How much is written until the room on the disk is looked at again. */
enum { LOOK_BYTES = 8 << 20 };

static int root = -1, replaced = -1, is_root;
static unsigned long moved;
static uint64_t until_look;

static _Noreturn void stop(const char *what, const char *path) {
  printf("%s '%s': %s\n", what, path, strerror(errno));
  exit(1);
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

static int make_opaque(int folder) {
  return fsetxattr(folder, opaque_attribute(is_root), "y", 1, 0);
}

/* What the layers below say of it counts; where marks cannot be had, they are not needed either. */
static int set_listed(int folder, int is_listed) {
  const char *mark = unlisted_attribute(is_root);
  int result = is_listed ? fremovexattr(folder, mark) : fsetxattr(folder, mark, "y", 1, 0);
  return result < 0 && errno != ENODATA && errno != EOPNOTSUPP ? -1 : 0;
}

/* Opens the folder, and makes it where there is none. */
static int folder_in(int above, const char *name, int is_listed) {
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
  /*
   * One that is listed and has just been made has no mark. Of one that the layer takes away, and makes anew,
   * what the layers below say does not count.
   */
  if (folder >= 0 && ((made && fchmod(folder, 0755) < 0) || (was_whiteout && make_opaque(folder) < 0) ||
                      (made != is_listed && set_listed(folder, is_listed || was_whiteout) < 0))) {
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
    int next = folder_in(here, name, 0);
    drop(here);
    here = next;
  }
  return here;
}

/* Of a failure to open a folder: there is none, but perhaps something else. */
static int is_missing(void) { return errno == ENOENT || errno == ENOTDIR || errno == ELOOP; }

/* Opens the folder, and makes it, with those on the way, where it is missing. */
static int made_folder(const char *path) {
  int folder = beneath(path, O_RDONLY | O_DIRECTORY);
  return folder < 0 && is_missing() ? make_folders(path) : folder;
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
  int found = made_folder(above);
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
    const char *key = take_text(&at, it->end, &length);
    const char *value = key ? take_text(&at, it->end, &size) : NULL;
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

static int has_room(uint64_t bytes) {
  if (until_look > bytes) {
    until_look -= bytes;
    return 1;
  }
  until_look = LOOK_BYTES;
  return has_disk_room(root);
}

static int write_content(int file, uint64_t left) {
  while (left > 0) {
    size_t some;
    const unsigned char *bytes = look_at_content(&some);
    if (!bytes) {
      exit(1); /* The agent has gone, or has given up. */
    }
    some = some < left ? some : left;
    if (!has_room(some)) {
      return -1;
    }
    ssize_t n = write(file, bytes, some);
    if (n < 0) {
      return -1;
    }
    pass_content(n);
    left -= n;
  }
  return 0;
}

/* What is no content of a new file are zeros, without room on the disk. */
static int write_pieces(int file, uint64_t size) {
  uint64_t left = size;
  while (left > 0) {
    uint64_t hole, content;
    if (!take_piece(&hole, &content)) {
      exit(1); /* The agent has gone, or has given up. */
    }
    if (hole > left || content > left - hole || hole + content == 0) {
      errno = EINVAL;
      return -1;
    }
    if (lseek(file, hole, SEEK_CUR) < 0 || write_content(file, content) < 0) {
      return -1;
    }
    left -= hole + content;
  }
  return ftruncate(file, size);
}

static int fill_file(int file, const struct operation *it) {
  return it->kind == 'F' ? write_pieces(file, it->number) : write_content(file, it->number);
}

/* Opens a file that nobody had before, to write to. */
static int new_file(int folder, const char *name, mode_t mode) {
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int file = openat(folder, name, flags, mode);
  return file < 0 && make_way(folder, name) ? openat(folder, name, flags, mode) : file;
}

static int make_file(int folder, const char *name, const struct operation *it) {
  int file = new_file(folder, name, 0600);
  /* A change of the owner takes bits and attributes away. */
  int result = file < 0 || fill_file(file, it) < 0 || set_owner(file, -1, NULL, it) < 0 ||
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
  int folder = *it->path ? (above < 0 ? -1 : folder_in(above, name, 1)) : dup(root);
  int result = folder < 0 || set_owner(folder, -1, NULL, it) < 0 || set_attributes(folder, it) < 0 ? -1 : 0;
  drop(folder);
  return result;
}

/*
 * Devices are made for no one: some runtimes take away what keeps those of a root file system from being
 * used, and whoever has made the image could reach the machine's disks by one. A file takes the place, so
 * that nothing of the layers below is seen there, and links to it lead somewhere.
 */
static int make_nothing(int folder, const char *name, const struct operation *it) {
  int file = new_file(folder, name, 0);
  int result = file < 0 || set_time(file, NULL, it) < 0 ? -1 : 0;
  drop(file);
  return result;
}

static int make_fifo(int folder, const char *name, const struct operation *it) {
  if (mknodat(folder, name, S_IFIFO | 0600, 0) < 0 &&
      (!make_way(folder, name) || mknodat(folder, name, S_IFIFO | 0600, 0) < 0)) {
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
  int result = there < 0 || make_opaque(there) < 0 || set_listed(there, 1) < 0 ? -1 : 0;
  drop(there);
  return result;
}

/*
 * Whether the layer itself has a file or link in the place of the folder, or of one on the way: then nothing
 * is seen of what those below have in it, and what is said of that says nothing.
 */
static int is_covered(const char *path, size_t length) {
  char way[4096];
  snprintf(way, sizeof way, "%.*s", (int)length, path);
  for (char *end = way; end;) {
    struct stat status;
    end = strchr(end, '/');
    if (end) {
      *end = 0;
    }
    int there = beneath(way, O_PATH);
    int failed = there < 0 || fstat(there, &status) < 0;
    drop(there);
    if (failed) {
      return 0;
    }
    if (!S_ISDIR(status.st_mode)) {
      return !is_whiteout(&status);
    }
    if (end) {
      *end++ = '/';
    }
  }
  return 0;
}

static int take_opaque(const char *path) {
  if (is_covered(path, strlen(path))) {
    return 0;
  }
  int folder = made_folder(path), result = folder < 0 ? -1 : make_opaque(folder);
  drop(folder);
  return result;
}

/* The folder may have been replaced since. */
static int seal_folder(const struct operation *it) {
  int folder = beneath(it->path, O_RDONLY | O_DIRECTORY);
  if (folder < 0) {
    return is_missing() ? 0 : -1;
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
  const char *name, *slash = strrchr(it->path, '/');
  if (it->kind == 'w' && slash && is_covered(it->path, slash - it->path)) {
    return 0;
  }
  int folder = parent_of(it->path, &name);
  if (folder < 0) {
    return -1;
  }
  switch (it->kind) {
    case 'f':
    case 'F':
      return make_file(folder, name, it);
    case 'l':
      return make_link(folder, name, it);
    case 'h':
      return make_hard_link(folder, name, it);
    case 'w':
      return make_whiteout(folder, name);
    case 'c':
    case 'b':
      return make_nothing(folder, name, it);
    case 'p':
      return make_fifo(folder, name, it);
    default:
      errno = EINVAL;
      return -1;
  }
}

int fill_layer(const char *folder) {
  is_root = geteuid() == 0;
  umask(0);
  if (open_input() < 0) {
    stop("Failed to get memory for", folder);
  }
  if (chdir(folder) < 0 || (root = open("layer/files", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
      (replaced = open("replaced", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
      (is_root && chroot(".") < 0)) {
    stop("Failed to enter", folder);
  }
  struct operation it;
  for (int is_whole; (is_whole = take_operation(&it)) != 0;) {
    if (is_whole < 0) {
      errno = EINVAL;
      stop("Failed to read an operation after", parent_path);
    }
    if (it.kind == 'z') {
      if (syncfs(root) < 0) {
        stop("Failed to write to the disk", folder);
      }
      puts("ok");
      return 0;
    }
    if (!has_room(4096) || carry_out(&it) < 0) {
      stop("Failed to make", it.path);
    }
  }
  return 1;
}
