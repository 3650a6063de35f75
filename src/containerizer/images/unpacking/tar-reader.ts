// Reads a tar archive, as it comes in, into entries and the bytes of files: V7, ustar, pax, GNU.
//
// Names, targets and attributes are bytes, whatever their encoding: here they are texts with a
// character for each byte ('latin1'). Nothing of an archive is believed: what has no sense, and
// what needs more memory than an entry may, is refused. What an entry may name is not known here.
import { paxRecords } from './pax-records.ts';
import {
  piecesOf,
  type Segment,
  SparseHeaders,
  SparseLines,
  type SparsePiece,
  sparseForm,
} from './sparse.ts';
import { TarError } from './tar-error.ts';
import { numberField, textField, wholeField } from './tar-fields.ts';

/** A character for each byte. */
export type ByteText = string;

export interface TarEntry {
  readonly kind: EntryKind;
  readonly name: ByteText;
  /** What a link leads to; else empty. */
  readonly target: ByteText;
  /** The twelve bits of permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since 1970, and what is left in nanoseconds. */
  readonly modified: { readonly seconds: number; readonly nanoseconds: number };
  /** Bytes of a file's content, which follows; else 0. */
  readonly size: number;
  /** Of the content only what is no hole is in the archive: it comes in pieces. */
  readonly isSparse: boolean;
  /** The number of a device; else zeros. */
  readonly device: { readonly major: number; readonly minor: number };
  /** Values by name. */
  readonly attributes: ReadonlyMap<ByteText, ByteText>;
}

export type EntryKind =
  | 'file'
  | 'folder'
  | 'link'
  | 'hard link'
  | 'character device'
  | 'block device'
  | 'fifo';

export interface TarSink {
  entry(entry: TarEntry): void;
  /** Of a sparse file: so many zeros come, and then so much content. */
  piece?(piece: SparsePiece): void;
  /** A part of the content of the file that came last. */
  content(bytes: Buffer): void;
}

const BLOCK = 512;
const ZEROS = Buffer.alloc(BLOCK);
/** Names and attributes of one entry. */
const MAX_EXTENSION_BYTES = 1 << 20;

const KINDS: Readonly<Record<string, EntryKind>> = {
  '0': 'file',
  '\0': 'file',
  // A file whose blocks are to lie side by side.
  '7': 'file',
  // One of which only parts are stored.
  S: 'file',
  '1': 'hard link',
  '2': 'link',
  '3': 'character device',
  '4': 'block device',
  '5': 'folder',
  '6': 'fifo',
};

/** What follows a header that is itself about the next one. */
const EXTENSIONS: Readonly<Record<string, keyof Extensions>> = {
  x: 'pax',
  X: 'pax',
  L: 'name',
  K: 'target',
};

/** What says nothing about files: defaults of pax, and the label of a volume. */
const PASSED_OVER = new Set(['g', 'V']);

interface Extensions {
  pax?: ReadonlyMap<ByteText, ByteText>;
  name?: ByteText;
  target?: ByteText;
}

type State =
  | { readonly kind: 'header' }
  | { readonly kind: 'content' }
  | { readonly kind: 'extension'; readonly of: keyof Extensions; readonly parts: Buffer[] }
  | { readonly kind: 'passed over' }
  /** Of a sparse file: blocks that tell where its parts lie. */
  | { readonly kind: 'sparse headers'; readonly of: Sparse; readonly headers: SparseHeaders }
  | { readonly kind: 'sparse lines'; readonly of: Sparse; readonly lines: SparseLines }
  | { readonly kind: 'over' };

interface Sparse {
  readonly entry: TarEntry;
  /** Bytes that the archive still has of it. */
  readonly stored: number;
}

