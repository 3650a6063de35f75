// Collects bytes that arrive in pieces. They are copied: a piece of one byte would otherwise keep
// alive the whole chunk that it came in. The buffer doubles when it is full, so that copying takes
// linear time however the bytes are cut, and it never exceeds the number of bytes to come.
import { Buffer } from 'node:buffer';

const EMPTY = Buffer.alloc(0);
const FIRST_ROOM_BYTES = 512;

export class ByteCollector {
  #bytes: Buffer = EMPTY;
  #length = 0;
  #most = Number.POSITIVE_INFINITY;

  /** Starts again, for at most `most` bytes. Memory is allocated as they arrive. */
  begin(most: number): void {
    this.#bytes = EMPTY;
    this.#length = 0;
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  /** The size of the buffer. */
  get room(): number {
    return this.#bytes.length;
  }

  /** The bytes so far; a view that is valid until more arrive. */
  get collected(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  append(bytes: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#bytes.length) {
      const doubled = Math.max(needed, this.#bytes.length * 2, FIRST_ROOM_BYTES);
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(doubled, this.#most)));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    bytes.copy(this.#bytes, this.#length, start, end);
    this.#length = needed;
  }

  /** Returns the bytes so far, which then belong to the caller. */
  take(): Buffer {
    const { collected } = this;
    this.#bytes = EMPTY;
    this.#length = 0;
    return collected;
  }
}
