// Reads pipelined HTTP/1.1 requests off a connection, of the two kinds that come by the thousand:
// libprocess messages and scheduler calls. It knows just enough of HTTP for these. A request whose
// head it does not know is left to node:http, from its first byte on; a body that is malformed is
// refused as node:http would. Each byte is looked at once, however they are cut.
import { Buffer } from 'node:buffer';
import { ByteCollector } from './byte-collector.ts';
import { type BodyFault, ChunkedBody, singleChunk } from './chunked-body.ts';
import { endOfHead, HEAD_END_BYTES } from './head-end.ts';
import { MAX_CALL_BYTES, MAX_LEAN_HEAD_BYTES, MAX_MESSAGE_BYTES } from './limits.ts';
import { type Framing, POST, parseHead, type RequestHead } from './request-head.ts';

export type { RequestHead } from './request-head.ts';

export interface RequestHandler<Accepted> {
  /** What the head has told of a request that is read here; undefined: it is not. */
  accepts(head: RequestHead): Accepted | undefined;
  /** A complete request. The body is a view that is valid during the call only. */
  request(head: RequestHead, body: Uint8Array, accepted: Accepted): void;
}

/** A request whose body is being read. */
interface Reading<Accepted> {
  readonly framing: Framing;
  readonly accepted: Accepted;
}

/** The end of what can be read here, in place of an offset. */
const STOP = -1;

export class RequestReader<Accepted> {
  readonly #handler: RequestHandler<Accepted>;
  /** A head of which only a part has come, or a body of known length. */
  readonly #begun = new ByteCollector();
  #reading: Reading<Accepted> | undefined;
  #chunked: ChunkedBody | undefined;
  #foreign: Buffer | undefined;
  #fault: BodyFault | undefined;
  #finished = 0;
  /** The head last parsed and its text: a peer's heads are mostly alike. */
  #lastText = '';
  #lastFraming: Framing | undefined;

  constructor(handler: RequestHandler<Accepted>) {
    this.#handler = handler;
  }

  /** True between requests. */
  get idle(): boolean {
    return this.#reading === undefined && this.#begun.length === 0;
  }

  /** Requests that have come as a whole. */
  get finished(): number {
    return this.#finished;
  }

  /** Bytes of memory that the incomplete request takes. */
  get room(): number {
    return this.#begun.room + (this.#chunked?.room ?? 0);
  }

  /** Why the last request was refused; nothing may be pushed after that. */
  get fault(): BodyFault | undefined {
    return this.#fault;
  }

  /** Of the request that was refused: bytes that its body may have. */
  get limitBytes(): number {
    return this.#reading ? limitOf(this.#reading.framing.head) : MAX_MESSAGE_BYTES;
  }

  /**
   * Takes what was read. Returns undefined, or everything from the first request on that is not
   * for this reader; nothing may be pushed after that.
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

  /** The rest of a head that has begun in an earlier chunk. */
  #goOnWithHead(chunk: Buffer): number {
    const begun = this.#begun;
    const before = begun.length;
    const taken = Math.min(chunk.length, MAX_LEAN_HEAD_BYTES + HEAD_END_BYTES - before);
    begun.append(chunk, 0, taken);
    const bytes = begun.collected;
    // The empty line may have begun in the bytes before.
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

  /** Where the body of the request whose head is here begins. */
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

/** Whether what has come of a head can become one that is read here. */
function mayBeRead(bytes: Buffer, start: number): boolean {
  const have = bytes.length - start;
  return (
    have <= MAX_LEAN_HEAD_BYTES &&
    POST.startsWith(bytes.toString('latin1', start, start + Math.min(have, POST.length)))
  );
}
