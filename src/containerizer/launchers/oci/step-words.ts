// Texts of several words, as steps of the runtime's stage have them (supervisor/volumes.c and
// rootfs.c).

/** Not empty: a text without characters would be no word. */
export const stepWord = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => (PLAIN.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : hex(byte)))
    .join('');

const PLAIN = /[A-Za-z0-9/._]/;

const hex = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
