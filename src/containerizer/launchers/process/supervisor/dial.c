/*
 * Connects to what listens in another network, that of a container, for an agent that is not in it.
 *
 *   PROGRAM dial PID/START ADDRESS PORT
 *     PID/START  A process in that network, with the time at which it started: where another process
 *                has its pid, nothing is done.
 *     ADDRESS    Of IPv4 or IPv6, and no name.
 *
 * Writes a line: `connected`, or `failed ERRNO`. When its input has ended, what comes from its
 * descriptor 3, a socket, goes to the other side, and back, until both have come to their end: until
 * then, the socket's other end may change hands. This process is killed when the agent has what it
 * wants; it ends with the one that has started it, too.
 */
#include "container.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AGENT = 3 };

static int enter_network_of(const char *process) {
  char path[64];
  int pid = 0, network = -1;
  pid_t parent;
  unsigned long long start = 0, found = 0;
  errno = EINVAL;
  if (sscanf(process, "%d/%llu", &pid, &start) == 2) {
    snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
    network = open(path, O_RDONLY | O_CLOEXEC);
  }
  /* Checked only now: what is open is that of the pid's process, which must be the one meant. */
  if (network >= 0 && (read_stat(pid, &parent, &found) < 0 || found != start)) {
    drop(network);
    network = -1;
    errno = ESRCH;
  }
  int result = network < 0 ? -1 : setns(network, CLONE_NEWNET);
  drop(network);
  return result;
}

static int connect_to(const char *address, const char *port) {
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = four.sin_port};
  int is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
  errno = EINVAL;
  if (!is_six && inet_pton(AF_INET, address, &four.sin_addr) != 1) {
    return -1;
  }
  int made = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const struct sockaddr *to = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
  if (made >= 0 && connect(made, to, is_six ? sizeof six : sizeof four) < 0) {
    drop(made);
    return -1;
  }
  return made;
}

/* One direction, with what was read and is not written yet. */
struct direction {
  int from, to, has_ended;
  size_t done, used;
  char bytes[16384];
};

static int is_later(void) { return errno == EAGAIN || errno == EINTR; }

/* The other side learns of the end, and may go on to send. */
static void end(struct direction *it) {
  it->has_ended = 1;
  shutdown(it->to, SHUT_WR);
}

/* Takes one step; returns -1 where nobody takes what is written. */
static int pass(struct direction *it) {
  if (it->done == it->used) {
    ssize_t size = read(it->from, it->bytes, sizeof it->bytes);
    if (size == 0 || (size < 0 && !is_later())) {
      end(it);
    }
    it->done = 0;
    it->used = size > 0 ? size : 0;
  }
  if (it->done < it->used) {
    ssize_t size = write(it->to, it->bytes + it->done, it->used - it->done);
    if (size < 0 && !is_later()) {
      return -1;
    }
    it->done += size > 0 ? size : 0;
  }
  return 0;
}

static struct pollfd awaited(const struct direction *it) {
  if (it->has_ended) {
    return (struct pollfd){.fd = -1};
  }
  return it->done < it->used ? (struct pollfd){.fd = it->to, .events = POLLOUT}
                             : (struct pollfd){.fd = it->from, .events = POLLIN};
}

static int relay(int connection) {
  static struct direction in, out;
  in = (struct direction){.from = AGENT, .to = connection};
  out = (struct direction){.from = connection, .to = AGENT};
  fcntl(AGENT, F_SETFL, O_NONBLOCK);
  fcntl(connection, F_SETFL, O_NONBLOCK);
  while (!in.has_ended || !out.has_ended) {
    struct pollfd polled[] = {awaited(&in), awaited(&out)};
    poll(polled, 2, -1);
    if ((polled[0].revents && pass(&in) < 0) || (polled[1].revents && pass(&out) < 0)) {
      return 1;
    }
  }
  return 0;
}

int dial(const char *process, const char *address, const char *port) {
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int connection = enter_network_of(process) < 0 ? -1 : connect_to(address, port);
  if (connection < 0) {
    printf("failed %d\n", errno);
    return 1;
  }
  printf("connected\n");
  fflush(stdout);
  for (char byte; read(STDIN_FILENO, &byte, 1) > 0;) {
  }
  return relay(connection);
}
