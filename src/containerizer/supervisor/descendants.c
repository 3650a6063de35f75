/*
 * The processes below this one. Every orphan among them becomes its child, so all are reached from here,
 * generation by generation, at the cost of a few small files each, however many processes the machine
 * has besides.
 */
#include "container.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pids {
  pid_t *list;
  size_t count, room;
};

struct kinship {
  pid_t parent, pid;
};

/* All processes of the machine, by parent: read where the kernel does not list children. */
struct table {
  struct kinship *list;
  size_t count, room;
  int is_read;
};

/* What there is no memory for is left out: it is found again by the next round of killing. */
static void add_pid(struct pids *pids, pid_t pid) {
  if (pids->count == pids->room) {
    size_t room = pids->room ? pids->room * 2 : 64;
    pid_t *grown = realloc(pids->list, room * sizeof *grown);
    if (!grown) {
      return;
    }
    pids->list = grown;
    pids->room = room;
  }
  pids->list[pids->count++] = pid;
}

static int compare_pids(const void *one, const void *other) {
  pid_t a = *(const pid_t *)one, b = *(const pid_t *)other;
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
  /* A kinship begins with the parent. */
  if (table->count > 0) {
    qsort(table->list, table->count, sizeof *table->list, compare_pids);
  }
  table->is_read = 1;
}

static void children_in_table(struct table *table, pid_t parent, struct pids *found) {
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
  for (; low < table->count && table->list[low].parent == parent; low++) {
    add_pid(found, table->list[low].pid);
  }
}

/* Each of a process's threads has the children that it has forked. */
static void children_in_files(pid_t parent, struct pids *found) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
  DIR *threads = opendir(path);
  struct dirent *item;
  while (threads && (item = readdir(threads))) {
    int thread = atoi(item->d_name);
    if (thread <= 0) {
      continue;
    }
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, thread);
    FILE *file = fopen(path, "re");
    int pid;
    while (file && fscanf(file, "%d", &pid) == 1) {
      add_pid(found, pid);
    }
    if (file) {
      fclose(file);
    }
  }
  if (threads) {
    closedir(threads);
  }
}

static struct pids descendants(void) {
  struct pids found = {NULL, 0, 0};
  struct table table = {NULL, 0, 0, 0};
  int listed = access("/proc/thread-self/children", R_OK) == 0;
  pid_t parent = getpid();
  for (size_t next = 0; parent > 0; next++) {
    if (listed) {
      children_in_files(parent, &found);
    } else {
      children_in_table(&table, parent, &found);
    }
    parent = next < found.count ? found.list[next] : 0;
  }
  free(table.list);
  return found;
}

/*
 * The kernel may leave out a child whose sibling ends while the list is read, so that it is read again:
 * each process gets the signal once.
 */
void signal_descendants(int number) {
  struct pids told = {NULL, 0, 0};
  for (int round = 0; round < 2; round++) {
    struct pids found = descendants();
    size_t known = told.count;
    for (size_t i = 0; i < found.count; i++) {
      pid_t pid = found.list[i];
      if (known == 0 || !bsearch(&pid, told.list, known, sizeof pid, compare_pids)) {
        kill(pid, number);
        add_pid(&told, pid);
      }
    }
    free(found.list);
    if (told.count > 0) {
      qsort(told.list, told.count, sizeof *told.list, compare_pids);
    }
  }
  free(told.list);
}
