// Bytes that come in pieces, kept as one. They are copied: a piece of one byte would otherwise keep
// alive the whole chunk that it came in. The room for them doubles, so that the copying is linear
// in the bytes, however they are cut, and is never more than can come.
import { Buffer } from 'node:buffer';

const EMPTY = Buffer.alloc(0);
const FIRST_ROOM_BYTES = 512;

export class ByteCollector {
  #bytes: Buffer = EMPTY;
  #length = 0;
  #most = Number.POSITIVE_INFINITY;

  /** Begins anew, for no more than `most` bytes. Memory is taken as they come, not now. */
  begin(most: number): void {
    this.#bytes = EMPTY;
    this.#length = 0;
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that are taken: room for what is to come included. */
  get room(): number {
    return this.#bytes.length;
  }

  /** What has been collected; a view, valid until more comes. */
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

  /** What has been collected, which is then the caller's own. */
  take(): Buffer {
    const { collected } = this;
    this.#bytes = EMPTY;
    this.#length = 0;
    return collected;
  }
}
