/**
 * A plain copy of a part of `bytes`, which may be a Node Buffer: its own `slice` would give a view.
 * Most copies are of 16-byte ids, which a loop copies faster than the engine does.
 */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  const copy = new Uint8Array(length);
  if (length > 64) {
    copy.set(bytes.subarray(start, end));
    return copy;
  }
  for (let i = 0; i < length; i++) {
    copy[i] = bytes[start + i] as number;
  }
  return copy;
}
