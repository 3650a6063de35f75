/*
 * The readers of a container's output. They share one ring, so that a slow one costs no memory. The
 * process waits for the slowest, but not for ever: one that makes no room for STALL_MS is cut off. The
 * owner of a session is not: the process is there for it alone, and ends with it.
 */
#include "switchboard.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  /*
   * A client that reads slowly and steadily takes nothing from here for long: between the two are
   * buffers of the kernel (of TCP up to 4 MiB), which ask for more when a third of them is empty.
   */
  STALL_MS = 60 * 1000,
  /* How long a reader may take for the rest, when the process has ended. */
  REST_MS = 30 * 1000,
  FRAME_HEAD = 5,
  /* Less room is none: frames of a few bytes would be mostly heads. */
  MIN_ROOM = 4096
};

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int open_readers(struct readers *readers) {
  readers->count = 0;
  readers->head = 0;
  readers->ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return readers->ring == MAP_FAILED ? -1 : 0;
}

void add_reader(struct readers *readers, int fd, int is_owner) {
  readers->list[readers->count++] = (struct reader){
      .fd = fd, .is_owner = is_owner, .at = readers->head};
}

static uint64_t untaken(const struct readers *readers, const struct reader *reader) {
  return readers->head - reader->at;
}

static void remove_reader(struct readers *readers, int index) {
  close(readers->list[index].fd);
  readers->list[index] = readers->list[--readers->count];
}

static int is_full(uint64_t untaken) {
  return untaken + FRAME_HEAD + MIN_ROOM > MAX_UNTAKEN;
}

static uint64_t most_untaken(const struct readers *readers) {
  uint64_t most = 0;
  for (int i = 0; i < readers->count; i++) {
    uint64_t one = untaken(readers, &readers->list[i]);
    most = one > most ? one : most;
  }
  return most;
}

size_t room_for_output(const struct readers *readers) {
  uint64_t most = most_untaken(readers);
  return is_full(most) ? 0 : MAX_UNTAKEN - FRAME_HEAD - most;
}

static void put(struct readers *readers, const char *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    size_t at = (readers->head + done) % RING_SIZE;
    size_t part = size - done < RING_SIZE - at ? size - done : RING_SIZE - at;
    memcpy(readers->ring + at, bytes + done, part);
    done += part;
  }
  readers->head += size;
}

void put_output(struct readers *readers, char kind, const char *bytes, size_t size) {
  char head[FRAME_HEAD] = {kind, size & 0xff, size >> 8 & 0xff, size >> 16 & 0xff, size >> 24 & 0xff};
  /* Only of what is left at the end can there be more than a reader has room for. */
  for (int i = readers->count - 1; i >= 0; i--) {
    if (untaken(readers, &readers->list[i]) + FRAME_HEAD + size > RING_SIZE) {
      remove_reader(readers, i);
    }
  }
  put(readers, head, FRAME_HEAD);
  put(readers, bytes, size);
}

/* Returns 0 if the reader has gone. */
static int send_to(struct readers *readers, struct reader *reader) {
  while (untaken(readers, reader) > 0) {
    size_t at = reader->at % RING_SIZE, part = RING_SIZE - at;
    if (part > untaken(readers, reader)) {
      part = untaken(readers, reader);
    }
    ssize_t n = send(reader->fd, readers->ring + at, part, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
    }
    reader->at += n;
  }
  /* A reader says nothing: there is something to read only when it has closed. */
  char byte;
  ssize_t n = recv(reader->fd, &byte, 1, MSG_DONTWAIT);
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

int send_output(struct readers *readers) {
  int owner_left = 0;
  for (int i = readers->count - 1; i >= 0; i--) {
    if (!send_to(readers, &readers->list[i])) {
      owner_left |= readers->list[i].is_owner;
      remove_reader(readers, i);
    }
  }
  return owner_left;
}

int has_untaken(const struct readers *readers) {
  return most_untaken(readers) > 0;
}

int cut_stuck_readers(struct readers *readers) {
  int64_t now = now_ms();
  int blocking = 0;
  for (int i = readers->count - 1; i >= 0; i--) {
    struct reader *reader = &readers->list[i];
    if (!is_full(untaken(readers, reader))) {
      reader->full_since = 0;
      continue;
    }
    blocking = 1;
    if (reader->full_since == 0) {
      reader->full_since = now;
    } else if (!reader->is_owner && now - reader->full_since > STALL_MS) {
      remove_reader(readers, i);
    }
  }
  return blocking;
}

void send_rest(struct readers *readers) {
  int64_t until = now_ms() + REST_MS;
  struct pollfd polled[MAX_READERS];
  while (has_untaken(readers) && now_ms() < until) {
    int count = 0;
    for (int i = 0; i < readers->count; i++) {
      if (untaken(readers, &readers->list[i]) > 0) {
        polled[count++] = (struct pollfd){.fd = readers->list[i].fd, .events = POLLOUT};
      }
    }
    poll(polled, count, (int)(until - now_ms()) + 1);
    send_output(readers);
  }
}
