/*
 * Threads with descriptors of their own: what such a thread has open does not show with its process.
 * Reads numbers of processes, a line each, and writes a line for each thread: PROCESS THREAD.
 */
#include "container.h"

#include <dirent.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Also where the kernel cannot say: it may have been built without that. */
static int shares_descriptors(pid_t one, pid_t other) {
  return syscall(SYS_kcmp, one, other, KCMP_FILES, 0, 0) <= 0;
}

/* Of threads that share theirs with the one before, that one is enough. */
static void tell_threads_of(pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", process);
  DIR *threads = opendir(path);
  pid_t last = process;
  for (struct dirent *it; threads && (it = readdir(threads));) {
    pid_t thread = atoi(it->d_name);
    if (thread > 0 && !shares_descriptors(process, thread) && !shares_descriptors(last, thread)) {
      printf("%d %d\n", process, thread);
      last = thread;
    }
  }
  if (threads) {
    closedir(threads);
  }
}

int tell_threads(void) {
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    pid_t process = atoi(line);
    if (process > 0) {
      tell_threads_of(process);
    }
  }
  return fflush(stdout) != 0;
}
