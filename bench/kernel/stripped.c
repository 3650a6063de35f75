/* The stripped allocation cycle in plain C: what the machine can do at best.
 *
 * One role, no filters, no quota, no reservations. Every agent is visited; all it has goes to the framework with
 * the smallest share (greatest of held/total over the scalar names), then to the one held least often, then to the
 * one added first. Offers are written out as columns, as the core writes them.
 *
 * With "shuffled" the agents are visited in an order that each cycle shuffles anew.
 *
 *   stripped AGENTS FRAMEWORKS RUNS [shuffled]   prints the milliseconds of each cycle, one a line
 */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAMES = 3, KINDS = 4 };

struct row {
  uint32_t kind[KINDS];
  int64_t amount[KINDS];
};

struct offer {
  uint32_t agent;
  uint32_t framework;
  struct row row;
};

/* Share, allocations, framework, from the highest bits down: one comparison orders them. A share that is not
 * negative sorts like the bits of its double. */
__extension__ typedef unsigned __int128 key;

static key make_key(double share, uint32_t allocations, uint32_t framework) {
  uint64_t bits;
  memcpy(&bits, &share, sizeof bits);
  return (key)bits << 64 | (uint64_t)allocations << 32 | framework;
}

static inline key lesser(key a, key b) {
  return a < b ? a : b;
}

static uint64_t random_state = 0x9e3779b97f4a7c15;

/* A number below the bound: xorshift64, scaled. */
static uint32_t random_below(uint32_t bound) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)((random_state >> 32) * bound >> 32);
}

static void shuffle(uint32_t *order, uint32_t count) {
  for (uint32_t i = count; i > 1; i--) {
    const uint32_t j = random_below(i);
    const uint32_t moved = order[i - 1];
    order[i - 1] = order[j];
    order[j] = moved;
  }
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  return memory;
}

int main(int argc, char **argv) {
  if (argc != 4 && !(argc == 5 && strcmp(argv[4], "shuffled") == 0)) {
    fprintf(stderr, "usage: stripped AGENTS FRAMEWORKS RUNS [shuffled]\n");
    return 2;
  }
  const uint32_t agents = strtoul(argv[1], NULL, 10);
  const uint32_t frameworks = strtoul(argv[2], NULL, 10);
  const int runs = atoi(argv[3]);
  const int shuffled = argc == 5;
  uint32_t leaves = 1;
  while (leaves < frameworks) leaves *= 2;

  struct row *total = allocate(agents, sizeof *total);
  struct row *free_ = allocate(agents, sizeof *free_);
  uint32_t *order = allocate(agents, sizeof *order);
  struct offer *offers = allocate(agents, sizeof *offers);
  int64_t (*held)[NAMES] = allocate(frameworks, sizeof *held);
  uint32_t *allocations = allocate(frameworks, sizeof *allocations);
  key *least = allocate(2 * leaves, sizeof *least);
  double cluster[NAMES] = {0};

  /* Thousandths of cpus, mem and disk, and a set of ports that is only carried along. */
  const int64_t amounts[KINDS] = {24000, 4096000, 4096000, 1001000};
  for (uint32_t a = 0; a < agents; a++) {
    for (uint32_t k = 0; k < KINDS; k++) {
      total[a].kind[k] = k;
      total[a].amount[k] = amounts[k];
    }
    for (uint32_t n = 0; n < NAMES; n++) cluster[n] += amounts[n] / 1000.0;
  }

  for (uint32_t a = 0; a < agents; a++) order[a] = a;

  for (int run = 0; run < runs; run++) {
    memcpy(free_, total, agents * sizeof *free_);
    memset(held, 0, frameworks * sizeof *held);
    memset(allocations, 0, frameworks * sizeof *allocations);
    /* A tournament: each inner place holds the lesser of the two below it. */
    for (uint32_t i = 0; i < leaves; i++) least[leaves + i] = i < frameworks ? make_key(0, 0, i) : ~(key)0;
    for (uint32_t i = leaves - 1; i > 0; i--) least[i] = lesser(least[2 * i], least[2 * i + 1]);

    const double start = milliseconds();
    uint32_t count = 0;
    if (shuffled) shuffle(order, agents);
    for (uint32_t visit = 0; visit < agents; visit++) {
      const uint32_t a = order[visit];
      int64_t any = 0;
      for (uint32_t k = 0; k < KINDS; k++) any |= free_[a].amount[k];
      if (any == 0) continue;
      const uint32_t f = (uint32_t)least[1];
      struct offer *offer = &offers[count++];
      offer->agent = a;
      offer->framework = f;
      offer->row = free_[a];
      memset(free_[a].amount, 0, sizeof free_[a].amount);

      double share = 0;
      for (uint32_t n = 0; n < NAMES; n++) {
        held[f][n] += offer->row.amount[n];
        const double part = (held[f][n] / 1000.0) / cluster[n];
        if (part > share) share = part;
      }
      key climbing = make_key(share, ++allocations[f], f);
      uint32_t i = leaves + f;
      least[i] = climbing;
      for (; i > 1; i /= 2) {
        climbing = lesser(climbing, least[i ^ 1]);
        least[i / 2] = climbing;
      }
    }
    printf("%.6f\n", milliseconds() - start);
    if (count != agents) {
      fprintf(stderr, "%u of %u agents offered\n", count, agents);
      return 1;
    }
  }
  return 0;
}
