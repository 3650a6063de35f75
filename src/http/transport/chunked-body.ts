// Decodes a chunked body as it arrives, in linear time. It refuses what node:http refuses: if two
// readers saw different ends of a request, another one could be smuggled in.
import { Buffer } from 'node:buffer';
import { ByteCollector } from './byte-collector.ts';

/** The status with which a faulty body is refused. */
export type BodyFault = 400 | 413;

const EMPTY = Buffer.alloc(0);
const CR = 13;
const LF = 10;

/**
 * The longest line of a chunk's size with its extensions, and the longest trailer; longer ones are
 * refused.
 */
const MAX_LINE_BYTES = 4 * 1024;
/** The most bytes in lines between chunks, sizes not counted; a body with more is refused. */
const MAX_EXTRA_BYTES = 16 * 1024;
/**
 * How many bytes a line needs for the size: the digits of the largest size, and some leading zeros.
 */
const USUAL_SIZE_BYTES = 16;

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
/**
 * A size and its extensions, which have no meaning here. The pattern is as loose as node:http's,
 * which accepts an extension without name or value.
 */
const SIZE_LINE = new RegExp(`^([0-9a-fA-F]+)(?:;(?!$)${TOKEN}*(?:=${TOKEN}*(?:${QUOTED})?)?)*$`);
/**
 * A field after the last chunk, which has no meaning here; fields that would frame a body are
 * refused.
 */
const TRAILER = new RegExp(`^(${TOKEN}+):[\\t -~\\x80-\\xff]*$`);
const FRAMING = /^(?:content-length|transfer-encoding|connection|upgrade)$/i;

type State = 'size' | 'data' | 'data end' | 'trailer' | 'done';

export class ChunkedBody {
  readonly #limit: number;
  readonly #body = new ByteCollector();
  #state: State = 'size';
  #line = '';
  #extra = 0;
  /** How many bytes of the chunk are still to come. */
  #left = 0;
  #fault: BodyFault | undefined;

  /** A body of more than `limit` bytes is refused with 413. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#body.begin(limit);
  }

  get fault(): BodyFault | undefined {
    return this.#fault;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** How many bytes of memory it uses. */
  get room(): number {
    return this.#body.room + this.#line.length;
  }

  /** The body, when it is complete. */
  take(): Buffer {
    return this.#body.take();
  }

  /** Takes bytes from `start` on; returns the position of the body's end, or of its fault. */
  push(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length && this.#state !== 'done' && this.#fault === undefined) {
      at = this.#state === 'data' ? this.#takeData(bytes, at) : this.#takeLine(bytes, at);
    }
    return at;
  }

  #takeData(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#left);
    this.#body.append(bytes, start, end);
    this.#left -= end - start;
    if (this.#left === 0) {
      this.#state = 'data end';
    }
    return end;
  }

  #takeLine(bytes: Buffer, start: number): number {
    const end = bytes.indexOf(LF, start);
    const stop = end < 0 ? bytes.length : end + 1;
    if (this.#line.length + stop - start > MAX_LINE_BYTES) {
      this.#fault = 400;
      return stop;
    }
    this.#line += bytes.toString('latin1', start, stop);
    if (end >= 0) {
      const line = this.#line;
      this.#line = '';
      if (line.length < 2 || line.charCodeAt(line.length - 2) !== CR) {
        this.#fault = 400;
      } else {
        this.#readLine(line.slice(0, -2));
      }
    }
    return stop;
  }

  #readLine(line: string): void {
    if (this.#state === 'data end') {
      this.#state = 'size';
      this.#fault = line === '' ? undefined : 400;
      return;
    }
    this.#extra += Math.max(0, line.length - USUAL_SIZE_BYTES);
    if (this.#extra > MAX_EXTRA_BYTES) {
      this.#fault = 400;
    } else if (this.#state === 'trailer') {
      this.#readTrailer(line);
    } else {
      this.#readSize(line);
    }
  }

  #readTrailer(line: string): void {
    if (line === '') {
      this.#state = 'done';
      return;
    }
    const name = TRAILER.exec(line)?.[1];
    if (name === undefined || FRAMING.test(name)) {
      this.#fault = 400;
    }
  }

  #readSize(line: string): void {
    const digits = SIZE_LINE.exec(line)?.[1];
    if (digits === undefined) {
      this.#fault = 400;
      return;
    }
    const size = Number.parseInt(digits, 16);
    if (size > this.#limit - this.#body.length) {
      this.#fault = 413;
      return;
    }
    this.#left = size;
    this.#state = size === 0 ? 'trailer' : 'data';
  }
}

/**
 * The start of a body that is one whole chunk, as peers of Mesos's transport write it, and the end
 * of its framing. Undefined where the body is another one, or incomplete.
 */
export function singleChunk(
  bytes: Buffer,
  start: number,
): { readonly body: Buffer; readonly end: number } | undefined {
  let at = start;
  let size = 0;
  for (; at < start + MAX_PLAIN_DIGITS; at++) {
    const digit = hexValue(bytes[at]);
    if (digit < 0) {
      break;
    }
    size = size * 16 + digit;
  }
  if (at === start || bytes[at] !== CR || bytes[at + 1] !== LF) {
    return undefined;
  }
  if (size === 0) {
    return bytes[at + 2] === CR && bytes[at + 3] === LF ? { body: EMPTY, end: at + 4 } : undefined;
  }
  const bodyStart = at + 2;
  const bodyEnd = bodyStart + size;
  for (let i = 0; i < LAST_CHUNK.length; i++) {
    if (bytes[bodyEnd + i] !== LAST_CHUNK[i]) {
      return undefined;
    }
  }
  return { body: bytes.subarray(bodyStart, bodyEnd), end: bodyEnd + LAST_CHUNK.length };
}

/** The most digits of a chunk size that fits in one read. */
const MAX_PLAIN_DIGITS = 7;
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

function hexValue(byte: number | undefined): number {
  if (byte === undefined) {
    return -1;
  }
  if (byte >= 48 && byte <= 57) {
    return byte - 48;
  }
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
