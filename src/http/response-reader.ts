// Reads pipelined HTTP/1.1 answers off a connection: status and body of each, in order.

export interface CallAnswer {
  readonly status: number;
  /** Where a redirect points to. */
  readonly location: string | undefined;
  readonly body: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 64 * 1024;

export class MalformedAnswerError extends Error {
  readonly code = 'MESOSCALE_MALFORMED_ANSWER';
}

export class ResponseReader {
  readonly #onAnswer: (answer: CallAnswer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onAnswer: (answer: CallAnswer) => void) {
    this.#onAnswer = onAnswer;
  }

  /** @throws MalformedAnswerError for bytes that are no HTTP answers; nothing can follow them. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (at < bytes.length) {
      const end = this.#readOne(bytes, at);
      if (end === undefined) {
        break;
      }
      at = end;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at);
  }

  /** Where the answer that begins at `start` ends; undefined while it is incomplete. */
  #readOne(bytes: Buffer, start: number): number | undefined {
    const headEnd = bytes.indexOf(HEAD_END, start);
    if (headEnd < 0) {
      if (bytes.length - start > MAX_HEAD_BYTES) {
        throw new MalformedAnswerError('The head of an answer is too long');
      }
      return undefined;
    }
    const head = bytes.toString('latin1', start, headEnd);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    if (Number.isNaN(status)) {
      throw new MalformedAnswerError(`This is no answer: ${head.slice(0, 80)}`);
    }
    const location = /\r\nlocation: *([^\r\n]*)/i.exec(head)?.[1];
    const bodyStart = headEnd + HEAD_END.length;
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      const body = readChunks(bytes, bodyStart);
      if (!body) {
        return undefined;
      }
      this.#onAnswer({ status, location, body: Buffer.concat(body.pieces) });
      return body.end;
    }
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    const end = bodyStart + length;
    if (end > bytes.length) {
      return undefined;
    }
    this.#onAnswer({ status, location, body: bytes.subarray(bodyStart, end) });
    return end;
  }
}

function readChunks(bytes: Buffer, start: number): { pieces: Buffer[]; end: number } | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) {
      return undefined;
    }
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) {
      throw new MalformedAnswerError('The size of a chunk is no number');
    }
    const next = lineEnd + 2 + size + 2;
    if (next > bytes.length) {
      return undefined;
    }
    if (size === 0) {
      return { pieces, end: next };
    }
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
