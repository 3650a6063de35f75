/*
 * What the kernel counts in network namespaces, for the statistics of containers. One process answers
 * all questions of an agent, and ends with its input: to begin one for each container takes longer than
 * to ask.
 *
 * A question is `WHAT PATH`, ended by NUL: letters, and the file of a namespace, or nothing for the
 * machine's own. For each letter there is an answer, `LENGTH\n` and a text of so many bytes: none where
 * the namespace is gone, or the kernel does not tell.
 */
#include "container.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gen_stats.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  LINKS = 'l',   /* /proc/net/dev */
  SNMP = 's',    /* /proc/net/snmp */
  SOCKETS = 'k', /* /proc/net/sockstat */
  TIMES = 't',   /* Round trips of TCP: four percentiles in microseconds, where there are any. */
  QUEUES = 'q'   /* A line each: LINK KIND PARENT BYTES PACKETS QLEN BACKLOG DROPS REQUEUES OVERLIMITS BPS PPS */
};

/* Links of a machine with thousands of containers; what is beyond is left out. */
static char text[1024 * 1024];
static size_t length;

static void answer(void) {
  printf("%zu\n", length);
  fwrite(text, 1, length, stdout);
  length = 0;
}

static void read_text(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  for (ssize_t n = file < 0 ? 0 : 1; n > 0 && length < sizeof text;) {
    n = read(file, text + length, sizeof text - length);
    length += n > 0 ? n : 0;
  }
  drop(file);
}

/* Asks the kernel for all that it has of something, and takes messages until it has told the last. */
static void dump(int protocol, void *question, size_t size, void (*take)(struct nlmsghdr *message)) {
  static char room[64 * 1024] __attribute__((aligned(NLMSG_ALIGNTO)));
  int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  int is_last = kernel < 0 || send(kernel, question, size, 0) < 0;
  while (!is_last) {
    ssize_t n = recv(kernel, room, sizeof room, 0);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    is_last = n <= 0;
    for (struct nlmsghdr *it = (void *)room; n > 0 && NLMSG_OK(it, (size_t)n); it = NLMSG_NEXT(it, n)) {
      is_last = is_last || it->nlmsg_type == NLMSG_DONE || it->nlmsg_type == NLMSG_ERROR;
      if (!is_last) {
        take(it);
      }
    }
  }
  drop(kernel);
}

/* What follows a message's own part of this size. */
static struct rtattr *attributes(struct nlmsghdr *message, size_t own, int *left) {
  *left = (int)message->nlmsg_len - (int)NLMSG_SPACE(own);
  return (void *)((char *)NLMSG_DATA(message) + NLMSG_ALIGN(own));
}

/* Of more connections, the first ones stand for all. */
enum { MOST_TIMES = 1 << 20 };
static uint32_t *times;
static size_t n_times, room_for_times;

static void take_connection(struct nlmsghdr *message) {
  int left;
  struct rtattr *it = attributes(message, sizeof(struct inet_diag_msg), &left);
  for (; RTA_OK(it, left); it = RTA_NEXT(it, left)) {
    struct tcp_info info = {0};
    if (it->rta_type != INET_DIAG_INFO) {
      continue;
    }
    memcpy(&info, RTA_DATA(it), RTA_PAYLOAD(it) < sizeof info ? RTA_PAYLOAD(it) : sizeof info);
    if (n_times == room_for_times && n_times < MOST_TIMES) {
      size_t more = n_times ? 2 * n_times : 1024;
      uint32_t *grown = realloc(times, more * sizeof *times);
      times = grown ? grown : times;
      room_for_times = grown ? more : room_for_times;
    }
    if (info.tcpi_rtt && n_times < room_for_times) {
      times[n_times++] = info.tcpi_rtt;
    }
  }
}

static int by_size(const void *one, const void *other) {
  uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
  return (a > b) - (a < b);
}

