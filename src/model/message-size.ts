// How large a message is, about: bytes of its strings and bytes, and a few for every other value.

const VALUE_BYTES = 8;

/** Counts no further than `enough`: what is larger has no exact size here. */
export function messageSize(message: object, enough: number): number {
  let size = VALUE_BYTES;
  for (const value of Object.values(message) as unknown[]) {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      size += value.length;
    } else if (typeof value === 'object' && value !== null) {
      size += messageSize(value, enough - size);
    } else {
      size += VALUE_BYTES;
    }
    if (size > enough) {
      break;
    }
  }
  return size;
}
