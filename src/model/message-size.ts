// How large a message is, about: the bytes of its strings, and a few for every other value. Each
// task and each status is measured once, so measuring creates no garbage.

const VALUE_BYTES = 8;
/** An empty string still has a tag and a length. */
const MIN_TEXT_BYTES = 2;

/**
 * The size in bytes. Counting stops beyond `enough`: for a larger message the result is inexact.
 * Each message and each list in it, itself included, counts `objectBytes` besides its values.
 */
export function messageSize(message: object, enough: number, objectBytes = VALUE_BYTES): number {
  let size = objectBytes;
  if (Array.isArray(message)) {
    for (let i = 0; i < message.length && size <= enough; i++) {
      size += valueSize(message[i], enough - size, objectBytes);
    }
    return size;
  }
  for (const key in message) {
    if (size > enough) {
      break;
    }
    size += valueSize(message[key as keyof typeof message], enough - size, objectBytes);
  }
  return size;
}

/** About what an object takes in memory, itself and its place where it is kept. */
const HELD_OBJECT_BYTES = VALUE_BYTES + 56;

/**
 * About how much memory a message takes while it is kept: many small objects take more than their
 * bytes.
 */
export const heldSize = (message: object, enough: number): number =>
  messageSize(message, enough, HELD_OBJECT_BYTES);

/** The size of one field; counting stops beyond `enough`. */
export function valueSize(value: unknown, enough: number, objectBytes = VALUE_BYTES): number {
  if (typeof value === 'string') {
    return Math.max(MIN_TEXT_BYTES, textBytes(value, enough));
  }
  if (typeof value !== 'object' || value === null) {
    return VALUE_BYTES;
  }
  return value instanceof Uint8Array ? value.length : messageSize(value, enough, objectBytes);
}

/** The length in UTF-8; for a text of more than `enough` UTF-16 units, the number of its units. */
function textBytes(text: string, enough: number): number {
  const { length } = text;
  if (length > enough) {
    return length;
  }
  if (length > LONG_TEXT) {
    return longTextBytes(text);
  }
  let size = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      // A surrogate pair is four bytes: two for each half.
      size += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
    }
  }
  return size;
}

/** From this length on TextEncoder counts faster than a loop. */
const LONG_TEXT = 256;
const encoder = new TextEncoder();
/** The encoder's output, which is not read. */
const scratch = new Uint8Array(16 * 1024);

function longTextBytes(text: string): number {
  let size = 0;
  for (let at = 0; at < text.length; ) {
    const { read, written } = encoder.encodeInto(text.slice(at, at + scratch.length), scratch);
    size += written;
    at += read;
  }
  return size;
}
