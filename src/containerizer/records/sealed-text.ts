// Texts that tell whether they are intact: a line ends with the sum of its text, as records.c
// writes it, and the rest of the file is blank.

/** A text as it is read back: not written yet, intact, or damaged. */
export type Unsealed =
  | { readonly kind: 'blank' }
  | { readonly kind: 'whole'; readonly text: string }
  | { readonly kind: 'damaged' };

export const sealed = (text: string) => `${text} ${hex(checksum(Buffer.from(text)))}\n`;

/** How many bytes the seal adds to a text. */
export const SEAL_BYTES = 10;

/** Reads the bytes of a file; undefined stands for a missing file. */
export function unsealed(bytes: Uint8Array | undefined): Unsealed {
  const content = Buffer.from(bytes ?? []);
  if (content.every((byte) => byte === 0x20 || byte === 0x0a)) {
    return { kind: 'blank' };
  }
  for (let end = content.indexOf('\n'); end >= 0; end = content.indexOf('\n', end + 1)) {
    const start = end - SEAL_BYTES + 1;
    const text = content.subarray(0, Math.max(0, start));
    if (content.toString('latin1', start, end) === ` ${hex(checksum(text))}`) {
      return { kind: 'whole', text: text.toString() };
    }
  }
  return { kind: 'damaged' };
}

const hex = (sum: number) => sum.toString(16).padStart(8, '0');

/** FNV-1a: a change of one byte always changes it. */
export function checksum(bytes: Uint8Array): number {
  let sum = 2166136261;
  for (const byte of bytes) {
    sum = Math.imul(sum ^ byte, 16777619);
  }
  return sum >>> 0;
}
