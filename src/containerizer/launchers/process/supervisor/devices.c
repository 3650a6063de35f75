/*
 * The devices that processes in a cgroup of v2 can use. Where v1 has files for that, v2 asks a program in
 * the kernel (BPF) whenever a device is opened or its node made; it stays as long as the cgroup.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_RULES = 256, MAX_INSTRUCTIONS = 8 + 10 * MAX_RULES, ANY = -1 };
enum { ALL_ACCESS = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };

/* In the program: what is asked for, its type, and the numbers of the device. */
enum { RESULT = 0, CONTEXT = 1, TYPE = 2, ACCESS = 3, MAJOR = 4, MINOR = 5 };

struct rule {
  int type, access, major, minor;
};

/* As v1 takes them: `c 1:3 rwm`, with `*` for any number. Returns -1 for any other text. */
static int parse(const char *text, struct rule *rule) {
  char type, major[12], minor[12], access[4];
  if (sscanf(text, "%c %11[0-9*]:%11[0-9*] %3[rwm]", &type, major, minor, access) != 4 ||
      (type != 'c' && type != 'b')) {
    return -1;
  }
  rule->type = type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK;
  rule->major = *major == '*' ? ANY : atoi(major);
  rule->minor = *minor == '*' ? ANY : atoi(minor);
  rule->access = (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
                 (strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
                 (strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
  return 0;
}

static struct bpf_insn put(int target, int value) {
  return (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = target, .imm = value};
}

static struct bpf_insn compute(int operation, int target, int value) {
  return (struct bpf_insn){.code = BPF_ALU64 | operation | BPF_K, .dst_reg = target, .imm = value};
}

static struct bpf_insn load(int target, int offset) {
  return (struct bpf_insn){
      .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = target, .src_reg = CONTEXT, .off = offset};
}

static struct bpf_insn copy(int target, int source) {
  return (struct bpf_insn){
      .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = target, .src_reg = source};
}

static struct bpf_insn leave(void) {
  return (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
}

/* The rule is passed over where the value is another one; the offset is filled in later. */
static struct bpf_insn unless(int source, int value) {
  return (struct bpf_insn){.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = source, .imm = value};
}

static int add_rule(struct bpf_insn *at, const struct rule *rule) {
  int n = 0;
  at[n++] = unless(TYPE, rule->type);
  if (rule->access != ALL_ACCESS) {
    at[n++] = copy(RESULT, ACCESS);
    at[n++] = compute(BPF_AND, RESULT, ALL_ACCESS & ~rule->access);
    at[n++] = unless(RESULT, 0);
  }
  if (rule->major != ANY) {
    at[n++] = unless(MAJOR, rule->major);
  }
  if (rule->minor != ANY) {
    at[n++] = unless(MINOR, rule->minor);
  }
  at[n++] = put(RESULT, 1);
  at[n++] = leave();
  for (int i = 0; i < n; i++) {
    if (at[i].code == (BPF_JMP | BPF_JNE | BPF_K)) {
      at[i].off = n - i - 1;
    }
  }
  return n;
}

static int load_program(char **rules, int n_rules) {
  static struct bpf_insn program[MAX_INSTRUCTIONS];
  int n = 0;
  program[n++] = load(TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
  program[n++] = copy(ACCESS, TYPE);
  program[n++] = compute(BPF_RSH, ACCESS, 16);
  program[n++] = compute(BPF_AND, TYPE, 0xffff);
  program[n++] = load(MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
  program[n++] = load(MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
  for (int i = 0; i < n_rules; i++) {
    struct rule rule;
    if (i >= MAX_RULES || parse(rules[i], &rule) < 0) {
      errno = EINVAL;
      return -1;
    }
    n += add_rule(program + n, &rule);
  }
  program[n++] = put(RESULT, 0);
  program[n++] = leave();
  union bpf_attr attributes = {
      .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
      .insns = (uintptr_t)program,
      .insn_cnt = n,
      .license = (uintptr_t)"MIT",
  };
  return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}

int limit_devices(const char *group, char **rules, int n_rules) {
  int folder = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int program = folder < 0 ? -1 : load_program(rules, n_rules);
  int result = -1;
  if (program >= 0) {
    union bpf_attr attributes = {
        .target_fd = folder,
        .attach_bpf_fd = program,
        .attach_type = BPF_CGROUP_DEVICE,
        /* A container nested in this one may be denied more. */
        .attach_flags = BPF_F_ALLOW_MULTI,
    };
    result = syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes);
  }
  drop(program);
  drop(folder);
  return result;
}