export class TarReader {
  readonly #sink: TarSink;
  #state: State = { kind: 'header' };
  /** The beginning of a header. */
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;
  /** Of what follows the header, and of what fills its last block. */
  #left = 0;
  #padding = 0;
  #extensions: Extensions = {};
  #hasBegun = false;
  /** Of a sparse file: its pieces, which comes next, and what is left of the one before. */
  #pieces: readonly SparsePiece[] = [];
  #nextPiece = 0;
  #pieceLeft = Number.POSITIVE_INFINITY;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** Throws TarError, after which the reader is not to be used. */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.#state.kind !== 'over'; ) {
      at += this.#isAtBlock ? this.#fill(bytes, at) : this.#follow(bytes, at);
    }
  }

  /**
   * At the end of the archive. Throws TarError where something is missing, but for what only fills
   * the last file's block: some programs (umoci insert) leave that out, and readers take it.
   */
  end(): void {
    const isWhole = this.#state.kind === 'content' && this.#left === 0;
    const isBetween = isWhole || (this.#state.kind === 'header' && this.#filled === 0);
    if (this.#state.kind !== 'over' && (!isBetween || Object.keys(this.#extensions).length > 0)) {
      throw new TarError('it ends in the middle of an entry');
    }
  }

  /** Whether the archive's end has come, after which there may be anything. */
  get isOver(): boolean {
    return this.#state.kind === 'over';
  }

  /**
   * For readers that can leave out bytes of the archive: passes over the content of the file that
   * came last. Returns how many bytes must be left out.
   */
  skip(): number {
    if (this.#state.kind !== 'content') {
      return 0;
    }
    const count = this.#left + this.#padding;
    this.#left = 0;
    this.#padding = 0;
    this.#followed();
    return count;
  }

  /** Whether a whole block is to be read. */
  get #isAtBlock(): boolean {
    return ['header', 'sparse headers', 'sparse lines'].includes(this.#state.kind);
  }

  /** Takes bytes of a block; returns how many. */
  #fill(bytes: Buffer, at: number): number {
    const count = Math.min(BLOCK - this.#filled, bytes.length - at);
    bytes.copy(this.#block, this.#filled, at, at + count);
    this.#filled += count;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#whole();
    }
    return count;
  }

  #whole(): void {
    const state = this.#state;
    if (state.kind === 'sparse headers') {
      state.headers.add(this.#block);
      this.#moreHeaders(state.of, state.headers);
    } else if (state.kind === 'sparse lines') {
      state.lines.add(this.#block);
      const of = { ...state.of, stored: state.of.stored - BLOCK };
      this.#moreLines(of, state.lines);
    } else {
      this.#header();
    }
  }

  #moreHeaders(of: Sparse, headers: SparseHeaders): void {
    if (headers.hasMore) {
      this.#state = { kind: 'sparse headers', of, headers };
    } else {
      this.#sparse(of, headers.segments);
    }
  }

  #moreLines(of: Sparse, lines: SparseLines): void {
    if (lines.isWhole) {
      this.#sparse(of, lines.segments);
    } else if (of.stored >= BLOCK) {
      this.#state = { kind: 'sparse lines', of, lines };
    } else {
      throw new TarError(`'${shown(of.entry.name)}' has fewer parts than it says`);
    }
  }

  #sparse({ entry, stored }: Sparse, segments: readonly Segment[]): void {
    const pieces = piecesOf(segments, entry.size, stored);
    this.#sink.entry(entry);
    this.#pieces = pieces;
    this.#nextPiece = 0;
    this.#pieceLeft = 0;
    this.#nextPieces();
    this.#expect(stored, { kind: 'content' });
  }

  /** Tells of pieces until there is content of one. */
  #nextPieces(): void {
    for (let piece = this.#pieces[this.#nextPiece]; piece && this.#pieceLeft === 0; ) {
      this.#pieceLeft = piece.length;
      this.#sink.piece?.(piece);
      piece = this.#pieces[++this.#nextPiece];
    }
  }

  /** Content of a file, in its pieces if it is a sparse one. */
  #content(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + Math.min(this.#pieceLeft, bytes.length - at));
      at += part.length;
      this.#pieceLeft -= part.length;
      this.#sink.content(part);
      this.#nextPieces();
    }
  }

  /** Takes bytes that follow a header; returns how many. */
  #follow(bytes: Buffer, at: number): number {
    const count = Math.min(this.#left, bytes.length - at);
    const part = bytes.subarray(at, at + count);
    this.#left -= count;
    if (count > 0 && this.#state.kind === 'content') {
      this.#content(part);
    } else if (count > 0 && this.#state.kind === 'extension') {
      this.#state.parts.push(Buffer.from(part));
    }
    const padding = this.#left > 0 ? 0 : Math.min(this.#padding, bytes.length - at - count);
    this.#padding -= padding;
    if (this.#left === 0 && this.#padding === 0) {
      this.#followed();
    }
    return count + padding;
  }

  #followed(): void {
    if (this.#state.kind === 'extension') {
      const { of, parts } = this.#state;
      const text = Buffer.concat(parts).toString('latin1');
      if (of === 'pax') {
        this.#extensions.pax = paxRecords(text);
      } else {
        this.#extensions[of] = text.split('\0', 1)[0] ?? '';
      }
    }
    this.#state = { kind: 'header' };
  }

  #header(): void {
    const block = this.#block;
    if (block.equals(ZEROS)) {
      this.#state = { kind: 'over' };
      return;
    }
    if (!hasItsSum(block)) {
      throw new TarError(
        this.#hasBegun
          ? 'a header does not have the sum that it says'
          : 'it is no tar archive, by its first bytes',
      );
    }
    this.#hasBegun = true;
    const type = block.toString('latin1', 156, 157);
    const extension = EXTENSIONS[type];
    const size = wholeField(block, 'size', 124, 12);
    if (extension !== undefined) {
      if (size > MAX_EXTENSION_BYTES) {
        throw new TarError(`an entry has more than ${MAX_EXTENSION_BYTES} bytes of names`);
      }
      this.#expect(size, { kind: 'extension', of: extension, parts: [] });
      return;
    }
    if (PASSED_OVER.has(type)) {
      this.#expect(size, { kind: 'passed over' });
      return;
    }
    const { entry, stored } = entryOf(block, type, size, this.#extensions);
    const form =
      entry.kind === 'file' ? sparseForm(type, this.#extensions.pax ?? new Map()) : undefined;
    this.#extensions = {};
    this.#pieces = [];
    this.#pieceLeft = Number.POSITIVE_INFINITY;
    const sparse = (whole: number): Sparse => ({
      entry: { ...entry, size: whole, isSparse: true },
      stored,
    });
    switch (form?.kind) {
      case undefined:
        this.#sink.entry(entry);
        this.#expect(entry.size, { kind: 'content' });
        return;
      case 'in headers': {
        const headers = new SparseHeaders(block);
        this.#moreHeaders(sparse(headers.size), headers);
        return;
      }
      case 'listed':
        this.#sparse(sparse(form.size), form.segments);
        return;
      case 'in front':
        this.#moreLines(sparse(form.size), new SparseLines());
        return;
    }
  }

  #expect(size: number, state: State): void {
    this.#left = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    this.#state = state;
    if (size === 0) {
      this.#followed();
    }
  }
}

