// What stands before each entry of a tar archive, in GNU's form: names are bytes of any number
// there, whatever their encoding, and files of any size, which all programs read.

interface TarEntry {
  readonly kind: 'file' | 'folder' | 'link';
  readonly name: Buffer;
  /** What a link leads to. */
  readonly target?: Buffer | undefined;
  readonly size: number;
  /** Nine bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedSecs: number;
}

const BLOCK = 512;
const MAX_NAME = 100;
const TYPES = { file: '0', folder: '5', link: '2' } as const;
const LONG_NAME = 'L';
const LONG_TARGET = 'K';

/** What ends an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

export function tarHeader(entry: TarEntry): Buffer {
  const { name, target = Buffer.alloc(0), kind, size, mode, uid, gid } = entry;
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0, 0, MAX_NAME);
  number(block, 100, 8, mode);
  number(block, 108, 8, uid);
  number(block, 116, 8, gid);
  number(block, 124, 12, size);
  number(block, 136, 12, Math.max(0, entry.modifiedSecs));
  block.write(TYPES[kind], 156);
  target.copy(block, 157, 0, MAX_NAME);
  return Buffer.concat([
    ...(name.length > MAX_NAME ? long(LONG_NAME, name) : []),
    ...(target.length > MAX_NAME ? long(LONG_TARGET, target) : []),
    sealed(block),
  ]);
}

/** The bytes from the end of a file's content to the next block. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** An entry before the entry, whose content is a text that is too long for a field. */
function long(type: string, text: Buffer): Buffer[] {
  const block = Buffer.alloc(BLOCK);
  block.write('././@LongLink');
  for (const [at, length] of [
    [100, 8],
    [108, 8],
    [116, 8],
    [136, 12],
  ] as const) {
    number(block, at, length, 0);
  }
  number(block, 124, 12, text.length + 1);
  block.write(type, 156);
  return [sealed(block), text, Buffer.alloc(1), tarPadding(text.length + 1)];
}

/** Octal digits; where these are too few, a mark and bytes. */
function number(block: Buffer, at: number, length: number, value: number): void {
  const digits = value.toString(8);
  if (digits.length < length) {
    block.write(digits.padStart(length - 1, '0'), at);
    return;
  }
  block.writeUInt32BE(Math.floor(value / 2 ** 32), at + length - 8);
  block.writeUInt32BE(value % 2 ** 32, at + length - 4);
  block[at] = 0x80;
}

/** With its magic number and its sum, in which that field counts as spaces. */
function sealed(block: Buffer): Buffer {
  block.write('ustar  \0', 257, 'latin1');
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) {
    sum += byte;
  }
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
