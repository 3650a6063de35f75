// Reads pipelined HTTP/1.1 responses: status and body of each, in order. Each byte is looked at
// once, however the stream is cut. A response that is too large, or gives its length twice, ends
// the connection.
import { Buffer } from 'node:buffer';
import { ByteCollector } from './byte-collector.ts';
import { ChunkedBody } from './chunked-body.ts';
import { endOfHead, HEAD_END_BYTES } from './head-end.ts';
import { MAX_RESPONSE_BYTES, MAX_RESPONSE_HEAD_BYTES } from './limits.ts';

export interface CallResponse {
  readonly status: number;
  /** The target of a redirect. */
  readonly location: string | undefined;
  readonly body: Buffer;
}

interface ResponseHead {
  readonly status: number;
  readonly location: string | undefined;
  readonly chunked: boolean;
  /** The length in bytes of a body that is not chunked. */
  readonly length: number;
}

export class MalformedResponseError extends Error {
  readonly code = 'MESOSCALE_MALFORMED_RESPONSE';
}

export class ResponseReader {
  readonly #onResponse: (answer: CallResponse) => void;
  /** The part of a head that has come, or of a body of known length. */
  readonly #begun = new ByteCollector();
  /** The response whose body is being read. */
  #head: ResponseHead | undefined;
  #chunked: ChunkedBody | undefined;

  constructor(onResponse: (answer: CallResponse) => void) {
    this.#onResponse = onResponse;
  }

  /**
   * @throws MalformedResponseError for bytes that are no HTTP response; nothing can be read after
   * them.
   */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#head ? this.#readBody(this.#head, chunk, at) : this.#readHead(chunk, at);
    }
  }

  #readHead(chunk: Buffer, start: number): number {
    const begun = this.#begun;
    if (begun.length === 0) {
      const end = endOfHead(chunk, start);
      if (end >= 0) {
        return this.#takeHead(chunk.toString('latin1', start, end), end + HEAD_END_BYTES);
      }
      begun.begin(MAX_RESPONSE_HEAD_BYTES + HEAD_END_BYTES);
    }
    const before = begun.length;
    const taken = Math.min(chunk.length, start + MAX_RESPONSE_HEAD_BYTES + HEAD_END_BYTES - before);
    begun.append(chunk, start, taken);
    const bytes = begun.collected;
    const end = endOfHead(bytes, Math.max(0, before - HEAD_END_BYTES + 1));
    if (end >= 0) {
      begun.take();
      const next = start + end + HEAD_END_BYTES - before;
      return this.#takeHead(bytes.toString('latin1', 0, end), next);
    }
    if (bytes.length > MAX_RESPONSE_HEAD_BYTES) {
      throw new MalformedResponseError('The head of an answer is too long');
    }
    return taken;
  }

  #takeHead(text: string, next: number): number {
    const head = parseHead(text);
    if (!head.chunked && head.length === 0) {
      this.#onResponse({ status: head.status, location: head.location, body: Buffer.alloc(0) });
      return next;
    }
    this.#head = head;
    this.#begun.begin(head.length);
    this.#chunked = head.chunked ? new ChunkedBody(MAX_RESPONSE_BYTES) : undefined;
    return next;
  }

  #readBody(head: ResponseHead, chunk: Buffer, start: number): number {
    if (this.#chunked) {
      const end = this.#chunked.push(chunk, start);
      if (this.#chunked.fault !== undefined) {
        throw new MalformedResponseError(
          this.#chunked.fault === 413
            ? `The body of an answer has more than ${MAX_RESPONSE_BYTES} bytes`
            : 'The chunks of an answer cannot be told apart',
        );
      }
      if (this.#chunked.done) {
        this.#finish(head, this.#chunked.take());
      }
      return end;
    }
    const begun = this.#begun;
    const end = start + head.length - begun.length;
    begun.append(chunk, start, Math.min(end, chunk.length));
    if (end <= chunk.length) {
      this.#finish(head, begun.take());
    }
    return Math.min(end, chunk.length);
  }

  #finish({ status, location }: ResponseHead, body: Buffer): void {
    this.#head = undefined;
    this.#chunked = undefined;
    this.#onResponse({ status, location, body });
  }
}

function parseHead(text: string): ResponseHead {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]);
  if (Number.isNaN(status)) {
    throw new MalformedResponseError(`This is no answer: ${text.slice(0, 80)}`);
  }
  const location = /\r\nlocation: *([^\r\n]*)/i.exec(text)?.[1];
  const encodings = [...text.matchAll(/\r\ntransfer-encoding:[ \t]*([^\r\n]*)/gi)];
  const lengths = [...text.matchAll(/\r\ncontent-length:[ \t]*([^\r\n]*)/gi)];
  if (encodings.length + lengths.length > 1) {
    throw new MalformedResponseError('An answer says more than once how long it is');
  }
  const encoding = encodings[0]?.[1]?.trim();
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
    throw new MalformedResponseError(`An answer has the Transfer-Encoding '${encoding}'`);
  }
  const length = lengths[0]?.[1]?.trim() ?? '0';
  if (!/^\d{1,15}$/.test(length)) {
    throw new MalformedResponseError(`An answer has the Content-Length '${length.slice(0, 80)}'`);
  }
  if (Number(length) > MAX_RESPONSE_BYTES) {
    throw new MalformedResponseError(
      `An answer of ${length} bytes: at most ${MAX_RESPONSE_BYTES} are taken`,
    );
  }
  return { status, location, chunked: encoding !== undefined, length: Number(length) };
}
