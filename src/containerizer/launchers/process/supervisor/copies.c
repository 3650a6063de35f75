/*
 * Makes a root file system by copying the layers of an image into a folder, one over the other: what a
 * kernel's overlay would show.
 *
 *   copy FOLDER LAYER...   FOLDER is empty; the lowest layer is the first.
 *
 * Layers say what they take away as overlays do: by devices of the number 0, and by an attribute of folders.
 * No link is followed. Data are shared with the layer where the file system can. A line says what went wrong.
 */
#include "container.h"
#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 20, MAX_ATTRIBUTES = 64 << 10 };

static int is_root, target = -1;
/* Where the copy is, for messages and for hard links. */
static char path[8192];

/* The first copies of files with several names, within one layer: a table with room for twice as many. */
struct copied {
  ino_t file;
  char *path;
};
static struct copied *copied;
static size_t n_copied, room_copied;

static int remove_tree(int folder, const char *name);

/* Closes the folder. */
static int empty_folder(int folder) {
  DIR *entries = fdopendir(folder);
  int result = entries ? 0 : -1;
  for (struct dirent *each; result == 0 && (errno = 0, each = readdir(entries));) {
    if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0) {
      result = remove_tree(folder, each->d_name);
    }
  }
  int error = errno;
  if (entries) {
    closedir(entries);
  } else {
    drop(folder);
  }
  errno = error;
  return result < 0 || error ? -1 : 0;
}

static int open_folder(int above, const char *name) {
  return openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int remove_tree(int folder, const char *name) {
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) {
    return 0;
  }
  if (errno != EISDIR && errno != EPERM) {
    return -1;
  }
  int inner = open_folder(folder, name);
  return inner < 0 || empty_folder(inner) < 0 ? -1 : unlinkat(folder, name, AT_REMOVEDIR);
}

static int set_rest(int fd, const struct stat *status) {
  struct timespec times[2] = {status->st_mtim, status->st_mtim};
  return fchmod(fd, status->st_mode & 07777) < 0 || futimens(fd, times) < 0 ? -1 : 0;
}

static int set_owner(int fd, const struct stat *status) {
  return is_root ? fchown(fd, status->st_uid, status->st_gid) : 0;
}

static int copy_attributes(int from, int to) {
  static char names[MAX_ATTRIBUTES], value[MAX_ATTRIBUTES];
  ssize_t size = flistxattr(from, names, sizeof names);
  if (size < 0) {
    return errno == EOPNOTSUPP ? 0 : -1;
  }
  for (char *name = names; name < names + size; name += strlen(name) + 1) {
    if (strncmp(name, "trusted.", 8) == 0 || strncmp(name, "user.overlay.", 13) == 0 ||
        strcmp(name, "security.selinux") == 0) {
      continue;
    }
    ssize_t length = fgetxattr(from, name, value, sizeof value);
    if (length < 0 || (fsetxattr(to, name, value, length, 0) < 0 && errno != EOPNOTSUPP)) {
      return -1;
    }
  }
  return 0;
}

int copy_folder_attributes(int from, int to, int as_root) {
  struct stat status;
  is_root = as_root;
  return fstat(from, &status) < 0 || set_owner(to, &status) < 0 || copy_attributes(from, to) < 0 ||
                 set_rest(to, &status) < 0
             ? -1
             : 0;
}

static int copy_content(int from, int to, off_t left) {
  static char buffer[COPY_BYTES];
  if (left == 0 || ioctl(to, FICLONE, from) == 0) {
    return 0;
  }
  while (left > 0 && has_disk_room(target)) {
    ssize_t n = copy_file_range(from, NULL, to, NULL, 8 * COPY_BYTES, 0);
    if (n < 0 && (errno == EXDEV || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL)) {
      n = read(from, buffer, sizeof buffer);
      for (ssize_t done = 0, some; n > 0 && done < n; done += some) {
        if ((some = write(to, buffer + done, n - done)) < 0) {
          return -1;
        }
      }
    }
    if (n <= 0) {
      return n < 0 ? -1 : 0;
    }
    left -= n;
  }
  return left > 0 ? -1 : 0;
}

