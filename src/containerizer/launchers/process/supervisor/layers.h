/* What layers.c, layer-input.c, copies.c and parents.c share. */
#ifndef LAYERS_H
#define LAYERS_H

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

/* What the kernel's overlay takes for "nothing of that name is seen of the layers below". */
static inline int is_whiteout(const struct stat *status) {
  return S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/*
 * The attribute of a folder of whose content nothing is seen in the layers below; its value is `y`. Who is
 * not root mounts with attributes that users may set.
 */
static inline const char *opaque_attribute(int is_root) {
  return is_root ? "trusted.overlay.opaque" : "user.overlay.opaque";
}

static inline int is_opaque(int folder, int is_root) {
  char value;
  return fgetxattr(folder, opaque_attribute(is_root), &value, 1) == 1 && value == 'y';
}

/*
 * The attribute of a folder that its layer does not list. It is one of those that overlays show to nobody,
 * and that no archive may have.
 */
static inline const char *unlisted_attribute(int is_root) {
  return is_root ? "trusted.overlay.mesoscale" : "user.overlay.mesoscale";
}

static inline int is_unlisted(int folder, int is_root) {
  return fgetxattr(folder, unlisted_attribute(is_root), NULL, 0) >= 0;
}

/* How much of a disk is left: blocks that are kept for root are for the machine, and not for images. */
enum { LEFT_BYTES = 16 << 20 };

/* 0, with errno, where the disk of what is open has not as much any more. */
static inline int has_disk_room(int fd) {
  struct statvfs status;
  if (fstatvfs(fd, &status) == 0 && (uint64_t)status.f_bavail * status.f_frsize < LEFT_BYTES) {
    errno = ENOSPC;
    return 0;
  }
  return 1;
}

/* An operation, as layers.c has it; all is valid until the next one is taken. */
struct operation {
  char kind;
  uint32_t mode, uid, gid, nanoseconds, n_attributes;
  int64_t seconds;
  uint64_t number;
  const char *path, *target;
  /* Of the attributes: names and values, as they came. */
  const unsigned char *at, *end;
};

/* layer-input.c: returns -1 where there is no memory. */
int open_input(void);
/* Takes the next operation; 0 where the input has ended, or has too large a one; -1 where it makes no sense. */
int take_operation(struct operation *it);
/* Takes a text off the operation, which has no NUL behind it; NULL where it is too short. */
const char *take_text(const unsigned char **at, const unsigned char *stop, size_t *size);
/* What there is of a file's content; NULL where the input has ended. And: so much of it has been taken. */
const unsigned char *look_at_content(size_t *size);
void pass_content(size_t size);
/* How many zeros, and how much content, come next of a file with holes; 0 where the input has ended. */
int take_piece(uint64_t *hole, uint64_t *content);

/*
 * copies.c: for a program that reads what layers.c has made. It may open all of it, and ends with the agent.
 * Returns whether root runs it.
 */
int begin_with_layers(void);
/* copies.c: owner, attributes, permissions and time. */
int copy_folder_attributes(int from, int to, int is_root);

#endif
