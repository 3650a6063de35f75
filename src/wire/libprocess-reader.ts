// Reads the requests of Mesos's transport off a connection, however the bytes are split and however many requests are
// pipelined. A request that is no such message is left to a complete HTTP server, from its first byte.
import { copyBytes } from './byte-copy.ts';
import { allocate } from './slab.ts';
import { types } from './types.ts';
import { WireError } from './wire-error.ts';

export interface LibprocessMessage {
  /** The sender's pid, `id@ip:port`, as it says; nobody has checked it. */
  readonly from: string;
  /** The receiving process, such as `master` or `slave(1)`. */
  readonly to: string;
  /** The name of the message's type, such as `RunTaskMessage`; a name that the schema lacks as it came. */
  readonly name: string;
  readonly body: Uint8Array;
}

/** Heads are some 200 bytes; one this long is not meant for a process. */
const MAX_HEAD_BYTES = 16 * 1024;
/** The largest body: a re-registration with a great many tasks stays far below. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** A chunk's size or a trailer line. */
const MAX_LINE_BYTES = 1024;
const NEWLINE = 10;
const RETURN = 13;
const NOTHING = new Uint8Array(0);
const POST = 'POST /';
const AGENT = 'libprocess/';
const LAST_CHUNK = new TextEncoder().encode('\r\n0\r\n\r\n');

const text = new TextDecoder('latin1');

const nameByWireName = new Map(
  Object.values(types)
    .filter((type) => type.wireName.startsWith('mesos.internal.'))
    .map((type) => [type.wireName, type.name]),
);

interface Head {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly chunked: boolean;
  /** Of a body that is not chunked. */
  readonly length: number;
}

/** By the first bytes of a connection: who has to read it. */
export function sniff(bytes: Uint8Array): 'libprocess' | 'http' | 'more' {
  const end = headEnd(bytes, 0);
  if (end < 0) {
    return mayBePost(bytes, 0) ? 'more' : 'http';
  }
  return end <= MAX_HEAD_BYTES && parseHead(bytes.subarray(0, end)) !== undefined
    ? 'libprocess'
    : 'http';
}

type State = 'head' | 'body' | 'size' | 'chunk' | 'chunk end' | 'trailer';

export class LibprocessReader {
  #state: State = 'head';
  /** What has come of a head that is not complete. */
  #partial: Uint8Array = NOTHING;
  #lastHeadBytes: Uint8Array = NOTHING;
  #lastHead: Head | undefined;
  #head: Head | undefined;
  #body: Uint8Array = NOTHING;
  #filled = 0;
  /** What is still to come of the body or of the chunk. */
  #left = 0;
  #line = '';
  /** In the pieces in which it came; none: all was messages. */
  readonly #foreign: Uint8Array[] = [];
  #failure: WireError | undefined;

  /** Everything from the first request on that is no message; once there is such a thing, nothing more is read. */
  get foreign(): Uint8Array | undefined {
    return this.#foreign.length === 0 ? undefined : joined(this.#foreign);
  }

  /** Whether the connection may end here. */
  get idle(): boolean {
    return this.#state === 'head' && this.#partial.length === 0;
  }

  /**
   * Returns the messages that these bytes complete; their bodies are the caller's own.
   * @throws WireError where a body's framing is broken or beyond the limit, and on every call after that.
   */
  push(chunk: Uint8Array): LibprocessMessage[] {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const messages: LibprocessMessage[] = [];
    if (this.#foreign.length > 0) {
      this.#foreign.push(copyBytes(chunk, 0, chunk.length));
      return messages;
    }
    let bytes = chunk;
    if (this.#partial.length > 0) {
      bytes = joined([this.#partial, chunk]);
      this.#partial = NOTHING;
    }
    let at = 0;
    while (at < bytes.length) {
      at = this.#step(bytes, at, messages);
    }
    return messages;
  }

  #step(bytes: Uint8Array, at: number, messages: LibprocessMessage[]): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at, messages);
      case 'body':
      case 'chunk':
        return this.#readBytes(bytes, at, messages);
      default:
        return this.#readLine(bytes, at, messages);
    }
  }

