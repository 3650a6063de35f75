/* The scheduler core in C: the module is turned into C by wasm2c and linked in. The same program as offers.js.
 *
 *   wasm2c -n mesoscale_core mesoscale-core-plain.wasm -o mesoscale_core.c
 *   cc -O2 -I"$WASM2C" offers.c mesoscale_core.c "$WASM2C"/wasm-rt-impl.c -lm -o offers
 *
 * The module without vectors, because wasm2c 1.0.32 knows none. WASM2C is the folder of wasm-rt.h and wasm-rt-impl.c; /usr/share/wabt/wasm2c on Debian.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesoscale_core.h"

#define CORE(name) Z_mesoscale_coreZ_##name

enum {
  FILTER_GPUS = 1,
  AGENT_OFFERED = 1 | 2, /* active and whitelisted */
  CAPABILITIES = 1,      /* MULTI_ROLE */
  SEED = 42,
  NAMES = 2
};

struct offer {
  u32 framework, role, agent;
  double amounts[NAMES];
};

static Z_mesoscale_core_instance_t core;
static const char *names[NAMES] = {"cpus", "mem"};
static u32 kinds[NAMES];

static void ok(u32 status) {
  if (status == 0) return;
  fprintf(stderr, "the core answered %u\n", status);
  exit(1);
}

static u32 number(u32 answer) {
  if ((int)answer >= 0) return answer;
  fprintf(stderr, "the core answered %d\n", (int)answer);
  exit(1);
}

/* The memory may move with every call. */
static unsigned char *at(u32 address) {
  return CORE(memory)(&core)->data + address;
}

static u32 u32_at(u32 address) {
  u32 value;
  memcpy(&value, at(address), sizeof value);
  return value;
}

static double f64_at(u32 address) {
  double value;
  memcpy(&value, at(address), sizeof value);
  return value;
}

/* Writes a list of (kind, thousandths) to the exchange buffer. */
static u32 write_list(const double *amounts) {
  const u32 buffer = CORE(ioReserve)(&core, 16 * NAMES);
  for (u32 i = 0; i < NAMES; i++) {
    const u32 ranges = 0;
    memcpy(at(buffer + 16 * i), &kinds[i], sizeof kinds[i]);
    memcpy(at(buffer + 16 * i + 4), &ranges, sizeof ranges);
    memcpy(at(buffer + 16 * i + 8), &amounts[i], sizeof amounts[i]);
  }
  return NAMES;
}

/* Prints the offers of a run, and answers how many there are. */
static u32 run(double now, struct offer *made) {
  ok(CORE(setNow)(&core, now));
  const u32 count = number(CORE(runOffers)(&core, 1, now));
  const u32 offers = CORE(offersAt)(&core);
  for (u32 i = 0; i < count; i++) {
    const u32 leaf = u32_at(offers + 24 * i);
    const u32 items = u32_at(offers + 24 * i + 8);
    made[i].framework = CORE(leafFrameworkOf)(&core, leaf);
    made[i].role = CORE(leafRoleOf)(&core, leaf);
    made[i].agent = u32_at(offers + 24 * i + 4);
    printf("%g ms: framework %u, role %u, agent %u:", now, made[i].framework, made[i].role, made[i].agent);
    for (u32 item = 0; item < NAMES; item++) {
      made[i].amounts[item] = f64_at(items + 16 * item + 8);
      printf("%s %s %g", item == 0 ? "" : ",", names[item], made[i].amounts[item] / 1000);
    }
    printf("\n");
  }
  return count;
}

int main(void) {
  wasm_rt_init();
  Z_mesoscale_core_init_module();
  Z_mesoscale_core_instantiate(&core);
  if (CORE(abiVersion)(&core) != 1) return 1;

  for (u32 i = 0; i < NAMES; i++) {
    const u32 name = number(CORE(addName)(&core, 0));
    kinds[i] = number(CORE(addKind)(&core, name, 0, 0, 1));
  }
  ok(CORE(setUp)(&core, FILTER_GPUS, SEED, 0, 0));
  u32 roles[2];
  for (u32 rank = 0; rank < 2; rank++) roles[rank] = number(CORE(addRole)(&core, 0, rank, 0));
  ok(CORE(setWeight)(&core, roles[1], 2));
  for (u32 i = 0; i < 3; i++) {
    const u32 framework = number(CORE(newFramework)(&core, i));
    ok(CORE(introduce)(&core, framework, CAPABILITIES));
    ok(CORE(subscribe)(&core, framework, roles[i % 2], 1, 0));
  }
  for (u32 i = 0; i < 5; i++) {
    const double amounts[NAMES] = {1000.0 * (i + 1), 512000.0 * (i + 1)};
    number(CORE(addAgent)(&core, AGENT_OFFERED, i, write_list(amounts)));
  }

  struct offer made[8];
  const u32 count = run(0, made);
  for (u32 i = 0; i < count; i++) {
    /* Agents with even numbers are refused for five seconds, the others come back at once. */
    const double end = made[i].agent % 2 == 0 ? 5000 : -1;
    const u32 items = write_list(made[i].amounts);
    ok(CORE(recover)(&core, made[i].framework, made[i].agent, made[i].role, items, 0, end));
  }
  run(1000, made);
  printf("%u refusals\n", CORE(countFilters)(&core));
  Z_mesoscale_core_free(&core);
  wasm_rt_free();
  return 0;
}
