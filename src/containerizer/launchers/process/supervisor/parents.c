/*
 * Gives folders that a layer does not list, and has only because something lies in them, what the layers
 * below say of them: their owner, permissions, time and attributes. Of an overlay's layers the highest one
 * counts, so such folders are made once more in the one above all, which the container writes to.
 *
 *   parents FOLDER LAYER...   FOLDER is the highest; the lowest layer is the first. Paths come on standard
 *                             input, each with a NUL behind it.
 *
 * Layers are made by layers.c, which marks such folders, and nobody changes them any more. No link is
 * followed. A line says what went wrong.
 */
#include "container.h"
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, MAX_PATH = 4096 };

static int is_root, n_layers, *layers;

/*
 * The folder of a layer; -1 where it has none. Whether something of the layer hides what those below have of
 * the path.
 */
static int folder_of(int layer, const char *path, int *is_hiding) {
  char names[MAX_PATH], *left;
  snprintf(names, sizeof names, "%s", path);
  int here = dup(layer);
  *is_hiding = 0;
  for (char *name = strtok_r(names, "/", &left); here >= 0 && name; name = strtok_r(NULL, "/", &left)) {
    int next = openat(here, name, FLAGS);
    /* By a link, a file, or what stands for nothing. What hides a folder's content does not hide the folder. */
    *is_hiding |= next < 0 ? errno == ENOTDIR || errno == ELOOP : *left && is_opaque(next, is_root);
    drop(here);
    here = next;
  }
  return here;
}

/* The folder that says what the path is like; -1 where no layer has it. */
static int source_of(const char *path, int *is_restored) {
  int highest = -1;
  *is_restored = 0;
  for (int i = n_layers - 1, is_hiding = 0; i >= 0 && !is_hiding; i--) {
    int found = folder_of(layers[i], path, &is_hiding);
    if (found >= 0 && !is_unlisted(found, is_root)) {
      *is_restored = highest >= 0;
      drop(highest);
      return found;
    }
    if (highest < 0) {
      highest = found;
    } else {
      drop(found);
    }
  }
  return highest;
}

static int make_like(int above, const char *name, const char *path) {
  int is_restored, from = source_of(path, &is_restored);
  int made = from < 0 || mkdirat(above, name, 0700) < 0 ? -1 : openat(above, name, FLAGS);
  int result = made < 0 ? -1 : copy_folder_attributes(from, made, is_root);
  drop(from);
  if (result < 0) {
    drop(made);
    return -1;
  }
  return made;
}

/* With those on the way, where they are missing. */
static int restore(int target, const char *path) {
  char way[MAX_PATH];
  int here = dup(target);
  for (const char *end = path; here >= 0 && *end;) {
    const char *name = end;
    end += strcspn(end, "/");
    snprintf(way, sizeof way, "%.*s", (int)(end - path), path);
    int next = openat(here, way + (name - path), FLAGS);
    if (next < 0 && errno == ENOENT) {
      next = make_like(here, way + (name - path), way);
    }
    drop(here);
    here = next;
    end += *end == '/';
  }
  drop(here);
  return here < 0 ? -1 : 0;
}

int restore_parents(int count, char **folders) {
  char *path = NULL;
  size_t room = 0;
  is_root = begin_with_layers();
  layers = calloc(count, sizeof *layers);
  int target = open(folders[0], FLAGS), result = layers && target >= 0 ? 0 : -1;
  for (int i = 1; result == 0 && i < count; i++) {
    layers[n_layers++] = open(folders[i], FLAGS);
    result = layers[i - 1] < 0 ? -1 : 0;
  }
  while (result == 0 && getdelim(&path, &room, 0, stdin) > 0) {
    int is_restored, from = source_of(path, &is_restored);
    drop(from);
    if (from >= 0 && is_restored) {
      result = restore(target, path);
    }
  }
  if (result < 0) {
    printf("Failed to make '%s': %s\n", path ? path : folders[0], strerror(errno));
  }
  return result < 0;
}
