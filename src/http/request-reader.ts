// Reads pipelined HTTP/1.1 requests off a connection, for the two kinds that come by the
// thousand: libprocess messages and scheduler calls. It knows just enough of HTTP for these;
// whatever else it meets it reports as foreign, from its first byte, for a complete server.
import { Buffer } from 'node:buffer';

export interface RequestHead {
  readonly path: string;
  /** Sender's pid: Libprocess-From, or else the User-Agent of a libprocess process. */
  readonly from: string | undefined;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly streamId: string | undefined;
  readonly authorization: string | undefined;
}

/** What a head says about the body that follows it. */
interface Framing {
  readonly head: RequestHead;
  readonly chunked: boolean;
  readonly length: number;
}

export interface RequestHandler {
  /** Whether requests with this head are read here. */
  accepts(head: RequestHead): boolean;
  /** A complete request. The body is a view that is valid during the call only. */
  request(head: RequestHead, body: Uint8Array): void;
}

/** Longest head taken here. A longer one is left to the complete server, which refuses it. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Largest body; a larger one is left to the complete server, which refuses it. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

const HEAD_END_BYTES = 4;
const LINE_END_BYTES = 2;
const CR = 13;
const LF = 10;
const EMPTY = Buffer.alloc(0);
const POST = 'POST /';
/** Of a chunk's size. */
const MAX_SIZE_DIGITS = 8;

/** Thrown inside this file only: the bytes are no request for this reader. */
const FOREIGN = Symbol('foreign');

export class RequestReader {
  readonly #handler: RequestHandler;
  /** Bytes of an incomplete request, in the pieces in which they came. */
  #parts: Buffer[] = [];
  #have = 0;
  /** Total size at which looking at the incomplete request again is worth the while. */
  #need = 0;
  /** The head last parsed and its text: a peer's heads are mostly alike. */
  #lastText = '';
  #lastFraming: Framing | undefined;

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  /** True between requests. */
  get idle(): boolean {
    return this.#have === 0;
  }

  /**
   * Takes what was read. Returns undefined, or everything from the first request on that is not
   * for this reader; nothing may be pushed after that.
   */
  push(chunk: Buffer): Buffer | undefined {
    let bytes = chunk;
    if (this.#have > 0) {
      this.#parts.push(chunk);
      this.#have += chunk.length;
      if (this.#have < this.#need) {
        return undefined;
      }
      bytes = Buffer.concat(this.#parts, this.#have);
      this.#parts = [];
      this.#have = 0;
    }
    let at = 0;
    while (at < bytes.length) {
      const end = this.#readOne(bytes, at);
      if (end === FOREIGN) {
        return at === 0 ? bytes : bytes.subarray(at);
      }
      if (end < 0) {
        // Incomplete: -end more bytes are needed at least. The rest is copied when little of a
        // large chunk is left, so that it does not keep the chunk alive.
        const rest = bytes.subarray(at);
        const kept = rest.length * 4 < bytes.length ? Buffer.from(rest) : rest;
        this.#parts = [kept];
        this.#have = kept.length;
        this.#need = kept.length - end;
        return undefined;
      }
      at = end;
    }
    return undefined;
  }

  /** Where the request that begins at `start` ends; negative: how many bytes are missing. */
  #readOne(bytes: Buffer, start: number): number | typeof FOREIGN {
    const headEnd = endOfHead(bytes, start);
    if (headEnd < 0) {
      const have = bytes.length - start;
      const mine = bytes.toString('latin1', start, start + Math.min(have, POST.length));
      return have > MAX_HEAD_BYTES || !POST.startsWith(mine) ? FOREIGN : -1;
    }
    const framing = this.#frame(bytes.toString('latin1', start, headEnd));
    if (framing === undefined || !this.#handler.accepts(framing.head)) {
      return FOREIGN;
    }
    const bodyStart = headEnd + HEAD_END_BYTES;
    if (framing.chunked) {
      return this.#readChunked(framing.head, bytes, bodyStart);
    }
    const end = bodyStart + framing.length;
    if (end > bytes.length) {
      return bytes.length - end;
    }
    this.#handler.request(framing.head, bytes.subarray(bodyStart, end));
    return end;
  }

  #readChunked(head: RequestHead, bytes: Buffer, start: number): number | typeof FOREIGN {
    let body: Buffer = EMPTY;
    let pieces: Buffer[] | undefined;
    let at = start;
    for (;;) {
      const lineEnd = endOfSize(bytes, at);
      if (lineEnd < 0) {
        return bytes.length - at > MAX_SIZE_DIGITS ? FOREIGN : -1;
      }
      const size = parseChunkSize(bytes, at, lineEnd);
      if (size < 0) {
        return FOREIGN;
      }
      at = lineEnd + LINE_END_BYTES;
      const next = at + size + LINE_END_BYTES;
      if (next > bytes.length) {
        return next - start > MAX_BODY_BYTES ? FOREIGN : bytes.length - next;
      }
      if (bytes[next - 2] !== CR || bytes[next - 1] !== LF) {
        // A trailer after the last chunk, or garbage.
        return FOREIGN;
      }
      if (size === 0) {
        this.#handler.request(head, pieces ? Buffer.concat(pieces) : body);
        return next;
      }
      const piece = bytes.subarray(at, at + size);
      if (body.length === 0) {
        body = piece;
      } else {
        pieces ??= [body];
        pieces.push(piece);
      }
      at = next;
    }
  }

  #frame(text: string): Framing | undefined {
    if (text !== this.#lastText) {
      this.#lastFraming = parseHead(text);
      this.#lastText = text;
    }
    return this.#lastFraming;
  }
}

