// A part of a file that may be long and may grow: its end first, then what is before or comes.

/** The most that agents answer at once. */
const PIECE_BYTES = 64 * 1024;
/** The most that is kept; beyond that, what is farthest from the end is not read. */
const MAX_BYTES = 4 * 1024 * 1024;
/**
 * The most that one look at what was added reads, and that is kept of a file that grows: all of it
 * is laid out anew with each look. A file that grows faster is shown from its end on.
 */
const GROWTH_BYTES = 4 * PIECE_BYTES;
/** The part of what is looked at that may be no text in a text file: one cut off, or in between. */
const MAX_STRANGE_SHARE = 0.02;

/** Colours and moves of the cursor, as programs write them for terminals. */
const TERMINAL_CODES = new RegExp(
  `${String.fromCharCode(27)}${String.raw`(?:\[[0-9;?]*[ -/]*[@-~]|\][^\p{Cc}]*\p{Cc}\\?)`}`,
  'gu',
);

export interface PieceOf {
  readonly offset: number;
  readonly length: number;
}

export interface Piece {
  /** Of the whole file. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

export class FileWindow {
  readonly #read: (piece: PieceOf) => Promise<Piece>;
  #pieces: Uint8Array[] = [];
  #start = 0;
  #end = 0;
  #size = 0;
  #passedOver = 0;

  constructor(read: (piece: PieceOf) => Promise<Piece>) {
    this.#read = read;
  }

  /** Of the whole file, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of it before what is here. */
  get before(): number {
    return this.#start;
  }

  /** Bytes that were added faster than they were read: they were not shown, and are `before`. */
  get passedOver(): number {
    return this.#passedOver;
  }

  /** Whether it looks like a program, a picture or an archive rather than text. */
  get isBinary(): boolean {
    const last = this.#pieces.findLast(({ length }) => length > 0);
    if (last === undefined) {
      return false;
    }
    const text = new TextDecoder().decode(last);
    return text.includes('\0') || text.split('\uFFFD').length - 1 > text.length * MAX_STRANGE_SHARE;
  }

  get isFull(): boolean {
    return this.#end - this.#start >= MAX_BYTES;
  }

  /** What is here, as text; bytes that are none are marks. */
  text(): string {
    const decoder = new TextDecoder();
    const texts = this.#pieces.map((piece) => decoder.decode(piece, { stream: true }));
    return [...texts, decoder.decode()].join('').replaceAll(TERMINAL_CODES, '');
  }

  /** The end of the file. @throws RequestFailure */
  async open(): Promise<void> {
    const { size } = await this.#read({ offset: 0, length: 1 });
    await this.#showEnd(size);
    this.#passedOver = 0;
  }

  /** What was added; true where anything is another. @throws RequestFailure */
  async grow(): Promise<boolean> {
    const from = this.#end;
    while (this.#end < from + GROWTH_BYTES) {
      const { size, bytes } = await this.#read({ offset: this.#end, length: PIECE_BYTES });
      if (size < this.#end) {
        // It was emptied, or another took its place.
        await this.open();
        return true;
      }
      if (size - this.#end > GROWTH_BYTES) {
        const { start } = await this.#showEnd(size);
        this.#passedOver += start - from;
        return true;
      }
      this.#size = size;
      if (bytes.length === 0) {
        break;
      }
      this.#pieces.push(bytes);
      this.#end += bytes.length;
      if (this.#end >= size) {
        break;
      }
    }
    if (this.#end === from) {
      return false;
    }
    while (this.#pieces.length > 1 && this.#end - this.#start > GROWTH_BYTES) {
      this.#start += this.#pieces.shift()?.length ?? 0;
    }
    return true;
  }

  /** What is before. @throws RequestFailure */
  async reach(): Promise<void> {
    const length = Math.min(PIECE_BYTES, this.#start);
    if (length === 0 || this.isFull) {
      return;
    }
    const { bytes } = await this.#read({ offset: this.#start - length, length });
    this.#pieces.unshift(bytes);
    this.#start -= length;
  }

  async #showEnd(known: number): Promise<{ start: number }> {
    const start = Math.max(0, known - PIECE_BYTES);
    const { size, bytes } = await this.#read({ offset: start, length: PIECE_BYTES });
    this.#size = Math.max(size, known);
    this.#pieces = [bytes];
    this.#start = start;
    this.#end = start + bytes.length;
    return { start };
  }
}
