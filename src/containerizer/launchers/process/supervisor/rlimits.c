/* Resource limits of processes, by their names without RLIMIT_. */
#include "container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

static rlim_t limit_of(const char *text) {
  return strcmp(text, "unlimited") == 0 ? RLIM_INFINITY : strtoull(text, NULL, 10);
}

int set_rlimit(const char *text) {
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
