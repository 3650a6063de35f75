/* A container's cgroups: makes them, kills all processes in them, and removes them. */
#include "container.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often, and how long each time, to wait for freezing: about two seconds in all. */
enum { FREEZE_LOOKS = 400, FREEZE_PAUSE_MS = 5 };

typedef void action(const char *group);

static int write_in(const char *group, const char *name, const char *text) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", group, name);
  return write_file(path, 0, text);
}

/* Removes the cgroups below `path`, which a task may have made, and then `path` itself. */
static void each_group(char path[PATH_MAX], action *act) {
  size_t length = strlen(path);
  DIR *directory = opendir(path);
  struct dirent *item;
  while (directory && (item = readdir(directory))) {
    if (item->d_type == DT_DIR && item->d_name[0] != '.' &&
        length + 1 + strlen(item->d_name) < PATH_MAX) {
      path[length] = '/';
      strcpy(path + length + 1, item->d_name);
      each_group(path, act);
      path[length] = 0;
    }
  }
  if (directory) {
    closedir(directory);
  }
  act(path);
}

static void kill_members(const char *group) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/cgroup.procs", group);
  FILE *file = fopen(path, "re");
  int pid;
  while (file && fscanf(file, "%d", &pid) == 1) {
    if (pid > 0) {
      kill(pid, SIGKILL);
    }
  }
  if (file) {
    fclose(file);
  }
}

static void thaw(const char *group) {
  write_in(group, "freezer.state", "THAWED");
}

static void remove_one(const char *group) {
  rmdir(group);
}

static int is_frozen(const char *group) {
  char path[PATH_MAX], state[16] = "";
  snprintf(path, sizeof path, "%s/freezer.state", group);
  FILE *file = fopen(path, "re");
  if (file) {
    if (!fgets(state, sizeof state, file)) {
      state[0] = 0;
    }
    fclose(file);
  }
  return strcmp(state, "FROZEN\n") == 0;
}

/*
 * The kernel freezes one process after the other. Until the last one is frozen, the others may fork, so
 * that a list of them would be out of date as soon as it is read.
 */
static void freeze(const char *group) {
  for (int looks = 0; looks < FREEZE_LOOKS; looks++) {
    if (write_in(group, "freezer.state", "FROZEN") < 0 || is_frozen(group)) {
      return;
    }
    pause_ms(FREEZE_PAUSE_MS);
  }
}

/*
 * v2 kills all with one write, which forks cannot outrun. With v1, processes that fork faster than they
 * are killed are frozen for that, and no others: if this process is killed before it thaws them, they
 * stay frozen until an agent looks for them.
 */
void kill_cgroup(const char *group, int may_freeze) {
  char path[PATH_MAX];
  if (write_in(group, "cgroup.kill", "1") == 0 || strlen(group) >= sizeof path) {
    return;
  }
  strcpy(path, group);
  if (may_freeze) {
    freeze(group);
  }
  each_group(path, kill_members);
  /* Also what others have frozen: frozen processes do not end. */
  each_group(path, thaw);
}

int remove_cgroup(const char *group) {
  char path[PATH_MAX];
  if (strlen(group) >= sizeof path || rmdir(group) == 0 || errno != EBUSY) {
    return 0;
  }
  strcpy(path, group);
  each_group(path, remove_one);
  return access(group, F_OK) == 0 ? -1 : 0;
}

/* The first of the cgroups nested in another one also makes what is between: never more than that. */
int make_cgroup(const char *group) {
  char above[PATH_MAX];
  if (mkdir(group, 0755) == 0 || errno == EEXIST) {
    return 0;
  }
  const char *last = strrchr(group, '/');
  if (errno != ENOENT || !last || last - group >= (int)sizeof above) {
    return -1;
  }
  memcpy(above, group, last - group);
  above[last - group] = 0;
  if (mkdir(above, 0755) < 0 && errno != EEXIST) {
    return -1;
  }
  return mkdir(group, 0755) == 0 || errno == EEXIST ? 0 : -1;
}
