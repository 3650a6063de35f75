// RecordIO: a stream of records, each its length in decimal digits, a newline, and as many bytes.
import { allocate } from './slab.ts';
import { WireError } from './wire-error.ts';

/** Larger than any message that the APIs carry. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** Digits of the largest length that is plausible. */
const MAX_DIGITS = 20;
const NEWLINE = 10;
const ZERO = 48;
const NINE = 57;
const NOTHING = new Uint8Array(0);

/** One record in one piece: some clients only understand a record that arrives as a whole. */
export function encodeRecord(bytes: Uint8Array): Uint8Array {
  const digits = String(bytes.length);
  const record = allocate(digits.length + 1 + bytes.length);
  for (let i = 0; i < digits.length; i++) {
    record[i] = digits.charCodeAt(i);
  }
  record[digits.length] = NEWLINE;
  record.set(bytes, digits.length + 1);
  return record;
}

/**
 * Reads a stream that arrives in pieces of any size. After an error the stream cannot be read any
 * further.
 */
export class RecordReader {
  readonly #limit: number;
  #header = '';
  /** The record being read, once its length is known. */
  #record: Uint8Array | undefined;
  #filled = 0;
  #length = 0;
  #failure: WireError | undefined;

  constructor(limit: number = MAX_RECORD_BYTES) {
    this.#limit = limit;
  }

  /** Whether the stream may end here: no record is incomplete. */
  get idle(): boolean {
    return this.#record === undefined && this.#header === '' && this.#failure === undefined;
  }

  /**
   * Returns the records that this piece completes; the caller may keep them.
   * @throws WireError where a length is no number or beyond the limit, and on every later call.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const records: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#record === undefined) {
        at = this.#readHeader(chunk, at, records);
      } else {
        at = this.#readBody(chunk, at, records);
      }
    }
    return records;
  }

  #readHeader(chunk: Uint8Array, start: number, records: Uint8Array[]): number {
    let at = start;
    while (at < chunk.length) {
      const byte = chunk[at++] as number;
      if (byte === NEWLINE) {
        this.#begin(records);
        return at;
      }
      this.#header += String.fromCharCode(byte);
      if (byte < ZERO || byte > NINE || this.#header.length > MAX_DIGITS) {
        throw this.#fail(`Failed to decode length '${this.#header}'`);
      }
    }
    return at;
  }

  #begin(records: Uint8Array[]): void {
    if (this.#header === '') {
      throw this.#fail("Failed to decode length ''");
    }
    this.#length = Number(this.#header);
    if (this.#length > this.#limit) {
      throw this.#fail(`Record of ${this.#header} bytes is beyond the limit of ${this.#limit}`);
    }
    this.#header = '';
    if (this.#length === 0) {
      records.push(NOTHING);
    } else {
      this.#record = NOTHING;
      this.#filled = 0;
    }
  }

  #readBody(chunk: Uint8Array, at: number, records: Uint8Array[]): number {
    const end = Math.min(chunk.length, at + this.#length - this.#filled);
    if (end - at === this.#length) {
      const whole = allocate(this.#length);
      whole.set(chunk.subarray(at, end));
      records.push(whole);
      this.#record = undefined;
      return end;
    }
    const record = this.#room(this.#filled + end - at);
    record.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === this.#length) {
      records.push(record);
      this.#record = undefined;
    }
    return end;
  }

  /** Grows the buffer as bytes arrive, not by the announced length. */
  #room(needed: number): Uint8Array {
    const record = this.#record as Uint8Array;
    if (needed <= record.length) {
      return record;
    }
    const larger = new Uint8Array(Math.min(this.#length, Math.max(needed, record.length * 2)));
    larger.set(record.subarray(0, this.#filled));
    this.#record = larger;
    return larger;
  }

  #fail(message: string): WireError {
    this.#failure = new WireError(message);
    return this.#failure;
  }
}
