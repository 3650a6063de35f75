/*
 * The switchboard of a container whose process is not just writing into files: what the parts of it
 * share. What it does and why: see switchboard.c.
 */
#ifndef SWITCHBOARD_H
#define SWITCHBOARD_H

#include "container.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

enum {
  /* What readers have not taken of the output; beyond it the process waits. */
  MAX_UNTAKEN = 256 * 1024,
  /* Room for what is left in pipes and terminal when the process has ended. */
  RING_SIZE = 2 * MAX_UNTAKEN,
  /* The most readers at once; further ones are cut off. */
  MAX_READERS = 256,
  /* The most connections that were answered and are not closed yet; others are cut off. */
  MAX_LEAVING = 64
};

/*
 * The output as frames, and who reads it. A frame is its kind ('o' or 'e', and 'x' for the end of both),
 * the number of its bytes (u32, little-endian), and the bytes. All readers share one ring; positions
 * count from the beginning of the output and never wrap.
 */
struct readers {
  char *ring;
  uint64_t head;
  struct reader {
    int fd;
    int is_owner;
    uint64_t at;
    int64_t full_since; /* Milliseconds; since when the process waits for it. 0: it does not. */
  } list[MAX_READERS];
  int count;
};

/* Returns -1, with errno. */
int open_readers(struct readers *readers);
void add_reader(struct readers *readers, int fd, int is_owner);
/* How many bytes of output can be put, so that no reader loses any. */
size_t room_for_output(const struct readers *readers);
void put_output(struct readers *readers, char kind, const char *bytes, size_t size);
/* Sends what there is; removes readers that have gone. Returns whether an owner was among them. */
int send_output(struct readers *readers);
int has_untaken(const struct readers *readers);
/* Cuts readers off that hold the process up for too long. Returns whether there are any that do. */
int cut_stuck_readers(struct readers *readers);
/* Sends the rest, for some time at most. */
void send_rest(struct readers *readers);

/* A file of the sandbox that keeps output: log.c. */
struct log {
  int file, folder; /* -1: none. */
  const char *name;
  struct rotation rotation;
  unsigned long long size;
  uid_t uid;
  gid_t gid;
};

void open_log(struct log *log, int file);
void write_log(struct log *log, const char *bytes, size_t size);

/*
 * The one connection that input comes from. Frames as above: 'i' with bytes for the process, 'c' to
 * close its standard input, 'w' with rows and columns (u16 each). It is answered with one byte when it
 * has ended, or has to: see the enum.
 */
struct input {
  int fd;      /* Of the connection, or -1. */
  int process; /* Standard input of the process: a pipe, or its terminal; or -1. */
  int is_terminal;
  int has_ended; /* Nothing more comes. */
  char kind; /* Of the frame that is being read, or 0. */
  uint32_t left;
  char buffer[16 * 1024];
  size_t start, end;
  /* Connections that were answered and have not been closed by the agent. */
  int leaving[MAX_LEAVING];
  int n_leaving;
};

enum { TAKEN = 'k', BUSY = 'b', NO_TERMINAL = 'n', NOT_READ = 'p' };

/* Says what has become of a connection, which stays until the agent has read that. */
void answer_input(struct input *input, int fd, char answer);
/* Takes what still comes from connections that were answered, for nobody. */
void drop_answered(struct input *input);
/* Fills in the two descriptors to wait for: the connection, and room in the process's standard input. */
void await_input(const struct input *input, struct pollfd *polled);
void take_input(struct input *input, const struct pollfd *polled);

#endif
