// The module with a limit on its memory, as a host may set one: the same code with less memory.

const MEMORY_SECTION = 5;
const HEADER_BYTES = 8;

/** The bytes of a module whose memory may have this many pages of 64 KiB. */
export function withMemoryLimit(module: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  let at = HEADER_BYTES;
  while (at < module.length) {
    const [size, content] = readNumber(module, at + 1);
    if (module[at] === MEMORY_SECTION) {
      // One memory without a limit: 1, 0, initial pages.
      const [initial] = readNumber(module, content + 2);
      const limited = [1, 1, ...written(initial), ...written(pages)];
      return Uint8Array.from([
        ...module.subarray(0, at + 1),
        ...written(limited.length),
        ...limited,
        ...module.subarray(content + size),
      ]);
    }
    at = content + size;
  }
  throw new Error('The module has no memory');
}

/** A number in LEB128, and the position after it. */
function readNumber(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  for (let at = from, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      return [value, at + 1];
    }
  }
}

function written(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...written(value >>> 7)];
}