static int copy_file(int from_folder, int to_folder, const char *name, const struct stat *status) {
  int from = openat(from_folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  int to = from < 0 ? -1 : openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int result = to < 0 || copy_content(from, to, status->st_size) < 0 || set_owner(to, status) < 0 ||
                       copy_attributes(from, to) < 0 || set_rest(to, status) < 0
                   ? -1
                   : 0;
  drop(from);
  drop(to);
  return result;
}

static int copy_special(int from, int to, const char *name, const struct stat *status) {
  struct timespec times[2] = {status->st_mtim, status->st_mtim};
  char text[4096];
  if (S_ISLNK(status->st_mode)) {
    ssize_t size = readlinkat(from, name, text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    if (size < 0 || symlinkat(text, to, name) < 0) {
      return -1;
    }
  } else if (mknodat(to, name, status->st_mode, status->st_rdev) < 0 ||
             fchmodat(to, name, status->st_mode & 07777, 0) < 0) {
    return -1;
  }
  if (is_root && fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
    return -1;
  }
  /* Who gets another owner loses bits. */
  if (is_root && !S_ISLNK(status->st_mode) && fchmodat(to, name, status->st_mode & 07777, 0) < 0) {
    return -1;
  }
  return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

/* Where the file is in the table, or would be. */
static struct copied *place_of(ino_t file) {
  size_t at = (file * 0x9E3779B97F4A7C15ull >> 20) & (room_copied - 1);
  while (copied[at].path && copied[at].file != file) {
    at = (at + 1) & (room_copied - 1);
  }
  return &copied[at];
}

static const char *copy_of(ino_t file) { return room_copied > 0 ? place_of(file)->path : NULL; }

static int widen(void) {
  struct copied *old = copied;
  size_t room = room_copied;
  if (!(copied = calloc(room ? 2 * room : 64, sizeof *copied))) {
    copied = old;
    return -1;
  }
  room_copied = room ? 2 * room : 64;
  for (size_t i = 0; i < room; i++) {
    if (old[i].path) {
      *place_of(old[i].file) = old[i];
    }
  }
  free(old);
  return 0;
}

static int note_copy(ino_t file) {
  char *text = 2 * (n_copied + 1) > room_copied && widen() < 0 ? NULL : strdup(path);
  if (!text) {
    return -1;
  }
  *place_of(file) = (struct copied){file, text};
  n_copied++;
  return 0;
}

static void forget_copies(void) {
  for (size_t i = 0; i < room_copied; i++) {
    free(copied[i].path);
  }
  free(copied);
  copied = NULL;
  n_copied = room_copied = 0;
}

static int copy_folder(int from, int to, int is_merged);

/* Of a folder that the layer does not list, only the content is hidden. */
static int clear(int inner, int to, const char *name, const struct stat *there) {
  return S_ISDIR(there->st_mode) && is_unlisted(inner, is_root) ? empty_folder(open_folder(to, name))
                                                                : remove_tree(to, name);
}

static int copy_inner(int from, int to, const char *name) {
  struct stat there;
  int inner = open_folder(from, name), copy = -1;
  if (inner >= 0 && fstatat(to, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
      (!S_ISDIR(there.st_mode) || is_opaque(inner, is_root)) && clear(inner, to, name, &there) < 0) {
    drop(inner);
    return -1;
  }
  int is_new = inner >= 0 && mkdirat(to, name, 0700) == 0;
  if (is_new || (inner >= 0 && errno == EEXIST)) {
    copy = open_folder(to, name);
  }
  if (copy < 0) {
    drop(inner);
    return -1;
  }
  /* Of a folder that it does not list, a layer says nothing. */
  return copy_folder(inner, copy, !is_new && is_unlisted(inner, is_root));
}

static int copy_entry(int from, int to, const char *name) {
  struct stat status;
  if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    return -1;
  }
  if (S_ISDIR(status.st_mode)) {
    return copy_inner(from, to, name);
  }
  if (remove_tree(to, name) < 0) {
    return -1;
  }
  if (is_whiteout(&status)) {
    return 0;
  }
  const char *first = status.st_nlink > 1 ? copy_of(status.st_ino) : NULL;
  if (first) {
    return linkat(target, first, to, name, 0);
  }
  int result = S_ISREG(status.st_mode) ? copy_file(from, to, name, &status)
                                       : copy_special(from, to, name, &status);
  return result == 0 && status.st_nlink > 1 ? note_copy(status.st_ino) : result;
}

/* Closes both. Merged: what it is like stays. */
static int copy_folder(int from, int to, int is_merged) {
  size_t length = strlen(path);
  DIR *entries = fdopendir(from);
  int result = entries ? 0 : -1;
  for (struct dirent *each; result == 0 && (errno = 0, each = readdir(entries));) {
    if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0) {
      continue;
    }
    if (length + strlen(each->d_name) + 2 > sizeof path) {
      errno = ENAMETOOLONG;
      result = -1;
      break;
    }
    sprintf(path + length, "%s%s", length ? "/" : "", each->d_name);
    if ((result = copy_entry(from, to, each->d_name)) == 0) {
      path[length] = 0;
    }
  }
  if (result == 0 && errno == 0) {
    result = is_merged ? 0 : copy_folder_attributes(from, to, is_root);
  } else {
    result = -1;
  }
  int error = errno;
  if (entries) {
    closedir(entries);
  } else {
    drop(from);
  }
  drop(to);
  errno = error;
  return result;
}

int begin_with_layers(void) {
  int as_root = geteuid() == 0;
  /* Where its user is root, it may read what the user may not, and write to closed folders. */
  if (!as_root) {
    make_users();
  }
  umask(0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  return as_root;
}

int copy_layers(int count, char **folders) {
  /* Two files for each folder on the way to one. */
  is_root = begin_with_layers();
  target = open(folders[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = target < 0 ? -1 : 0;
  for (int i = 1; result == 0 && i < count; i++) {
    int layer = open(folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int all = layer < 0 ? -1 : dup(target);
    path[0] = 0;
    forget_copies();
    if (all < 0 || (is_opaque(layer, is_root) && empty_folder(open_folder(target, ".")) < 0)) {
      result = -1;
    } else {
      result = copy_folder(layer, all, 0);
    }
  }
  if (result < 0) {
    printf("Failed to copy '%s': %s\n", path, strerror(errno));
  }
  return result < 0;
}