/**
 * Where the empty line that ends a head begins; -1: it has not come. Looks at every fourth byte of
 * a line, since the end is four bytes long.
 */
function endOfHead(bytes: Buffer, start: number): number {
  let at = start + HEAD_END_BYTES - 1;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === CR) {
      at++;
    } else if (byte !== LF) {
      at += HEAD_END_BYTES;
    } else if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) {
      return at - 3;
    } else {
      at += 2;
    }
  }
  return -1;
}

/** Where the line with a chunk's size ends; -1: it has not come, or it is too long. */
function endOfSize(bytes: Buffer, start: number): number {
  const limit = Math.min(bytes.length - 1, start + MAX_SIZE_DIGITS + 1);
  for (let at = start; at < limit; at++) {
    if (bytes[at] === CR) {
      return bytes[at + 1] === LF ? at : -1;
    }
  }
  return -1;
}

/** Hexadecimal digits only; -1 otherwise (extensions are left to the complete server). */
function parseChunkSize(bytes: Buffer, start: number, end: number): number {
  if (end === start || end - start > MAX_SIZE_DIGITS) {
    return -1;
  }
  let size = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    let digit: number;
    if (byte >= 48 && byte <= 57) {
      digit = byte - 48;
    } else {
      const letter = byte | 32;
      if (letter < 97 || letter > 102) {
        return -1;
      }
      digit = letter - 87;
    }
    size = size * 16 + digit;
  }
  return size;
}

/** The fields of a head that matter here, as far as they have come. */
interface Fields {
  from: string | undefined;
  agent: string | undefined;
  contentType: string | undefined;
  accept: string | undefined;
  streamId: string | undefined;
  authorization: string | undefined;
  encoding: string | undefined;
  length: string | undefined;
  connection: string | undefined;
}

/** Undefined for what this reader does not do: other methods and versions, Expect, Upgrade. */
function parseHead(text: string): Framing | undefined {
  const lineEnd = endOfLine(text, 0);
  if (!text.startsWith(POST) || !text.startsWith(' HTTP/1.1', lineEnd - 9)) {
    return undefined;
  }
  const path = text.slice(5, lineEnd - 9);
  if (path.includes(' ')) {
    return undefined;
  }
  const fields: Fields = {
    from: undefined,
    agent: undefined,
    contentType: undefined,
    accept: undefined,
    streamId: undefined,
    authorization: undefined,
    encoding: undefined,
    length: undefined,
    connection: undefined,
  };
  for (let at = lineEnd + 2; at < text.length; ) {
    const end = endOfLine(text, at);
    const colon = text.indexOf(':', at);
    if (colon <= at || colon > end) {
      return undefined;
    }
    const slot = SLOTS.get(text.slice(at, colon)) ?? slotOf(text.slice(at, colon));
    if (slot === 'unknown') {
      return undefined;
    }
    if (slot !== 'ignored') {
      if (fields[slot] !== undefined) {
        // Repeated fields have rules of their own; the complete server knows them.
        return undefined;
      }
      fields[slot] = text.slice(colon + 1, end).trim();
    }
    at = end + 2;
  }
  return frameOf(path, fields);
}

/** `unknown`: a field that only the complete server understands. */
type Slot = keyof Fields | 'ignored' | 'unknown';

/** By names in lower case. What is not listed does not matter. */
const SLOTS_BY_NAME: ReadonlyMap<string, Slot> = new Map<string, Slot>([
  ['libprocess-from', 'from'],
  ['user-agent', 'agent'],
  ['content-type', 'contentType'],
  ['accept', 'accept'],
  ['mesos-stream-id', 'streamId'],
  ['authorization', 'authorization'],
  ['transfer-encoding', 'encoding'],
  ['content-length', 'length'],
  ['connection', 'connection'],
  ['expect', 'unknown'],
  ['upgrade', 'unknown'],
  ['trailer', 'unknown'],
]);

/** The spellings in use, so that no name has to be turned into lower case. */
const SLOTS: ReadonlyMap<string, Slot> = new Map<string, Slot>([
  ['Host', 'ignored'],
  ['User-Agent', 'agent'],
  ['Libprocess-From', 'from'],
  ['Connection', 'connection'],
  ['Transfer-Encoding', 'encoding'],
  ['Content-Type', 'contentType'],
  ['Content-Length', 'length'],
  ['Accept', 'accept'],
  ['Mesos-Stream-Id', 'streamId'],
  ['Authorization', 'authorization'],
]);

const slotOf = (name: string): Slot => SLOTS_BY_NAME.get(name.toLowerCase()) ?? 'ignored';

function frameOf(path: string, fields: Fields): Framing | undefined {
  const { encoding, length: lengthText, agent, connection } = fields;
  const closes = connection !== undefined && connection.toLowerCase() === 'close';
  if (closes || (encoding !== undefined && lengthText !== undefined)) {
    return undefined;
  }
  if (encoding !== undefined && encoding !== 'chunked' && encoding.toLowerCase() !== 'chunked') {
    return undefined;
  }
  if (lengthText !== undefined && !/^\d{1,9}$/.test(lengthText)) {
    return undefined;
  }
  const length = lengthText === undefined ? 0 : Number(lengthText);
  if (length > MAX_BODY_BYTES) {
    return undefined;
  }
  const sender = agent?.startsWith('libprocess/') ? agent.slice('libprocess/'.length) : undefined;
  return {
    head: {
      path,
      from: fields.from ?? sender,
      contentType: fields.contentType,
      accept: fields.accept,
      streamId: fields.streamId,
      authorization: fields.authorization,
    },
    chunked: encoding !== undefined,
    length,
  };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end < 0 ? text.length : end;
}
