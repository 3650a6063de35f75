// Writes the primitives of protobuf's encoding into one growing buffer. Generated encoders call
// this.
import { WireError } from './wire-error.ts';

const utf8 = new TextEncoder();
/**
 * Messages are written one after the other into slabs and handed out as views: an allocation for
 * each message would cost more than writing it. A message that is kept keeps its whole slab alive,
 * so slabs are small.
 */
const SLAB_SIZE = 16 * 1024;

export class ProtobufWriter {
  #buffer = new Uint8Array(SLAB_SIZE);
  #view = new DataView(this.#buffer.buffer);
  /** Where the current message begins. */
  #start = 0;
  #position = 0;
  /** Set by an encoder that missed a required field. */
  incomplete = false;

  /** The bytes written since the last call; the writer does not touch them again. */
  finish(): Uint8Array {
    const { buffer } = this.#buffer;
    const size = this.#position - this.#start;
    if (this.#buffer.length > SLAB_SIZE) {
      // A message too large for the slab is copied, so that it keeps no more memory than it needs.
      const message = this.#buffer.slice(this.#start, this.#position);
      this.#renew(SLAB_SIZE);
      return message;
    }
    const message = new Uint8Array(buffer, this.#start, size);
    this.#start = this.#position;
    return message;
  }

  /** Drops the bytes written since the last `finish`. */
  reset(): void {
    this.#position = this.#start;
    this.incomplete = false;
  }

  #renew(size: number): void {
    this.#buffer = new Uint8Array(size);
    this.#view = new DataView(this.#buffer.buffer);
    this.#start = 0;
    this.#position = 0;
  }

  #reserve(count: number): void {
    if (this.#position + count > this.#buffer.length) {
      this.#move(count);
    }
  }

  /** Continues the message in a larger buffer, or at the beginning of a new slab. */
  #move(count: number): void {
    const written = this.#buffer.subarray(this.#start, this.#position);
    const needed = written.length + count;
    this.#renew(needed <= SLAB_SIZE / 2 ? SLAB_SIZE : needed * 2);
    this.#buffer.set(written);
    this.#position = written.length;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#buffer[this.#position++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#buffer[this.#position++] = rest;
  }

  uint32(tag: number, value: number): void {
    this.#reserve(10);
    this.#varint(tag);
    this.#varint(value >>> 0);
  }

  int32(tag: number, value: number): void {
    this.#reserve(15);
    this.#varint(tag);
    if (value >= 0) {
      this.#varint(value >>> 0);
    } else {
      this.#varint64(value >>> 0, 0xffffffff);
    }
  }

  uint64(tag: number, value: number, field: string): void {
    if (value < 0) {
      throw new WireError(`Value of field '${field}' is negative`);
    }
    this.int64(tag, value, field);
  }

  int64(tag: number, value: number, field: string): void {
    if (!Number.isSafeInteger(value)) {
      throw new WireError(`Value of field '${field}' is beyond 2^53`);
    }
    this.#reserve(15);
    this.#varint(tag);
    this.#varint64(value >>> 0, Math.floor(value / 4_294_967_296) >>> 0);
  }

  bigint(tag: number, value: bigint): void {
    this.#reserve(15);
    this.#varint(tag);
    const bits = BigInt.asUintN(64, value);
    this.#varint64(Number(bits & 0xffffffffn), Number(bits >> 32n));
  }

  #varint64(low: number, high: number): void {
    let lowBits = low;
    let highBits = high;
    while (highBits > 0) {
      this.#buffer[this.#position++] = (lowBits & 127) | 128;
      lowBits = ((lowBits >>> 7) | (highBits << 25)) >>> 0;
      highBits >>>= 7;
    }
    this.#varint(lowBits);
  }

  bool(tag: number, value: boolean): void {
    this.#reserve(6);
    this.#varint(tag);
    this.#buffer[this.#position++] = value ? 1 : 0;
  }

  double(tag: number, value: number): void {
    this.#reserve(13);
    this.#varint(tag);
    this.#view.setFloat64(this.#position, value, true);
    this.#position += 8;
  }

  string(tag: number, value: string): void {
    const length = value.length;
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(10 + length * 3);
    this.#varint(tag);
    if (length < 128 && this.#shortAscii(value, length)) {
      return;
    }
    // The length is known only after writing: one byte is reserved for it, and the text is moved if
    // the length needs more.
    const start = this.#position + 1;
    const { written } = utf8.encodeInto(value, this.#buffer.subarray(start));
    this.#closeLength(start, start + written);
  }

  #shortAscii(value: string, length: number): boolean {
    const buffer = this.#buffer;
    const start = this.#position + 1;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) {
        return false;
      }
      buffer[start + i] = unit;
    }
    buffer[start - 1] = length;
    this.#position = start + length;
    return true;
  }

  bytes(tag: number, value: Uint8Array): void {
    this.#reserve(10 + value.length);
    this.#varint(tag);
    this.#varint(value.length);
    this.#buffer.set(value, this.#position);
    this.#position += value.length;
  }

  /** Opens a nested message; returns its offset in the outermost message, which `close` needs. */
  open(tag: number): number {
    this.#reserve(6);
    this.#varint(tag);
    return ++this.#position - this.#start;
  }

  close(offset: number): void {
    this.#closeLength(this.#start + offset, this.#position);
  }

  /**
   * Writes the length of the bytes between `start` and `end` into the byte before `start`, and
   * moves the bytes if the length needs more.
   */
  #closeLength(start: number, end: number): void {
    const length = end - start;
    this.#position = end;
    if (length < 128) {
      this.#buffer[start - 1] = length;
      return;
    }
    const extra = length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : length < 1 << 28 ? 3 : 4;
    const offset = start - this.#start;
    this.#reserve(extra);
    // The outermost message may have moved meanwhile.
    const from = this.#start + offset;
    this.#buffer.copyWithin(from + extra, from, from + length);
    this.#position = from - 1;
    this.#varint(length);
    this.#position = from + extra + length;
  }
}
