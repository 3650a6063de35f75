/*
 * Watches the memory of a container: that of the cgroup whose limit counts for it, which may be that of the
 * container it is nested in. The kernel tells when the limit is hit, and in v1 how hard it is to find
 * memory. What it says of the memory then is on record before the container ends.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Of pressure, as Mesos counts it. A level is also told of what is worse. */
static const char *const LEVELS[] = {"low", "medium", "critical"};
enum { N_LEVELS = sizeof LEVELS / sizeof *LEVELS };
/* Statistics of memory have less than 4 KiB; the record has room for so much. */
enum { MAX_STATISTICS = 4000, MAX_FIGURES = MAX_STATISTICS + 64 };

struct memory {
  const char *group;
  int events;  /* An epoll of all that follows. */
  int limit;   /* v1: an eventfd; v2: an inotify of memory.events.local. */
  int levels[N_LEVELS];
  int pause;   /* A timer: the counts are written once a second at most. */
  int is_unified, is_pausing, is_changed;
  uint64_t counts[N_LEVELS];
  /* What there is to record of a limit that was hit; empty: none was. */
  char figures[MAX_FIGURES];
};

static ssize_t read_in(const char *group, const char *name, char *text, size_t size) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", group, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
  drop(fd);
  text[n < 0 ? 0 : n] = 0;
  return n;
}

static void watch_too(const struct memory *memory, int fd) {
  struct epoll_event event = {.events = EPOLLIN};
  if (fd >= 0) {
    epoll_ctl(memory->events, EPOLL_CTL_ADD, fd, &event);
  }
}

/* An eventfd that counts what v1 tells about a file; -1, with errno. */
static int listen_to(const char *group, const char *name, const char *more) {
  char path[PATH_MAX], text[64];
  snprintf(path, sizeof path, "%s/%s", group, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  int fd = file < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  snprintf(text, sizeof text, "%d %d %s", fd, file, more);
  snprintf(path, sizeof path, "%s/cgroup.event_control", group);
  if (fd >= 0 && write_file(path, 0, text) < 0) {
    drop(fd);
    fd = -1;
  }
  drop(file);
  return fd;
}

struct memory *watch_memory(const char *group) {
  char path[PATH_MAX];
  struct memory *memory = calloc(1, sizeof *memory);
  if (!memory) {
    return NULL;
  }
  memory->group = group;
  memory->pause = -1;
  memory->events = epoll_create1(EPOLL_CLOEXEC);
  snprintf(path, sizeof path, "%s/memory.events.local", group);
  memory->is_unified = access(path, F_OK) == 0;
  if (memory->is_unified) {
    memory->limit = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (inotify_add_watch(memory->limit, path, IN_MODIFY) < 0) {
      return NULL;
    }
  } else {
    memory->limit = listen_to(group, "memory.oom_control", "");
    for (int i = 0; i < N_LEVELS; i++) {
      memory->levels[i] = listen_to(group, "memory.pressure_level", LEVELS[i]);
      watch_too(memory, memory->levels[i]);
    }
    memory->pause = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    watch_too(memory, memory->pause);
  }
  watch_too(memory, memory->limit);
  return memory->events < 0 || memory->limit < 0 ? NULL : memory;
}

int memory_events(const struct memory *memory) {
  return memory ? memory->events : -1;
}

static uint64_t count_of(int fd) {
  uint64_t count;
  return fd >= 0 && read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

/* How often v2 has seen the limit of this very cgroup hit. */
static int has_hit(const struct memory *memory) {
  char text[1024], *found;
  read_in(memory->group, "memory.events.local", text, sizeof text);
  found = strstr(text, "\noom ");
  return found && atol(found + 5) > 0;
}

static void take_figures(struct memory *memory) {
  char limit[32], most[32], statistics[MAX_STATISTICS];
  int unified = memory->is_unified;
  read_in(memory->group, unified ? "memory.max" : "memory.limit_in_bytes", limit, sizeof limit);
  if (read_in(memory->group, unified ? "memory.peak" : "memory.max_usage_in_bytes", most,
              sizeof most) <= 0) {
    read_in(memory->group, "memory.current", most, sizeof most);
  }
  read_in(memory->group, "memory.stat", statistics, sizeof statistics);
  limit[strcspn(limit, "\n")] = most[strcspn(most, "\n")] = 0;
  snprintf(memory->figures, sizeof memory->figures, "%s %s\n%s", limit, most, statistics);
}

static void write_counts(struct memory *memory, const char *run) {
  char text[96], line[128];
  snprintf(text, sizeof text, "%llu %llu %llu", (unsigned long long)memory->counts[0],
           (unsigned long long)memory->counts[1], (unsigned long long)memory->counts[2]);
  seal(line, sizeof line, text);
  overwrite(run, "pressure", line);
  memory->is_changed = 0;
  memory->is_pausing = 1;
  struct itimerspec second = {.it_value = {.tv_sec = 1}};
  timerfd_settime(memory->pause, 0, &second, NULL);
}

/* v2 is asked once more when the process has ended: it may tell late. */
int take_memory_events(struct memory *memory, const char *run, int has_ended) {
  if (!memory) {
    return 0;
  }
  for (int i = 0; i < N_LEVELS && !memory->is_unified; i++) {
    uint64_t count = count_of(memory->levels[i]);
    memory->counts[i] += count;
    memory->is_changed |= count > 0;
  }
  if (count_of(memory->pause) > 0) {
    memory->is_pausing = 0;
  }
  if (memory->is_changed && !memory->is_pausing) {
    write_counts(memory, run);
  }
  char events[4096];
  int is_told = has_ended;
  while (memory->is_unified && read(memory->limit, events, sizeof events) > 0) {
    is_told = 1;
  }
  int is_hit = memory->is_unified ? is_told && has_hit(memory) : count_of(memory->limit) > 0;
  if (is_hit && !*memory->figures) {
    take_figures(memory);
    return 1;
  }
  return 0;
}

const char *memory_figures(const struct memory *memory) {
  return memory && *memory->figures ? memory->figures : NULL;
}
