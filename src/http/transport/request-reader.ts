// Reads pipelined HTTP/1.1 requests of the two frequent kinds: libprocess messages and scheduler
// calls. It knows just enough of HTTP for these. A request with a head that it does not know is
// left to node:http, from its first byte on; a malformed body is refused as node:http would. Each
// byte is looked at once, however the stream is cut.
import { Buffer } from 'node:buffer';
import { ByteCollector } from './byte-collector.ts';
import { type BodyFault, ChunkedBody, singleChunk } from './chunked-body.ts';
import { endOfHead, HEAD_END_BYTES } from './head-end.ts';
import { MAX_CALL_BYTES, MAX_LEAN_HEAD_BYTES, MAX_MESSAGE_BYTES } from './limits.ts';
import { type Framing, POST, parseHead, type RequestHead } from './request-head.ts';

export type { RequestHead } from './request-head.ts';

export interface RequestHandler<Accepted> {
  /** What the head of a request has told; undefined where the request is not read here. */
  accepts(head: RequestHead): Accepted | undefined;
  /** Called with a complete request. The body is a view that is valid only during the call. */
  request(head: RequestHead, body: Uint8Array, accepted: Accepted): void;
}

/** A request whose body is being read. */
interface Reading<Accepted> {
  readonly framing: Framing;
  readonly accepted: Accepted;
}

/** In place of an offset: nothing more can be read here. */
const STOP = -1;

export class RequestReader<Accepted> {
  readonly #handler: RequestHandler<Accepted>;
  /** The part of a head that has come, or of a body of known length. */
  readonly #begun = new ByteCollector();
  #reading: Reading<Accepted> | undefined;
  #chunked: ChunkedBody | undefined;
  #foreign: Buffer | undefined;
  #fault: BodyFault | undefined;
  #finished = 0;
  /** The last parsed head and its text: the heads of one peer are mostly equal. */
  #lastText = '';
  #lastFraming: Framing | undefined;

  constructor(handler: RequestHandler<Accepted>) {
    this.#handler = handler;
  }

  /** True between two requests. */
  get idle(): boolean {
    return this.#reading === undefined && this.#begun.length === 0;
  }

  /** How many complete requests have come. */
  get finished(): number {
    return this.#finished;
  }

  /** How many bytes of memory the incomplete request uses. */
  get room(): number {
    return this.#begun.room + (this.#chunked?.room ?? 0);
  }

  /** Why the last request was refused; then nothing may be pushed any more. */
  get fault(): BodyFault | undefined {
    return this.#fault;
  }

  /** The most bytes that the body of the refused request may have. */
  get limitBytes(): number {
    return this.#reading ? limitOf(this.#reading.framing.head) : MAX_MESSAGE_BYTES;
  }

  /**
   * Takes bytes. Returns undefined, or all bytes from the first request on that is left to
   * node:http; then nothing may be pushed any more.
   */
  push(chunk: Buffer): Buffer | undefined {
    let at = 0;
    while (at !== STOP && at < chunk.length) {
      if (this.#reading === undefined) {
        at = this.#begun.length > 0 ? this.#goOnWithHead(chunk) : this.#readHead(chunk, at);
      } else {
        at = this.#readBody(this.#reading, chunk, at);
      }
    }
    return this.#foreign;
  }

  #readHead(bytes: Buffer, start: number): number {
    const end = endOfHead(bytes, start);
    if (end >= 0) {
      return this.#takeHead(bytes, start, end);
    }
    if (!mayBeRead(bytes, start)) {
      return this.#leave(bytes.subarray(start));
    }
    this.#begun.begin(MAX_LEAN_HEAD_BYTES + HEAD_END_BYTES);
    this.#begun.append(bytes, start, bytes.length);
    return bytes.length;
  }

  /** Continues a head that began in an earlier chunk. */
  #goOnWithHead(chunk: Buffer): number {
    const begun = this.#begun;
    const before = begun.length;
    const taken = Math.min(chunk.length, MAX_LEAN_HEAD_BYTES + HEAD_END_BYTES - before);
    begun.append(chunk, 0, taken);
    const bytes = begun.collected;
    // The empty line may begin in the earlier bytes.
    const end = endOfHead(bytes, Math.max(0, before - HEAD_END_BYTES + 1));
    if (end >= 0) {
      const next = this.#takeHead(begun.take(), 0, end, chunk.subarray(taken));
      return next === STOP ? STOP : next - before;
    }
    if (!mayBeRead(bytes, 0)) {
      return this.#leave(Buffer.concat([begun.take(), chunk.subarray(taken)]));
    }
    return taken;
  }

  /** Reads a head, and returns the position of the request's body. */
  #takeHead(bytes: Buffer, start: number, end: number, rest?: Buffer): number {
    const framing = this.#frame(bytes.toString('latin1', start, end));
    const accepted =
      framing === undefined || framing.length > limitOf(framing.head)
        ? undefined
        : this.#handler.accepts(framing.head);
    if (framing === undefined || accepted === undefined) {
      const left = bytes.subarray(start);
      return this.#leave(rest ? Buffer.concat([left, rest]) : left);
    }
    if (framing.length > 0 || framing.chunked) {
      this.#reading = { framing, accepted };
      this.#begun.begin(framing.length);
    } else {
      this.#finish({ framing, accepted }, EMPTY);
    }
    return end + HEAD_END_BYTES;
  }

  #readBody(reading: Reading<Accepted>, chunk: Buffer, start: number): number {
    const { framing } = reading;
    if (framing.chunked) {
      return this.#readChunks(reading, chunk, start);
    }
    const begun = this.#begun;
    const end = start + framing.length - begun.length;
    if (end > chunk.length) {
      begun.append(chunk, start, chunk.length);
      return chunk.length;
    }
    let body = chunk.subarray(start, end);
    if (begun.length > 0) {
      begun.append(chunk, start, end);
      body = begun.take();
    }
    this.#finish(reading, body);
    return end;
  }

  #readChunks(reading: Reading<Accepted>, chunk: Buffer, start: number): number {
    if (this.#chunked === undefined) {
      const whole = singleChunk(chunk, start);
      if (whole) {
        this.#finish(reading, whole.body);
        return whole.end;
      }
      this.#chunked = new ChunkedBody(limitOf(reading.framing.head));
    }
    const chunked = this.#chunked;
    const end = chunked.push(chunk, start);
    if (chunked.fault !== undefined) {
      this.#fault = chunked.fault;
      return STOP;
    }
    if (chunked.done) {
      this.#finish(reading, chunked.take());
    }
    return end;
  }

  #finish({ framing, accepted }: Reading<Accepted>, body: Uint8Array): void {
    this.#reading = undefined;
    this.#chunked = undefined;
    this.#finished++;
    this.#handler.request(framing.head, body, accepted);
  }

  #leave(foreign: Buffer): number {
    this.#foreign = foreign;
    return STOP;
  }

  #frame(text: string): Framing | undefined {
    if (text !== this.#lastText) {
      this.#lastFraming = parseHead(text);
      this.#lastText = text;
    }
    return this.#lastFraming;
  }
}

const EMPTY = new Uint8Array(0);

const limitOf = (head: RequestHead) =>
  head.from === undefined ? MAX_CALL_BYTES : MAX_MESSAGE_BYTES;

/** Whether the first bytes of a head can begin a request that is read here. */
function mayBeRead(bytes: Buffer, start: number): boolean {
  const have = bytes.length - start;
  return (
    have <= MAX_LEAN_HEAD_BYTES &&
    POST.startsWith(bytes.toString('latin1', start, start + Math.min(have, POST.length)))
  );
}
