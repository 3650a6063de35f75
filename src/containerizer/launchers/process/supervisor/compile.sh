#!/bin/sh
# compile.sh FOLDER ARCHITECTURE: compiles the supervisor of containers into FOLDER, for machines of
# that architecture as Node names it (x64, arm64, …). CC is the compiler; without it, cc. The name of
# the program carries the hash of its sources: running supervisors of another version keep theirs.
set -eu
[ $# -eq 2 ] || { echo "usage: compile.sh FOLDER ARCHITECTURE" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")"
# In the order of their names' bytes, as supervisor-program.ts sorts them.
export LC_ALL=C
hash=$(cat *.[ch] | sha256sum | cut -c1-16)
program="$folder/supervisor-$2-$hash"
# Several may be compiled at once: each writes its own, and any of them will do.
temporary="$program.$$"
trap 'rm -f "$temporary"' EXIT
# A static program starts faster, takes less memory and needs no libc of the machine; not every
# machine has a static libc.
for linking in -static ''; do
  # shellcheck disable=SC2086
  if "${CC:-cc}" -std=gnu11 -Os -s $linking -o "$temporary" *.c 2> "$temporary.errors"; then
    rm -f "$temporary.errors"
    mv "$temporary" "$program"
    echo "$program"
    exit 0
  fi
done
cat "$temporary.errors" >&2
rm -f "$temporary.errors"
exit 1
