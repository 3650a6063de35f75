// How large a message is, about: bytes of its strings and bytes, and a few for every other value.
// Every task and every status is measured, once, so this makes no garbage.

const VALUE_BYTES = 8;
/** An empty text has a tag and a length, too. */
const MIN_TEXT_BYTES = 2;

/** Counts no further than `enough`: what is larger has no exact size here. */
export function messageSize(message: object, enough: number): number {
  let size = VALUE_BYTES;
  if (Array.isArray(message)) {
    for (let i = 0; i < message.length && size <= enough; i++) {
      size += valueSize(message[i], enough - size);
    }
    return size;
  }
  for (const key in message) {
    if (size > enough) {
      break;
    }
    size += valueSize(message[key as keyof typeof message], enough - size);
  }
  return size;
}

/** What an object takes in memory beside its values, about. */
const OBJECT_BYTES = 56;

/**
 * How much of the memory a message takes that is kept, about: many small things take more than
 * their bytes.
 */
export function heldSize(message: object, enough: number): number {
  return messageSize(message, enough) + OBJECT_BYTES * objectCount(message, enough / OBJECT_BYTES);
}

/** The messages and lists in a message, itself too; counts no further than `enough`. */
function objectCount(message: object, enough: number): number {
  let count = 1;
  for (const key in message) {
    const value: unknown = message[key as keyof typeof message];
    if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
      count += objectCount(value, enough - count);
    }
    if (count > enough) {
      break;
    }
  }
  return count;
}

/** Of one field; counts no further than `enough` either. */
export function valueSize(value: unknown, enough: number): number {
  if (typeof value === 'string') {
    return Math.max(MIN_TEXT_BYTES, textBytes(value, enough));
  }
  if (typeof value !== 'object' || value === null) {
    return VALUE_BYTES;
  }
  return value instanceof Uint8Array ? value.length : messageSize(value, enough);
}

/** In UTF-8; of one with more units than are enough, its units. */
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
      // Half of a pair is half of its four bytes.
      size += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
    }
  }
  return size;
}

/** From this length on it is the encoder that counts faster. */
const LONG_TEXT = 256;
const encoder = new TextEncoder();
/** What is encoded is thrown away. */
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
