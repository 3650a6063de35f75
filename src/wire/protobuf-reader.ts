// Reads the primitives of protobuf's encoding. Only generated decoders call this. Every read is
// total: past the end it reports an error, or returns a value that the caller's length check
// refuses.
import { beyond, MAX_STRING_LENGTH, UNBOUNDED, type ValueBounds } from './bounds.ts';
import { copyBytes } from './byte-copy.ts';
import { WireError } from './wire-error.ts';

/** How deep messages may be nested: as deep as protobuf's own libraries allow. */
const MAX_DEPTH = 100;

/**
 * Short ASCII strings (ids, names) recur all the time: a table keeps them, so that equal ones share
 * one object.
 */
const KEPT_STRINGS = 16_384;
const KEPT_SHIFT = 32 - 14;
/** An odd number with well-spread bits: multiplying by it spreads the bits of the bytes. */
const MIXER = 0x9e3779b1;
const KEPT_STRING_LENGTH = 64;
const kept: string[] = new Array<string>(KEPT_STRINGS).fill('');

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export class ProtobufReader {
  readonly #bytes: Uint8Array;
  #view: DataView | undefined;
  #depth = 0;
  readonly #bounds: ValueBounds;
  #messagesLeft: number;
  #stringsLeft: number;
  position = 0;
  /** Set by a decoder that missed a required field. */
  incomplete = false;

  constructor(bytes: Uint8Array, bounds: ValueBounds = UNBOUNDED) {
    this.#bytes = bytes;
    this.#bounds = bounds;
    this.#messagesLeft = bounds.messages;
    this.#stringsLeft = bounds.strings;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The low 32 bits of a varint, unsigned. */
  uint32(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.position++] as number;
    if (byte < 128) {
      return byte;
    }
    let value = byte & 127;
    for (let shift = 7; shift < 70; shift += 7) {
      byte = bytes[this.position++] as number;
      if (shift < 32) {
        value |= (byte & 127) << shift;
      }
      if (byte < 128) {
        return value >>> 0;
      }
    }
    throw new WireError('Malformed varint');
  }

  int32(): number {
    return this.uint32() | 0;
  }

  bool(): boolean {
    let any = 0;
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.position++] as number;
      any |= byte & 127;
      if (byte < 128) {
        return any !== 0;
      }
    }
    throw new WireError('Malformed varint');
  }

  #low = 0;
  #high = 0;

  #varint64(): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[this.position++] as number;
      const bits = byte & 127;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 128) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new WireError('Malformed varint');
  }

  uint64(field: string): number {
    this.#varint64();
    const value = this.#high * 4_294_967_296 + this.#low;
    return Number.isSafeInteger(value) ? value : outOfRange(field);
  }

  int64(field: string): number {
    this.#varint64();
    const value = (this.#high | 0) * 4_294_967_296 + this.#low;
    return Number.isSafeInteger(value) ? value : outOfRange(field);
  }

  bigint(): bigint {
    this.#varint64();
    return (BigInt(this.#high | 0) << 32n) | BigInt(this.#low);
  }

  double(): number {
    const bytes = this.#bytes;
    const position = this.position;
    if (position + 8 > bytes.length) {
      throw truncated();
    }
    this.position = position + 8;
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.#view.getFloat64(position, true);
  }

  string(): string {
    const bytes = this.#bytes;
    const length = this.uint32();
    const start = this.position;
    const end = start + length;
    if (end > bytes.length) {
      throw truncated();
    }
    this.position = end;
    if (--this.#stringsLeft < 0) {
      throw beyond('A message has too many within it', this.#bounds.strings, 'strings');
    }
    if (length === 0) {
      return '';
    }
    if (length > KEPT_STRING_LENGTH) {
      if (length > MAX_STRING_LENGTH) {
        throw beyond(`A string has ${length} bytes`, MAX_STRING_LENGTH, 'bytes');
      }
      return utf8.decode(bytes.subarray(start, end));
    }
    // The last bytes have the most weight in the place, for ids differ at their ends.
    const last = bytes[end - 1] as number;
    const before = bytes[end - 2] as number;
    const middle = bytes[start + (length >> 1)] as number;
    const early = bytes[end - 4] as number;
    const mixed = Math.imul((last << 24) ^ (before << 16) ^ (early << 8) ^ middle ^ length, MIXER);
    const slot = mixed >>> KEPT_SHIFT;
    const candidate = kept[slot] as string;
    if (candidate.length === length) {
      let i = 0;
      while (i < length && candidate.charCodeAt(i) === bytes[start + i]) {
        i++;
      }
      if (i === length) {
        return candidate;
      }
    }
    const text = utf8.decode(bytes.subarray(start, end));
    if (isAscii(bytes, start, end)) {
      kept[slot] = text;
    }
    return text;
  }

  /** The bytes, copied: the message outlives the buffer that it came in. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.position;
    const end = start + length;
    if (end > this.#bytes.length) {
      throw truncated();
    }
    this.position = end;
    return copyBytes(this.#bytes, start, end);
  }

  /** Enters a message nested in the one that ends at `end`; returns the end of the nested one. */
  enter(end: number): number {
    const inner = this.uint32() + this.position;
    if (inner > end) {
      throw truncated();
    }
    if (++this.#depth > MAX_DEPTH) {
      throw new WireError('Messages are nested too deeply');
    }
    if (--this.#messagesLeft < 0) {
      throw beyond('A message has too many within it', this.#bounds.messages, 'messages');
    }
    return inner;
  }

  leave(): void {
    this.#depth--;
  }

  /** Checks, at the end of a packed list or message, that exactly its bytes have been read. */
  expectEnd(end: number): void {
    if (this.position !== end) {
      throw truncated();
    }
  }

  /** Skips a field that the schema lacks, or has with another wire type. */
  skip(tag: number): void {
    if (tag >>> 3 === 0) {
      throw new WireError('Invalid field number 0');
    }
    switch (tag & 7) {
      case 0:
        this.bool();
        return;
      case 1:
        this.position += 8;
        break;
      case 2: {
        const length = this.uint32();
        this.position += length;
        break;
      }
      case 3:
        this.#skipGroup(tag >>> 3);
        return;
      case 5:
        this.position += 4;
        break;
      default:
        throw new WireError(`Invalid wire type ${tag & 7}`);
    }
    if (this.position > this.#bytes.length) {
      throw truncated();
    }
  }

  #skipGroup(number: number): void {
    if (++this.#depth > MAX_DEPTH) {
      throw new WireError('Messages are nested too deeply');
    }
    for (;;) {
      if (this.position >= this.#bytes.length) {
        throw truncated();
      }
      const tag = this.uint32();
      if ((tag & 7) === 4) {
        if (tag >>> 3 !== number) {
          throw new WireError('Group ends with another number than it began');
        }
        this.#depth--;
        return;
      }
      this.skip(tag);
    }
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if ((bytes[i] as number) > 127) {
      return false;
    }
  }
  return true;
}

function truncated(): WireError {
  return new WireError('Message is truncated');
}

function outOfRange(field: string): never {
  throw new WireError(`Value of field '${field}' is beyond 2^53`);
}
