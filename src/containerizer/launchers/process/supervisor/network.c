/*
 * Network namespaces that are there without a process: files, FOLDER/NAME/ns, on which a namespace
 * is mounted. It is mounted when it is whole, so that one that is found is as it should be, whenever
 * the process that makes it is killed.
 *
 * A namespace is there for as long as it is mounted anywhere, and whoever makes a mount namespace,
 * or mounts the machine's files again, has a copy of the mount. The kernel takes away all of them
 * with the file.
 */
#include "container.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OF_FOLDER = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static const char NAMESPACE[] = "ns";

static void path_in(char *path, size_t size, int folder) {
  snprintf(path, size, "/proc/self/fd/%d/%s", folder, NAMESPACE);
}

/* Also where a namespace is mounted more than once, or only the file is there. */
static int clear(int folder) {
  char path[64];
  path_in(path, sizeof path, folder);
  while (umount2(path, DETACH | NO_FOLLOW) == 0) {
  }
  return (errno != EINVAL && errno != ENOENT) || (unlinkat(folder, NAMESPACE, 0) < 0 && errno != ENOENT)
             ? -1
             : 0;
}

static int raise_loopback(void) {
  struct ifreq loopback = {.ifr_name = "lo"};
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int result = any < 0 ? -1 : ioctl(any, SIOCGIFFLAGS, &loopback);
  if (result == 0) {
    loopback.ifr_flags |= IFF_UP;
    result = ioctl(any, SIOCSIFFLAGS, &loopback);
  }
  drop(any);
  return result;
}

/* This process is in it, too, for as long as it runs. */
static int make_in_folder(int folder) {
  char path[64];
  path_in(path, sizeof path, folder);
  int file = clear(folder) < 0 ? -1
                               : openat(folder, NAMESPACE, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
  drop(file);
  return file < 0 || unshare(CLONE_NEWNET) < 0 || raise_loopback() < 0 ||
                 mount("/proc/self/ns/net", path, NULL, BIND, NULL) < 0
             ? -1
             : 0;
}

static int tell(int result) {
  if (result < 0) {
    printf("%s\n", strerror(errno));
  }
  return result < 0;
}

static int is_name(const char *name) {
  errno = EINVAL;
  return *name && *name != '.' && !strchr(name, '/');
}

int make_network(const char *folder, const char *name) {
  umask(022);
  int all = is_name(name) ? open(folder, O_RDONLY | OF_FOLDER) : -1, own = -1;
  if (all >= 0 && (mkdirat(all, name, 0711) == 0 || errno == EEXIST)) {
    own = openat(all, name, O_RDONLY | OF_FOLDER);
  }
  return tell(own < 0 ? -1 : make_in_folder(own));
}

int remove_network(const char *folder, const char *name) {
  int all = is_name(name) ? open(folder, O_RDONLY | OF_FOLDER) : -1;
  int own = all < 0 ? -1 : openat(all, name, O_RDONLY | OF_FOLDER);
  if (own < 0) {
    return tell(errno == ENOENT ? 0 : -1);
  }
  int result = clear(own);
  if (result == 0 && unlinkat(all, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY) {
    result = -1;
  }
  return tell(result);
}
