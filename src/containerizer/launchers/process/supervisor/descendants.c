/*
 * The processes below this one. Every orphan among them becomes its child, so all are reached from here,
 * generation by generation, at the cost of a few small files each, however many processes the machine
 * has besides. They may fork faster than they are read: a walk ends after a number of them, and the next
 * walk finds those that it has left out.
 */
#include "container.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  /* The most processes and threads that one walk looks at. */
  MAX_LOOKS = 65536,
  /* The most processes that get SIGTERM when all are about to be killed. */
  CROWD = 1024,
  /* The most walks that send SIGSTOP; they end when one finds no new process. */
  MAX_STOPS = 8,
  /* The kernel gives no larger pid. */
  PID_LIMIT = 4194304
};

struct pids {
  pid_t *list;
  size_t count, room;
};

/* One bit a pid: pages of it that have none are never touched. */
typedef unsigned char *marks;

struct kinship {
  pid_t parent, pid;
};

/* All processes of the machine, by parent: read where the kernel does not list children. */
struct table {
  struct kinship *list;
  size_t count, room;
  int is_read;
};

/* A walk along the processes below this one, and the signal that they get. */
struct walk {
  int number;     /* The signal for each process, */
  int is_once;    /* or, if set, only for those not seen before. */
  marks seen, groups;
  int looks, fresh;
  struct pids found;
  struct table table;
};

/* Whether the process is new; without memory for marks, every process always is. */
static int mark(marks marks, pid_t pid) {
  if (pid <= 0 || pid >= PID_LIMIT || !marks) {
    return 1;
  }
  unsigned char bit = 1 << pid % 8;
  int is_first = !(marks[pid / 8] & bit);
  marks[pid / 8] |= bit;
  return is_first;
}

/*
 * A signal to a process group reaches all its processes at the same moment: none can fork in between. The
 * groups of a container's processes are the container's, except that a new process may still be in the
 * supervisor's. The process must still be the one that was found: where many fork, pids are reused fast.
 */
static void signal_group(pid_t pid, pid_t found_below, int number, marks groups) {
  pid_t group = getpgid(pid), parent;
  unsigned long long start;
  if (groups && group > 1 && group != getpgrp() && mark(groups, group) &&
      read_stat(pid, &parent, &start) == 0 && (parent == found_below || parent == getpid())) {
    kill(-group, number);
  }
}

/* A process gets its signal as soon as it is found. Processes without memory for them are left out. */
static void meet(struct walk *walk, pid_t parent, pid_t pid) {
  int is_first = mark(walk->seen, pid);
  walk->looks--;
  walk->fresh += is_first;
  if (is_first || !walk->is_once) {
    signal_group(pid, parent, walk->number, walk->groups);
    kill(pid, walk->number);
  }
  struct pids *found = &walk->found;
  if (found->count == found->room) {
    size_t room = found->room ? found->room * 2 : 64;
    pid_t *grown = realloc(found->list, room * sizeof *grown);
    if (!grown) {
      return;
    }
    found->list = grown;
    found->room = room;
  }
  found->list[found->count++] = pid;
}

static int is_over(const struct walk *walk) {
  sigset_t pending;
  if (walk->looks <= 0) {
    return 1;
  }
  /* Before a kill, SIGTERM to a great many processes would only delay it. */
  return walk->number == SIGTERM && MAX_LOOKS - walk->looks > CROWD &&
         sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1);
}

static int compare_kinship(const void *one, const void *other) {
  pid_t a = ((const struct kinship *)one)->parent, b = ((const struct kinship *)other)->parent;
  return (a > b) - (a < b);
}

static void read_table(struct table *table) {
  DIR *proc = opendir("/proc");
  struct dirent *item;
  while (proc && (item = readdir(proc))) {
    pid_t pid = atoi(item->d_name), parent;
    unsigned long long start;
    if (pid <= 0 || read_stat(pid, &parent, &start) < 0) {
      continue;
    }
    if (table->count == table->room) {
      size_t room = table->room ? table->room * 2 : 256;
      struct kinship *grown = realloc(table->list, room * sizeof *grown);
      if (!grown) {
        break;
      }
      table->list = grown;
      table->room = room;
    }
    table->list[table->count++] = (struct kinship){parent, pid};
  }
  if (proc) {
    closedir(proc);
  }
  if (table->count > 0) {
    qsort(table->list, table->count, sizeof *table->list, compare_kinship);
  }
  table->is_read = 1;
}

static void children_in_table(struct walk *walk, pid_t parent) {
  struct table *table = &walk->table;
  if (!table->is_read) {
    read_table(table);
  }
  size_t low = 0, high = table->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table->list[middle].parent < parent) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (; low < table->count && table->list[low].parent == parent && !is_over(walk); low++) {
    meet(walk, parent, table->list[low].pid);
  }
}

/* Each of a process's threads has the children that it has forked. */
static void children_in_files(struct walk *walk, pid_t parent) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
  DIR *threads = opendir(path);
  struct dirent *item;
  while (threads && !is_over(walk) && (item = readdir(threads))) {
    int thread = atoi(item->d_name);
    if (thread <= 0) {
      continue;
    }
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, thread);
    FILE *file = fopen(path, "re");
    int pid;
    walk->looks--;
    while (file && !is_over(walk) && fscanf(file, "%d", &pid) == 1) {
      meet(walk, parent, pid);
    }
    if (file) {
      fclose(file);
    }
  }
  if (threads) {
    closedir(threads);
  }
}

/* Returns how many were not in `seen` yet. */
static int walk(struct walk walk) {
  int listed = access("/proc/thread-self/children", R_OK) == 0;
  pid_t parent = getpid();
  walk.looks = MAX_LOOKS;
  for (size_t next = 0; parent > 0 && !is_over(&walk); next++) {
    if (listed) {
      children_in_files(&walk, parent);
    } else {
      children_in_table(&walk, parent);
    }
    parent = next < walk.found.count ? walk.found.list[next] : 0;
  }
  free(walk.table.list);
  free(walk.found.list);
  return walk.fresh;
}

static marks no_marks(void) {
  return calloc(1, PID_LIMIT / 8);
}

/*
 * The kernel may leave out a child whose sibling ends while the list is read, so that it is read again:
 * each process gets the signal once.
 */
void ask_descendants(void) {
  marks seen = no_marks();
  for (int round = 0; round < 2; round++) {
    walk((struct walk){.number = SIGTERM, .is_once = 1, .seen = seen});
  }
  free(seen);
}

/* All are stopped first: at a limit of processes, killing one would let another one fork. */
void kill_descendants(void) {
  marks seen = no_marks();
  int fresh = 1;
  for (int round = 0; round < MAX_STOPS && fresh > 0; round++) {
    marks groups = no_marks();
    fresh = walk((struct walk){.number = SIGSTOP, .seen = seen, .groups = groups});
    free(groups);
  }
  marks groups = no_marks();
  walk((struct walk){.number = SIGKILL, .groups = groups});
  free(groups);
  free(seen);
}
