// How large a message is, about: bytes of its strings and bytes, and a few for every other value.
// Every task is measured when it is launched and when it has ended, so this makes no garbage.

const VALUE_BYTES = 8;

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

function valueSize(value: unknown, enough: number): number {
  if (typeof value === 'string') {
    return value.length;
  }
  if (typeof value !== 'object' || value === null) {
    return VALUE_BYTES;
  }
  return value instanceof Uint8Array ? value.length : messageSize(value, enough);
}
