/*
 * Requests of the agent, as the spawner reads them: a little-endian u32 length, then kind (u8), token
 * (u32), strings ended by NUL.
 *
 *   L  mode, run directory, boot id, folder above, working directory, stdout, stderr, uid, gid,
 *      n, n supplementary groups, n, n cgroups to make and to remove, n, n cgroups to join, the one
 *      whose memory is watched,
 *      n, n settings of confinement.c, n, n words about input and output, n, n strings of the runtime's
 *      stage, n, n arguments of the OCI runtime (none: the process is started without), the files
 *      where it writes the pid and its log (runtime.c), n, n environment entries, n, n arguments
 *      (of neither there are any where a runtime has them from its configuration).
 *      mode `supervised`: a supervisor that holds its process until G. mode `bound`: the same, but it
 *      kills its container when the spawner ends. mode `plain`: a process without records and not
 *      held (checks, fetches); what it leaves behind ends with it, and all when the spawner ends.
 *      It makes no cgroups, and joins those of a container. uid `-`: no change. Without words about
 *      input and output the process writes right into its files; `pipes` or `terminal ROWS COLUMNS`
 *      connect it with its supervisor (switchboard.c), and `serve` lets the agent attach. `rotate 0 BYTES
 *      COUNT` (1 for standard error) rotates a file, and keeps so many full ones. For a session `logs PATH` is
 *      the folder of its files, and `owner UID` (or `-`) to whom its working directory belongs.
 *   D  cgroup, n, n rules of devices.c: what its processes can use of devices, in v2.
 *   G  lets a held supervisor go on.
 *   S  signal number. A supervisor takes SIGTERM (passed on to everything in the container) and
 *      SIGUSR1 (kills everything), and so does what watches over a plain process. One still held
 *      just ends.
 *   W  pid, start time: watches a supervisor or process of an earlier spawner.
 */
#include "container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *take(struct cursor *cursor) {
  char *text = cursor->at;
  char *stop = cursor->at < cursor->end ? memchr(text, 0, cursor->end - text) : NULL;
  if (!stop) {
    cursor->good = 0;
    return "";
  }
  cursor->at = stop + 1;
  return text;
}

char **take_list(struct cursor *cursor, int *count) {
  int n = atoi(take(cursor));
  if (n < 0 || n > cursor->end - cursor->at) {
    cursor->good = 0;
    n = 0;
  }
  char **list = calloc(n + 1, sizeof *list);
  if (!list) {
    cursor->good = 0;
    n = 0;
  }
  for (int i = 0; i < n; i++) {
    list[i] = take(cursor);
  }
  if (count) {
    *count = n;
  }
  return list;
}

static struct io take_io(struct cursor *cursor) {
  struct io io = {0};
  struct rotation rotation;
  unsigned which;
  int count;
  char **words = take_list(cursor, &count);
  for (int i = 0; i < count; i++) {
    if (strcmp(words[i], "pipes") == 0) {
      io.is_piped = 1;
    } else if (sscanf(words[i], "terminal %d %d", &io.rows, &io.columns) == 2) {
      io.has_terminal = 1;
    } else if (strcmp(words[i], "serve") == 0) {
      io.is_served = 1;
    } else if (sscanf(words[i], "rotate %u %llu %u", &which, &rotation.max, &rotation.kept) == 3 &&
               which < 2) {
      io.rotation[which] = rotation;
    } else if (strncmp(words[i], "logs ", 5) == 0) {
      io.logs = words[i] + 5;
    } else if (strncmp(words[i], "owner ", 6) == 0) {
      io.owner = words[i] + 6;
    } else {
      cursor->good = 0;
    }
  }
  free(words);
  return io;
}

int read_launch(struct cursor *cursor, struct launch *launch) {
  *launch = (struct launch){.program = -1, .status_pipe = {-1, -1}};
  int n_arguments;
  const char *mode = take(cursor);
  launch->bound = strcmp(mode, "bound") == 0;
  launch->supervised = launch->bound || strcmp(mode, "supervised") == 0;
  launch->run = take(cursor);
  launch->boot = take(cursor);
  launch->above = take(cursor);
  launch->directory = take(cursor);
  launch->out = take(cursor);
  launch->err = take(cursor);
  launch->uid = take(cursor);
  launch->gid = take(cursor);
  launch->groups = take_list(cursor, &launch->n_groups);
  launch->own_cgroups = take_list(cursor, &launch->n_own_cgroups);
  launch->joined_cgroups = take_list(cursor, &launch->n_joined_cgroups);
  launch->memory = take(cursor);
  launch->settings = take_list(cursor, &launch->n_settings);
  launch->io = take_io(cursor);
  launch->stage = take_list(cursor, &launch->n_stage);
  launch->runtime = take_list(cursor, &launch->n_runtime);
  launch->pid_file = take(cursor);
  launch->log_file = take(cursor);
  launch->environment = take_list(cursor, NULL);
  launch->arguments = take_list(cursor, &n_arguments);
  return cursor->good && (n_arguments >= 2 || launch->n_runtime > 0);
}

void free_launch(struct launch *launch) {
  free(launch->groups);
  free(launch->own_cgroups);
  free(launch->joined_cgroups);
  free(launch->settings);
  free(launch->stage);
  free(launch->runtime);
  free(launch->environment);
  free(launch->arguments);
}
