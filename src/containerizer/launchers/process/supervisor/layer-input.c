/*
 * Operations as they come on standard input, and the content of files between them. An operation has memory
 * of its own: content goes through the buffer while it is carried out.
 */
#include "container.h"
#include "layers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_OPERATION = 4 << 20, BUFFER = 2 * MAX_OPERATION };

static unsigned char *buffer, *taken;
static size_t begin, end;

int open_input(void) {
  buffer = malloc(BUFFER);
  taken = malloc(MAX_OPERATION);
  return buffer && taken ? 0 : -1;
}

/* At least `size` bytes lie in the buffer afterwards; 0 where the input ends before. */
static int want(size_t size) {
  if (BUFFER - begin < size) {
    memmove(buffer, buffer + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  while (end - begin < size) {
    ssize_t n = read(STDIN_FILENO, buffer + end, BUFFER - end);
    if (n <= 0 && !(n < 0 && errno == EINTR)) {
      return 0;
    }
    end += n > 0 ? n : 0;
  }
  return 1;
}

const unsigned char *look_at_content(size_t *size) {
  if (begin == end && !want(1)) {
    return NULL;
  }
  *size = end - begin;
  return buffer + begin;
}

void pass_content(size_t size) {
  begin += size;
  if (begin == end) {
    begin = end = 0;
  }
}

static uint64_t number(const unsigned char **at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) {
    value |= (uint64_t)(*at)[i] << (8 * i);
  }
  *at += bytes;
  return value;
}

int take_piece(uint64_t *hole, uint64_t *content) {
  if (!want(16)) {
    return 0;
  }
  const unsigned char *at = buffer + begin;
  *hole = number(&at, 8);
  *content = number(&at, 8);
  pass_content(16);
  return 1;
}

const char *take_text(const unsigned char **at, const unsigned char *stop, size_t *size) {
  if (stop - *at < 4) {
    return NULL;
  }
  size_t length = number(at, 4);
  if ((size_t)(stop - *at) < length) {
    return NULL;
  }
  const char *found = (const char *)*at;
  *at += length;
  *size = length;
  return found;
}

/* The two texts are copied, so that they end. */
static int parse(const unsigned char *at, const unsigned char *stop, struct operation *it) {
  static char texts[2][4096];
  if (stop - at < 37) {
    return -1;
  }
  it->kind = *at++;
  it->mode = number(&at, 4);
  it->uid = number(&at, 4);
  it->gid = number(&at, 4);
  it->seconds = number(&at, 8);
  it->nanoseconds = number(&at, 4);
  it->number = number(&at, 8);
  it->n_attributes = number(&at, 4);
  for (int i = 0; i < 2; i++) {
    size_t size;
    const char *found = take_text(&at, stop, &size);
    if (!found || size >= sizeof texts[i] || memchr(found, 0, size)) {
      return -1;
    }
    memcpy(texts[i], found, size);
    texts[i][size] = 0;
  }
  it->path = texts[0];
  it->target = texts[1];
  it->at = at;
  it->end = stop;
  return 0;
}

int take_operation(struct operation *it) {
  if (!want(4)) {
    return 0;
  }
  const unsigned char *at = buffer + begin;
  size_t size = number(&at, 4);
  if (size > MAX_OPERATION || !want(4 + size)) {
    return 0;
  }
  memcpy(taken, buffer + begin + 4, size);
  begin += 4 + size;
  if (size == 1 && *taken == 'z') {
    it->kind = 'z';
    return 1;
  }
  return parse(taken, taken + size, it) < 0 ? -1 : 1;
}
