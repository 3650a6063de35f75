/*
 * A file that keeps the output of a container, rotated when it is full. It lies in a folder that the
 * container's user fills: names there are renamed, removed and made, and never followed. Whatever the user
 * does, the files that are kept are no larger than they may be.
 */
#include "switchboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAME = 64 };

/* New files belong to whom the folder belongs to: the first may be a name of a file of somebody else's. */
void open_log(struct log *log, int file) {
  struct stat status = {0}, owner = {0};
  fstat(file, &status);
  if (fstat(log->folder, &owner) < 0) {
    owner = status;
  }
  log->file = file;
  log->size = status.st_size;
  log->uid = owner.st_uid;
  log->gid = owner.st_gid;
}

static void name_full(const struct log *log, unsigned number, char *name) {
  if (number == 0) {
    snprintf(name, MAX_NAME, "%s", log->name);
  } else {
    snprintf(name, MAX_NAME, "%s.%u", log->name, number);
  }
}

static void rotate(struct log *log) {
  char from[MAX_NAME], to[MAX_NAME];
  for (unsigned number = log->rotation.kept; number > 0; number--) {
    name_full(log, number - 1, from);
    name_full(log, number, to);
    renameat(log->folder, from, log->folder, to);
  }
  /* It is still there if none is kept, or something is in the way of its new name. */
  unlinkat(log->folder, log->name, 0);
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  int file = openat(log->folder, log->name, flags, 0644);
  if (file < 0 || (log->uid != geteuid() && fchown(file, log->uid, log->gid) < 0)) {
    /* Something is in its place, or the disk is full: the file that is open goes on, from its start. */
    if (file >= 0) {
      close(file);
    }
    if (ftruncate(log->file, 0) < 0) {
      return;
    }
  } else {
    close(log->file);
    log->file = file;
  }
  log->size = 0;
}

/* What does not fit on the file's disk is lost there. */
void write_log(struct log *log, const char *bytes, size_t size) {
  if (log->file < 0) {
    return;
  }
  unsigned long long max = log->rotation.max;
  while (size > 0) {
    if (max > 0 && log->size > 0 && log->size + size > max) {
      rotate(log);
    }
    ssize_t n = write(log->file, bytes, max > 0 && size > max ? max : size);
    if (n <= 0 && errno != EINTR) {
      return;
    }
    size_t done = n > 0 ? n : 0;
    bytes += done;
    size -= done;
    log->size += done;
  }
}
