// Texts that tell whether they are whole: the sum of the text ends its line, as records.c writes
// it, and what room is left behind the line is blank.

/** A text as it is read back: none yet, whole, or no longer what was written. */
export type Unsealed =
  | { readonly kind: 'blank' }
  | { readonly kind: 'whole'; readonly text: string }
  | { readonly kind: 'damaged' };

export const sealed = (text: string) => `${text} ${hex(checksum(Buffer.from(text)))}\n`;

/** Bytes that the seal adds to a text. */
export const SEAL_BYTES = 10;

/** What the bytes of a file say; undefined: there is no file. */
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

/** FNV-1a: one changed byte always changes it. */
export function checksum(bytes: Uint8Array): number {
  let sum = 2166136261;
  for (const byte of bytes) {
    sum = Math.imul(sum ^ byte, 16777619);
  }
  return sum >>> 0;
}
