// A part of a file that may be long and may grow: its end first, then what is before or comes.
import { readFile } from './agent-files.ts';

/** The most that agents answer at once. */
const PIECE_BYTES = 64 * 1024;
/** The most that is kept; beyond that, what is farthest from the end is dropped, or not read. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Colours and moves of the cursor, as programs write them for terminals. */
const TERMINAL_CODES = new RegExp(
  `${String.fromCharCode(27)}${String.raw`(?:\[[0-9;?]*[ -/]*[@-~]|\][^\p{Cc}]*\p{Cc}\\?)`}`,
  'gu',
);

export class FileWindow {
  readonly #agent: string;
  readonly #path: string;
  #pieces: Uint8Array[] = [];
  #start = 0;
  #end = 0;
  #size = 0;

  constructor(agent: string, path: string) {
    this.#agent = agent;
    this.#path = path;
  }

  /** Of the whole file, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of it before what is here. */
  get before(): number {
    return this.#start;
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
    this.#size = (await this.#read(0, 1)).size;
    const start = Math.max(0, this.#size - PIECE_BYTES);
    const { bytes } = await this.#read(start, PIECE_BYTES);
    this.#pieces = [bytes];
    this.#start = start;
    this.#end = start + bytes.length;
  }

  /** What was added; true where anything is another. @throws RequestFailure */
  async grow(): Promise<boolean> {
    const { size, bytes } = await this.#read(this.#end, PIECE_BYTES);
    if (size < this.#end) {
      // It was emptied, or another took its place.
      await this.open();
      return true;
    }
    this.#size = size;
    this.#pieces.push(bytes);
    this.#end += bytes.length;
    while (this.isFull && this.#pieces.length > 1) {
      this.#start += this.#pieces.shift()?.length ?? 0;
    }
    return bytes.length > 0;
  }

  /** What is before. @throws RequestFailure */
  async reach(): Promise<void> {
    const length = Math.min(PIECE_BYTES, this.#start);
    if (length === 0 || this.isFull) {
      return;
    }
    const { bytes } = await this.#read(this.#start - length, length);
    this.#pieces.unshift(bytes);
    this.#start -= length;
  }

  #read(offset: number, length: number) {
    return readFile(this.#agent, { path: this.#path, offset, length });
  }
}
