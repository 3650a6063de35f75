/* The records of a container, and what /proc says of a process. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Writes to a regular file only, and does not wait for a FIFO in its place. */
int write_file(const char *path, int flags, const char *text) {
  struct stat found;
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | flags, 0644);
  if (fd < 0) {
    return -1;
  }
  if (fstat(fd, &found) < 0 || !S_ISREG(found.st_mode)) {
    close(fd);
    errno = ENXIO;
    return -1;
  }
  ssize_t size = strlen(text), written = write(fd, text, size);
  int error = written < 0 ? errno : ENOSPC;
  close(fd);
  errno = error;
  return written == size ? 0 : -1;
}

/* FNV-1a: tells a damaged text from a whole one. */
static unsigned checksum(const char *text) {
  unsigned sum = 2166136261u;
  for (; *text; text++) {
    sum = (sum ^ (unsigned char)*text) * 16777619u;
  }
  return sum;
}

/* A text that ends with the sum of what comes before it. */
void seal(char *line, size_t size, const char *text) {
  snprintf(line, size, "%s %08x\n", text, checksum(text));
}

/* A sealed file that appears with all of its content, or not at all, and only where there is none yet. */
int record(const char *directory, const char *name, const char *text) {
  char from[PATH_MAX], to[PATH_MAX], line[1024];
  snprintf(from, sizeof from, "%s/%s.%d", directory, name, (int)getpid());
  snprintf(to, sizeof to, "%s/%s", directory, name);
  seal(line, sizeof line, text);
  int result = write_file(from, O_CREAT | O_TRUNC, line);
  if (result == 0) {
    result = link(from, to);
  }
  int error = errno;
  unlink(from);
  errno = error;
  return result;
}

/* Writes in the room that the agent has made before the launch, so that a full disk does not matter. */
int overwrite(const char *directory, const char *name, const char *text) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return write_file(path, O_CREAT, text);
}

/* Renames what is in the place of a record and is no file, or none that can be written. */
int set_aside(const char *directory, const char *name) {
  char from[PATH_MAX], to[PATH_MAX];
  snprintf(from, sizeof from, "%s/%s", directory, name);
  snprintf(to, sizeof to, "%s/%s.damaged-%d", directory, name, (int)getpid());
  return rename(from, to);
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

void pause_ms(int milliseconds) {
  struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

void drop(int fd) {
  int error = errno;
  if (fd >= 0) {
    close(fd);
  }
  errno = error;
}
