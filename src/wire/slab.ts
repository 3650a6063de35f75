// Memory for bytes of short life, cut from slabs: an allocation for each message would cost more
// than filling it.

const SLAB_SIZE = 16 * 1024;
/** A larger piece gets its own allocation. */
const MAX_PIECE = 4 * 1024;

let slab = new ArrayBuffer(SLAB_SIZE);
let used = 0;

/** Zeroed bytes for the caller alone, though their ArrayBuffer may be shared. */
export function allocate(length: number): Uint8Array {
  if (length > MAX_PIECE) {
    return new Uint8Array(length);
  }
  if (used + length > SLAB_SIZE) {
    slab = new ArrayBuffer(SLAB_SIZE);
    used = 0;
  }
  const piece = new Uint8Array(slab, used, length);
  used += length;
  return piece;
}
