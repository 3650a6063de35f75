// Finds the empty line that ends the head of a request or response.

/** The length of `\r\n\r\n`. */
export const HEAD_END_BYTES = 4;

const CR = 13;
const LF = 10;

/**
 * The position of `\r\n\r\n`, which ends a head; -1 while it has not come. The end is four bytes
 * long, so it is enough to look at every fourth byte.
 */
export function endOfHead(bytes: Uint8Array, start: number): number {
  let at = start + HEAD_END_BYTES - 1;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === CR) {
      at++;
    } else if (byte !== LF) {
      at += HEAD_END_BYTES;
    } else if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) {
      return at - 3;
    } else {
      at += 2;
    }
  }
  return -1;
}
