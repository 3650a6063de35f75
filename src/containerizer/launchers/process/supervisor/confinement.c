/*
 * What confines a process besides its user: resource limits, capabilities, no_new_privs. Each setting
 * is a text; settings of the first part are applied before the user changes, those of the second after.
 *
 *   rlimit NAME SOFT HARD   NAME without RLIMIT_; in place of a number `unlimited`. Who is not root
 *                           cannot raise a limit, so that it is set before the user changes.
 *   bounding MASK           Capabilities that the process and its children can ever have, in hex; also
 *                           those that it inherits.
 *   effective MASK          Capabilities that it has, whoever its user is: permitted, effective, ambient.
 *   oom_score_adj NUMBER    How soon it is killed where the machine runs out of memory, up to 1000.
 *   no_new_privs            No program that it executes gives it more.
 */
#include "container.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
  const char *name;
  int resource;
} resources[] = {
    {"AS", RLIMIT_AS},           {"CORE", RLIMIT_CORE},
    {"CPU", RLIMIT_CPU},         {"DATA", RLIMIT_DATA},
    {"FSIZE", RLIMIT_FSIZE},     {"LOCKS", RLIMIT_LOCKS},
    {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE},
    {"NICE", RLIMIT_NICE},       {"NOFILE", RLIMIT_NOFILE},
    {"NPROC", RLIMIT_NPROC},     {"RSS", RLIMIT_RSS},
    {"RTPRIO", RLIMIT_RTPRIO},   {"RTTIME", RLIMIT_RTTIME},
    {"SIGPENDING", RLIMIT_SIGPENDING}, {"STACK", RLIMIT_STACK},
};

struct sets {
  uint64_t permitted, effective, inheritable;
};

static int get_sets(struct sets *sets) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &head, data) < 0) {
    return -1;
  }
  sets->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
  sets->effective = data[0].effective | (uint64_t)data[1].effective << 32;
  sets->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
  return 0;
}

static int put_sets(const struct sets *sets) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {
      {(uint32_t)sets->effective, (uint32_t)sets->permitted, (uint32_t)sets->inheritable},
      {sets->effective >> 32, sets->permitted >> 32, sets->inheritable >> 32},
  };
  return syscall(SYS_capset, &head, data);
}

static rlim_t limit_of(const char *text) {
  return strcmp(text, "unlimited") == 0 ? RLIM_INFINITY : strtoull(text, NULL, 10);
}

static int set_rlimit(const char *text) {
  char name[16], soft[24], hard[24];
  if (sscanf(text, "%15s %23s %23s", name, soft, hard) == 3) {
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
      if (strcmp(resources[i].name, name) == 0) {
        struct rlimit limit = {limit_of(soft), limit_of(hard)};
        return setrlimit(resources[i].resource, &limit);
      }
    }
  }
  errno = EINVAL;
  return -1;
}

/* What the agent itself can never have is no capability of the container either. */
static int set_bounding(uint64_t wanted) {
  struct sets sets;
  uint64_t bounding = 0;
  if (get_sets(&sets) < 0) {
    return -1;
  }
  for (int capability = 0; capability < 64; capability++) {
    int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (has < 0) {
      break; /* The kernel knows no more. */
    }
    if (wanted >> capability & 1) {
      bounding |= (uint64_t)has << capability;
    } else if (has && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
      return -1;
    }
  }
  sets.inheritable = bounding;
  return put_sets(&sets);
}

static int set_effective(uint64_t wanted) {
  struct sets sets;
  if (get_sets(&sets) < 0) {
    return -1;
  }
  sets.permitted = sets.effective = wanted;
  if (put_sets(&sets) < 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
    return -1;
  }
  for (int capability = 0; capability < 64; capability++) {
    if (wanted >> capability & 1 &&
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0) {
      return -1;
    }
  }
  return 0;
}

/* The rest of the text after `word` and a space, or NULL where it does not begin so. */
static const char *after(const char *text, const char *word) {
  size_t size = strlen(word);
  return strncmp(text, word, size) == 0 && text[size] == ' ' ? text + size + 1 : NULL;
}

int confine_before_user(const char *setting) {
  const char *rest;
  if ((rest = after(setting, "rlimit"))) {
    return set_rlimit(rest);
  }
  if ((rest = after(setting, "bounding"))) {
    return set_bounding(strtoull(rest, NULL, 16));
  }
  if ((rest = after(setting, "oom_score_adj"))) {
    return write_file("/proc/self/oom_score_adj", 0, rest);
  }
  if (after(setting, "effective")) {
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  }
  if (strcmp(setting, "no_new_privs") == 0) {
    return 0;
  }
  errno = EINVAL;
  return -1;
}

int confine_after_user(const char *setting) {
  const char *rest = after(setting, "effective");
  if (rest) {
    return set_effective(strtoull(rest, NULL, 16));
  }
  return strcmp(setting, "no_new_privs") == 0 ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
}
