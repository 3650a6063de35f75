// Tar archives for tests, also such as no program writes.

/** Texts have a character for each byte. */
export interface ArchiveEntry {
  readonly name: string;
  /** As in the header: '0' a file, '5' a folder, '2' a link, '1' a hard link … */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly seconds?: number;
  readonly major?: number;
  readonly minor?: number;
  /** What the header says in place of the content's size. */
  readonly size?: number;
  /** A header of pax before this one. */
  readonly pax?: Readonly<Record<string, string>>;
}

const BLOCK = 512;

const padded = (bytes: Buffer) =>
  Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;

export function headerOf(entry: ArchiveEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (text: string, at: number, length: number) =>
    block.write(text.slice(0, length), at, 'latin1');
  put(entry.name, 0, 100);
  put(octal(entry.mode ?? 0o644, 8), 100, 8);
  put(octal(entry.uid ?? 0, 8), 108, 8);
  put(octal(entry.gid ?? 0, 8), 116, 8);
  put(octal(entry.size ?? size, 12), 124, 12);
  put(octal(entry.seconds ?? 1_000_000_000, 12), 136, 12);
  put(entry.type ?? '0', 156, 1);
  put(entry.target ?? '', 157, 100);
  put('ustar\x0000', 257, 8);
  put(octal(entry.major ?? 0, 8), 329, 8);
  put(octal(entry.minor ?? 0, 8), 337, 8);
  return summed(block);
}

/** With the sum of its bytes. */
export function summed(block: Buffer): Buffer {
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) {
    length = String(length).length + rest.length;
  }
  return `${length}${rest}`;
}

export function entryBytes(entry: ArchiveEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  const parts = [headerOf(entry, content.length), padded(content)];
  if (entry.pax !== undefined) {
    const records = Object.entries(entry.pax).map(([key, value]) => paxRecord(key, value));
    const bytes = Buffer.from(records.join(''), 'latin1');
    parts.unshift(headerOf({ name: 'pax', type: 'x' }, bytes.length), padded(bytes));
  }
  return Buffer.concat(parts);
}

/** With the blocks that end an archive. */
export const archiveOf = (...entries: readonly ArchiveEntry[]): Buffer =>
  Buffer.concat([...entries.map(entryBytes), Buffer.alloc(2 * BLOCK)]);
