/* What the agent sends to a container's process: bytes, the end of its input, sizes of its terminal. */
#include "switchboard.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { FRAME_HEAD = 5, WINDOW_SIZE = 4 };

/* If it were closed with bytes that were not read, the agent could not read the answer any more. */
void answer_input(struct input *input, int fd, char answer) {
  send(fd, &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (input->n_leaving < MAX_LEAVING && shutdown(fd, SHUT_WR) == 0) {
    input->leaving[input->n_leaving++] = fd;
  } else {
    close(fd);
  }
}

void drop_answered(struct input *input) {
  char bytes[4096];
  int left = 0;
  for (int i = 0; i < input->n_leaving; i++) {
    int fd = input->leaving[i];
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
      input->leaving[left++] = fd;
    } else {
      close(fd);
    }
  }
  input->n_leaving = left;
}

static void end_input(struct input *input, char answer) {
  answer_input(input, input->fd, answer);
  input->fd = -1;
  input->start = input->end = input->left = 0;
  input->kind = 0;
  input->has_ended = 0;
}

static int waits_for_process(const struct input *input) {
  return input->fd >= 0 && input->kind == 'i' && input->start < input->end;
}

void await_input(const struct input *input, struct pollfd *polled) {
  int waits = waits_for_process(input);
  polled[0] = (struct pollfd){.fd = input->fd, .events = waits ? 0 : POLLIN};
  polled[1] = (struct pollfd){.fd = waits ? input->process : -1, .events = POLLOUT};
}

static void set_window(struct input *input) {
  unsigned char *at = (unsigned char *)input->buffer + input->start;
  struct winsize size = {.ws_row = at[0] | at[1] << 8, .ws_col = at[2] | at[3] << 8};
  input->start += WINDOW_SIZE;
  input->kind = 0;
  if (!input->is_terminal || ioctl(input->process, TIOCSWINSZ, &size) < 0) {
    end_input(input, NO_TERMINAL);
  }
}

static void close_process_input(struct input *input) {
  input->kind = 0;
  /* A terminal stays as it is; programs take the end of input from a character. */
  if (!input->is_terminal && input->process >= 0) {
    close(input->process);
    input->process = -1;
  }
}

/* Returns whether to go on: 0 where the process has no room. */
static int pass_bytes(struct input *input) {
  size_t size = input->end - input->start;
  if (size > input->left) {
    size = input->left;
  }
  ssize_t n = size == 0 ? 0 : write(input->process, input->buffer + input->start, size);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) {
      end_input(input, NOT_READ);
    }
    return 0;
  }
  input->start += n;
  input->left -= n;
  if (input->left == 0) {
    input->kind = 0;
  }
  return (size_t)n == size;
}

/* Returns whether there was a frame, or a part of one, that could be taken. */
static int take_frame(struct input *input) {
  size_t have = input->end - input->start;
  unsigned char *at = (unsigned char *)input->buffer + input->start;
  if (input->kind == 'i') {
    return have > 0 && pass_bytes(input);
  }
  if (input->kind == 'w') {
    if (have < WINDOW_SIZE) {
      return 0;
    }
    set_window(input);
    return 1;
  }
  if (have < FRAME_HEAD) {
    return 0;
  }
  input->kind = at[0];
  input->left = at[1] | at[2] << 8 | at[3] << 16 | (uint32_t)at[4] << 24;
  input->start += FRAME_HEAD;
  if (input->kind == 'c') {
    close_process_input(input);
  } else if (input->kind == 'i' && input->left == 0) {
    input->kind = 0;
  } else if (input->kind == 'i' && input->process < 0) {
    end_input(input, NOT_READ);
  } else if (input->kind != 'i' && (input->kind != 'w' || input->left != WINDOW_SIZE)) {
    end_input(input, NOT_READ); /* Not of the agent. */
  }
  return 1;
}

static void receive(struct input *input) {
  memmove(input->buffer, input->buffer + input->start, input->end - input->start);
  input->end -= input->start;
  input->start = 0;
  size_t room = sizeof input->buffer - input->end;
  ssize_t n = room == 0 ? -1 : recv(input->fd, input->buffer + input->end, room, MSG_DONTWAIT);
  if (room > 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))) {
    input->has_ended = 1;
  }
  input->end += n > 0 ? n : 0;
}

void take_input(struct input *input, const struct pollfd *polled) {
  if (input->fd < 0 || (polled[0].revents | polled[1].revents) == 0) {
    return;
  }
  if (waits_for_process(input) && (polled[0].revents & (POLLHUP | POLLERR))) {
    /* The client has gone, and must not keep others from the process that does not read. */
    end_input(input, TAKEN);
    return;
  }
  receive(input);
  while (input->fd >= 0 && take_frame(input)) {
  }
  if (input->fd >= 0 && input->has_ended && !waits_for_process(input)) {
    end_input(input, TAKEN);
  }
}