/* Of connections by IPv4, as in Mesos, whose percentiles these are, too. */
static void read_times(void) {
  struct {
    struct nlmsghdr head;
    struct inet_diag_req_v2 asked;
  } question = {
      .head = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .asked = {.sdiag_family = AF_INET,
                .sdiag_protocol = IPPROTO_TCP,
                .idiag_ext = 1 << (INET_DIAG_INFO - 1),
                .idiag_states = ~0u}};
  n_times = 0;
  dump(NETLINK_SOCK_DIAG, &question, sizeof question, take_connection);
  qsort(times, n_times, sizeof *times, by_size);
  static const int parts[] = {50, 90, 95, 99};
  for (size_t i = 0; n_times > 0 && i < sizeof parts / sizeof *parts; i++) {
    length += snprintf(text + length, sizeof text - length, "%u\n", times[n_times * parts[i] / 100]);
  }
}

struct queue {
  const char *kind;
  struct gnet_stats_basic sent;
  struct gnet_stats_queue now;
  struct gnet_stats_rate_est rate;
};

static void copy(void *to, size_t size, struct rtattr *from) {
  memcpy(to, RTA_DATA(from), RTA_PAYLOAD(from) < size ? RTA_PAYLOAD(from) : size);
}

static void take_statistics(struct queue *queue, struct rtattr *nested) {
  int left = RTA_PAYLOAD(nested);
  for (struct rtattr *it = RTA_DATA(nested); RTA_OK(it, left); it = RTA_NEXT(it, left)) {
    switch (it->rta_type & NLA_TYPE_MASK) {
    case TCA_STATS_BASIC:
      copy(&queue->sent, sizeof queue->sent, it);
      break;
    case TCA_STATS_QUEUE:
      copy(&queue->now, sizeof queue->now, it);
      break;
    case TCA_STATS_RATE_EST:
      copy(&queue->rate, sizeof queue->rate, it);
      break;
    }
  }
}

static void take_queue(struct nlmsghdr *message) {
  struct tcmsg *told = NLMSG_DATA(message);
  struct queue queue = {.kind = "-"};
  int left;
  struct rtattr *it = attributes(message, sizeof *told, &left);
  for (; RTA_OK(it, left); it = RTA_NEXT(it, left)) {
    if ((it->rta_type & NLA_TYPE_MASK) == TCA_KIND) {
      queue.kind = RTA_DATA(it);
    } else if ((it->rta_type & NLA_TYPE_MASK) == TCA_STATS2) {
      take_statistics(&queue, it);
    }
  }
  char name[IF_NAMESIZE] = "-";
  if_indextoname(told->tcm_ifindex, name);
  size_t left_over = sizeof text - length;
  int n = snprintf(text + length, left_over, "%s %s %x %llu %u %u %u %u %u %u %u %u\n", name, queue.kind,
                   told->tcm_parent, (unsigned long long)queue.sent.bytes, queue.sent.packets, queue.now.qlen,
                   queue.now.backlog, queue.now.drops, queue.now.requeues, queue.now.overlimits, queue.rate.bps,
                   queue.rate.pps);
  length += n > 0 && (size_t)n < left_over ? (size_t)n : 0;
}

static void read_queues(void) {
  struct {
    struct nlmsghdr head;
    struct tcmsg asked;
  } question = {
      .head = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETQDISC, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
  dump(NETLINK_ROUTE, &question, sizeof question, take_queue);
}

static void read_figures(int what) {
  switch (what) {
  case LINKS:
    read_text("/proc/self/net/dev");
    break;
  case SNMP:
    read_text("/proc/self/net/snmp");
    break;
  case SOCKETS:
    read_text("/proc/self/net/sockstat");
    break;
  case TIMES:
    read_times();
    break;
  case QUEUES:
    read_queues();
    break;
  }
}

int tell_figures(void) {
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  char *question = NULL;
  size_t size = 0;
  while (own >= 0 && getdelim(&question, &size, 0, stdin) > 0) {
    char *path = strchr(question, ' ');
    if (!path) {
      return 1;
    }
    *path++ = 0;
    int other = *path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : own;
    int is_there = other == own || (other >= 0 && setns(other, CLONE_NEWNET) == 0);
    for (char *what = question; *what; what++) {
      if (is_there) {
        read_figures(*what);
      }
      answer();
    }
    /* A namespace ends with the last process in it. */
    if (other != own && is_there && setns(own, CLONE_NEWNET) < 0) {
      return 1;
    }
    drop(other == own ? -1 : other);
    if (fflush(stdout) != 0) {
      return 1;
    }
  }
  return own < 0;
}