  #readHead(bytes: Uint8Array, at: number, messages: LibprocessMessage[]): number {
    let head: Head | undefined;
    let end: number;
    if (this.#sameHead(bytes, at)) {
      head = this.#lastHead;
      end = at + this.#lastHeadBytes.length;
    } else {
      end = headEnd(bytes, at);
      if (end < 0 && mayBePost(bytes, at)) {
        this.#partial = copyBytes(bytes, at, bytes.length);
        return bytes.length;
      }
      head = end < 0 || end - at > MAX_HEAD_BYTES ? undefined : this.#parse(bytes, at, end);
    }
    if (head === undefined) {
      this.#foreign.push(copyBytes(bytes, at, bytes.length));
      return bytes.length;
    }
    this.#head = head;
    this.#body = NOTHING;
    this.#filled = 0;
    if (head.chunked) {
      this.#state = 'size';
    } else if (head.length === 0) {
      this.#finish(messages);
    } else {
      this.#expect(head.length, 'body');
    }
    return end;
  }

  /** A peer's heads are mostly alike: the one parsed last is recognised by its bytes. */
  #sameHead(bytes: Uint8Array, at: number): boolean {
    return this.#lastHeadBytes.length > 0 && startsWith(bytes, at, this.#lastHeadBytes);
  }

  #parse(bytes: Uint8Array, at: number, end: number): Head | undefined {
    const slice = copyBytes(bytes, at, end);
    let head: Head | undefined;
    try {
      head = parseHead(slice);
    } catch (error) {
      throw error instanceof WireError ? this.#fail(error.message) : error;
    }
    if (head !== undefined) {
      this.#lastHead = head;
      this.#lastHeadBytes = slice;
    }
    return head;
  }

  #expect(length: number, state: 'body' | 'chunk'): void {
    if (this.#filled + length > MAX_BODY_BYTES) {
      throw this.#fail(`Body is beyond the limit of ${MAX_BODY_BYTES} bytes`);
    }
    this.#left = length;
    this.#state = state;
  }

  #readBytes(bytes: Uint8Array, at: number, messages: LibprocessMessage[]): number {
    const end = Math.min(bytes.length, at + this.#left);
    const count = end - at;
    if (this.#filled === 0 && count === this.#left) {
      this.#body = allocate(count);
      this.#body.set(bytes.subarray(at, end));
    } else {
      this.#grow(this.#filled + count);
      this.#body.set(bytes.subarray(at, end), this.#filled);
    }
    this.#filled += count;
    this.#left -= count;
    if (this.#left === 0) {
      if (this.#state === 'body') {
        this.#finish(messages);
      } else if (startsWith(bytes, end, LAST_CHUNK)) {
        // So ends every message that Mesos writes.
        this.#finish(messages);
        return end + LAST_CHUNK.length;
      } else {
        this.#state = 'chunk end';
      }
    }
    return end;
  }

  /** Memory is taken as bytes arrive, not as they are announced. */
  #grow(needed: number): void {
    if (needed > this.#body.length) {
      const larger = new Uint8Array(Math.max(needed, this.#body.length * 2));
      larger.set(this.#body.subarray(0, this.#filled));
      this.#body = larger;
    }
  }

  #readLine(bytes: Uint8Array, start: number, messages: LibprocessMessage[]): number {
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at++] as number;
      if (byte === NEWLINE) {
        const line = this.#line;
        this.#line = '';
        this.#takeLine(line.endsWith('\r') ? line.slice(0, -1) : line, messages);
        return at;
      }
      this.#line += String.fromCharCode(byte);
      if (this.#line.length > MAX_LINE_BYTES) {
        throw this.#fail('Line of a chunked body is too long');
      }
    }
    return at;
  }

  #takeLine(line: string, messages: LibprocessMessage[]): void {
    if (this.#state === 'size') {
      const digits = line.split(';', 1)[0]?.trim() ?? '';
      if (!/^[0-9a-fA-F]{1,8}$/.test(digits)) {
        throw this.#fail(`Invalid size of a chunk: '${line}'`);
      }
      const size = Number.parseInt(digits, 16);
      if (size === 0) {
        this.#state = 'trailer';
      } else {
        this.#expect(size, 'chunk');
      }
    } else if (this.#state === 'chunk end') {
      if (line !== '') {
        throw this.#fail('A chunk is longer than it says');
      }
      this.#state = 'size';
    } else if (line === '') {
      this.#finish(messages);
    }
  }

  #finish(messages: LibprocessMessage[]): void {
    const { from, to, name } = this.#head as Head;
    const body =
      this.#filled === this.#body.length ? this.#body : this.#body.slice(0, this.#filled);
    messages.push({ from, to, name, body });
    this.#body = NOTHING;
    this.#state = 'head';
  }

  #fail(message: string): WireError {
    this.#failure = new WireError(message);
    return this.#failure;
  }
}

function startsWith(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  if (bytes.length - at < expected.length) {
    return false;
  }
  for (let i = 0; i < expected.length; i++) {
    if (bytes[at + i] !== expected[i]) {
      return false;
    }
  }
  return true;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Where the head that begins at `start` ends, the empty line included; -1 if it does not yet. */
function headEnd(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(NEWLINE, start + 3); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
    if (bytes[at - 1] === RETURN && bytes[at - 2] === NEWLINE && bytes[at - 3] === RETURN) {
      return at + 1;
    }
  }
  return -1;
}

function mayBePost(bytes: Uint8Array, start: number): boolean {
  const have = bytes.length - start;
  for (let i = 0; i < Math.min(have, POST.length); i++) {
    if (bytes[start + i] !== POST.charCodeAt(i)) {
      return false;
    }
  }
  return have <= MAX_HEAD_BYTES;
}

/** Undefined if the request is no message. @throws WireError if it is one whose body cannot be found. */
function parseHead(bytes: Uint8Array): Head | undefined {
  const lines = text.decode(bytes).split('\r\n');
  const request = /^POST \/([^/? ]*)(?:\/([^? ]*))?(?:\?[^ ]*)? HTTP\/1\.[01]$/.exec(
    lines[0] as string,
  );
  if (request === null) {
    return undefined;
  }
  const fields = new Map<string, string>();
  for (const line of lines.slice(1, -2)) {
    const colon = line.indexOf(':');
    if (colon <= 0) {
      return undefined;
    }
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const from = sender(fields);
  const to = percentDecoded(request[1] as string);
  if (from === undefined || to === undefined) {
    return undefined;
  }
  const wireName = request[2] ?? '';
  return { from, to, name: nameByWireName.get(wireName) ?? wireName, ...framing(fields) };
}

function sender(fields: ReadonlyMap<string, string>): string | undefined {
  const from = fields.get('libprocess-from');
  if (from !== undefined) {
    return from;
  }
  const agent = fields.get('user-agent');
  return agent?.startsWith(AGENT) ? agent.slice(AGENT.length) : undefined;
}

function framing(fields: ReadonlyMap<string, string>): { chunked: boolean; length: number } {
  const encoding = fields.get('transfer-encoding');
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== 'chunked') {
      throw new WireError(`Transfer-Encoding '${encoding}' is not supported`);
    }
    return { chunked: true, length: 0 };
  }
  const length = fields.get('content-length');
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new WireError(`Invalid Content-Length '${length}'`);
  }
  return { chunked: false, length: Number(length ?? 0) };
}

function percentDecoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
