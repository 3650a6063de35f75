// Files of which an archive has only the parts that are not zeros: where these lie, in each of the
// forms that GNU's tar has written. Pure.
import { TarError } from './tar-error.ts';
import { numberField } from './tar-fields.ts';

/** Bytes of a file that the archive has. */
export interface Segment {
  readonly at: number;
  readonly length: number;
}

/** Bytes that are zeros, and those that follow them and are in the archive. */
export interface SparsePiece {
  readonly hole: number;
  readonly length: number;
}

/** Of one file. */
const MOST_SEGMENTS = 100_000;

/** How a file is stored, by its header: with the segments there, in its pax header, or in front. */
export type SparseForm =
  | { readonly kind: 'in headers' }
  | { readonly kind: 'listed'; readonly size: number; readonly segments: readonly Segment[] }
  | { readonly kind: 'in front'; readonly size: number };

type Pax = ReadonlyMap<string, string>;

/** Undefined: the archive has all of the file. Throws TarError. */
export function sparseForm(type: string, pax: Pax): SparseForm | undefined {
  if (type === 'S') {
    return { kind: 'in headers' };
  }
  const [major, minor] = [pax.get('GNU.sparse.major'), pax.get('GNU.sparse.minor')];
  if (major === '1' && minor === '0') {
    return { kind: 'in front', size: sizeIn(pax, 'GNU.sparse.realsize') };
  }
  if (![...pax.keys()].some((key) => key.startsWith('GNU.sparse.'))) {
    return undefined;
  }
  const map = pax.get('GNU.sparse.map');
  if (map === undefined || (major ?? '0') !== '0') {
    throw new TarError('a sparse file is stored in a form that is not known here');
  }
  const numbers = map === '' ? [] : map.split(',').map(whole);
  return { kind: 'listed', size: sizeIn(pax, 'GNU.sparse.size'), segments: pairs(numbers) };
}

function sizeIn(pax: Pax, key: string): number {
  return whole(pax.get(key) ?? '');
}

function whole(text: string): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw damaged();
  }
  return value;
}

const damaged = () => new TarError('what it says of a sparse file makes no sense');

function pairs(numbers: readonly number[]): Segment[] {
  if (numbers.length % 2 !== 0 || numbers.length > 2 * MOST_SEGMENTS) {
    throw damaged();
  }
  return numbers.flatMap((at, i) => (i % 2 === 0 ? [{ at, length: numbers[i + 1] ?? 0 }] : []));
}

const FIELD = 12;
/** In the header itself, and in each block that follows it. */
const IN_HEADER = { at: 386, count: 4 };
const IN_BLOCK = { at: 0, count: 21 };

/** Segments in blocks of their own, behind the header of the file. */
export class SparseHeaders {
  /** Of the whole file. */
  readonly size: number;
  readonly segments: Segment[] = [];
  #isEnded = false;
  /** Whether another block follows. */
  hasMore: boolean;

  /** Throws TarError, as `add` does. */
  constructor(header: Buffer) {
    this.size = checked(numberField(header, 483, FIELD));
    this.#read(header, IN_HEADER);
    this.hasMore = header[482] !== 0;
  }

  add(block: Buffer): void {
    this.#read(block, IN_BLOCK);
    this.hasMore = block[504] !== 0;
  }

  #read(block: Buffer, { at, count }: typeof IN_HEADER): void {
    for (let i = 0; i < count && !this.#isEnded; i++) {
      const place = at + 2 * FIELD * i;
      // An empty field ends the list.
      this.#isEnded = block[place] === 0;
      if (!this.#isEnded) {
        const [from, length] = [place, place + FIELD].map((it) => numberField(block, it, FIELD));
        this.segments.push({ at: checked(from), length: checked(length) });
      }
    }
    if (this.segments.length > MOST_SEGMENTS) {
      throw damaged();
    }
  }
}

function checked(value: number | undefined): number {
  if (value === undefined || !Number.isSafeInteger(value) || value < 0) {
    throw damaged();
  }
  return value;
}

/** Segments as lines of digits, in front of the content: their number, and two lines for each. */
export class SparseLines {
  readonly #numbers: number[] = [];
  #line = '';

  /** Takes a block. Throws TarError. */
  add(block: Buffer): void {
    for (const character of block.toString('latin1')) {
      if (this.isWhole) {
        return;
      }
      if (character !== '\n') {
        this.#line += character;
      } else {
        this.#numbers.push(whole(this.#line));
        this.#line = '';
      }
      if (this.#line.length > 16 || (this.#numbers[0] ?? 0) > MOST_SEGMENTS) {
        throw damaged();
      }
    }
  }

  get isWhole(): boolean {
    const [count] = this.#numbers;
    return count !== undefined && this.#numbers.length === 1 + 2 * count;
  }

  get segments(): readonly Segment[] {
    return pairs(this.#numbers.slice(1));
  }
}

/**
 * The file as it is to be written. Throws TarError where segments overlap, go beyond the file, or
 * are not what the archive has of it.
 */
export function piecesOf(
  segments: readonly Segment[],
  size: number,
  stored: number,
): readonly SparsePiece[] {
  const pieces: SparsePiece[] = [];
  let end = 0;
  let sum = 0;
  for (const { at, length } of segments) {
    if (at < end || length > size - at) {
      throw damaged();
    }
    pieces.push({ hole: at - end, length });
    end = at + length;
    sum += length;
  }
  if (sum !== stored) {
    throw damaged();
  }
  pieces.push({ hole: size - end, length: 0 });
  return pieces.filter(({ hole, length }) => hole + length > 0);
}
