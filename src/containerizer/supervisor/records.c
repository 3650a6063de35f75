/* Small files that appear whole or not at all, and what /proc says of a process. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int write_file(const char *path, int flags, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
  if (fd < 0) {
    return -1;
  }
  size_t size = strlen(text);
  int good = write(fd, text, size) == (ssize_t)size;
  int error = errno;
  close(fd);
  errno = error;
  return good ? 0 : -1;
}

/* A file appears under its name with all of its content, or not at all. */
int store(const char *directory, const char *name, const char *text, int exclusive) {
  char from[PATH_MAX], to[PATH_MAX];
  snprintf(from, sizeof from, "%s/%s.%d", directory, name, (int)getpid());
  snprintf(to, sizeof to, "%s/%s", directory, name);
  if (write_file(from, O_CREAT | O_TRUNC, text) < 0) {
    return -1;
  }
  int result = exclusive ? link(from, to) : rename(from, to);
  int error = errno;
  if (exclusive) {
    unlink(from);
  }
  errno = error;
  return result;
}

/* The parent and start time (clock ticks since boot) of a process; the time tells pids apart. */
int read_stat(pid_t pid, pid_t *parent, unsigned long long *start) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return -1;
  }
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) {
    return -1;
  }
  text[n] = 0;
  char *rest = strrchr(text, ')');
  int ppid = 0;
  if (!rest || sscanf(rest + 1,
                      " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
                      "%llu",
                      &ppid, start) != 2) {
    return -1;
  }
  *parent = ppid;
  return 0;
}