/** Some programs have added the bytes with their signs. */
function hasItsSum(block: Buffer): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const said = numberField(block, 148, 8);
  return said === unsigned || said === signed;
}

const GNU = 'ustar  \0';
const USTAR = 'ustar\0';

/** The name in the header itself, of which ustar has the beginning elsewhere. */
function nameIn(block: Buffer): ByteText {
  const name = textField(block, 0, 100);
  if (block.toString('latin1', 257, 263) !== USTAR) {
    return name;
  }
  const isStar = block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = textField(block, 345, isStar ? 131 : 155);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function entryOf(
  block: Buffer,
  type: string,
  headerSize: number,
  { pax = new Map(), name: longName, target: longTarget }: Extensions,
): Sparse {
  const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? longName ?? nameIn(block);
  const kind = kindOf(type, name);
  const magic = block.toString('latin1', 257, 265);
  const hasDevice = magic === GNU || magic.startsWith(USTAR);
  const isDevice = kind === 'character device' || kind === 'block device';
  const number = (key: string, at: number, length: number) =>
    paxWhole(pax, key) ?? wholeField(block, key, at, length);
  // Only files have content, whatever others say.
  const stored = kind === 'file' ? (paxWhole(pax, 'size') ?? headerSize) : 0;
  const entry: TarEntry = {
    kind,
    name,
    target: pax.get('linkpath') ?? longTarget ?? textField(block, 157, 100),
    mode: wholeField(block, 'mode', 100, 8) % 0o10000,
    uid: number('uid', 108, 8),
    gid: number('gid', 116, 8),
    modified: paxTime(pax) ?? {
      seconds: wholeField(block, 'mtime', 136, 12, 'signed'),
      nanoseconds: 0,
    },
    size: stored,
    isSparse: false,
    device:
      isDevice && hasDevice
        ? {
            major: wholeField(block, 'devmajor', 329, 8),
            minor: wholeField(block, 'devminor', 337, 8),
          }
        : { major: 0, minor: 0 },
    attributes: attributesIn(pax),
  };
  return { entry, stored };
}

function kindOf(type: string, name: ByteText): EntryKind {
  const kind = KINDS[type];
  if (kind === undefined) {
    throw new TarError(
      `'${shown(name)}' is of a kind that is not known here (${JSON.stringify(type)})`,
    );
  }
  // Before there was a type of folders, these were files with such names.
  return kind === 'file' && name.endsWith('/') ? 'folder' : kind;
}

const ATTRIBUTE = 'SCHILY.xattr.';

const attributesIn = (pax: ReadonlyMap<ByteText, ByteText>): ReadonlyMap<ByteText, ByteText> =>
  new Map(
    [...pax].flatMap(([key, value]) =>
      key.startsWith(ATTRIBUTE) ? [[key.slice(ATTRIBUTE.length), value] as const] : [],
    ),
  );

function paxWhole(pax: ReadonlyMap<ByteText, ByteText>, key: string): number | undefined {
  const text = pax.get(key);
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new TarError(`'${shown(text)}' is no ${key}`);
  }
  return value;
}

function paxTime(pax: ReadonlyMap<ByteText, ByteText>): TarEntry['modified'] | undefined {
  const text = pax.get('mtime');
  if (text === undefined) {
    return undefined;
  }
  const [, sign = '', whole = '', digits = ''] = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === '') {
    throw new TarError(`'${shown(text)}' is no time`);
  }
  const nanoseconds = Number(digits.slice(0, 9).padEnd(9, '0'));
  return sign === '' || nanoseconds === 0
    ? { seconds: Number(sign + whole), nanoseconds }
    : { seconds: -Number(whole) - 1, nanoseconds: 1e9 - nanoseconds };
}

/** Bytes of an archive as people can read them. */
export const shown = (bytes: ByteText): string => {
  const text = Buffer.from(bytes.slice(0, 300), 'latin1').toString();
  return text.replace(/\p{Cc}/gu, (it) => `\\x${it.charCodeAt(0).toString(16).padStart(2, '0')}`);
};
