/* What the parts that mount share, and the C library's headers lack, or have at odds with the kernel's. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <linux/mount.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *data);
int umount2(const char *target, int flags);

/* Flags of the two. */
enum {
  READ_ONLY = 1,
  NO_SUID = 2,
  NO_DEVICES = 4,
  NO_EXEC = 8,
  BIND = 1 << 12,
  BIND_ALL = BIND | 1 << 14,
  SLAVE_ALL = 1 << 19 | 1 << 14,
  DETACH = 2,
  NO_FOLLOW = 8
};

/* stage.c: a mount namespace of its own, of which no mount is seen outside; returns -1, with errno. */
int make_mounts(void);

/* volume-places.c: of paths without links; and of a path in a list of mounts, in place. */
int is_at_or_below(const char *path, const char *folder);
void unescape(char *text);

#endif
