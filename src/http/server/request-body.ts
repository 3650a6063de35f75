// Reads the body of a request that came through node:http: all of it, or the response that refuses
// it. There are bounds for its bytes (packed and unpacked), for its time, and for all bodies that
// are being read together.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { RecordReader } from '../../wire/record-io.ts';
import { WireError } from '../../wire/wire-error.ts';
import { ByteCollector } from '../transport/byte-collector.ts';
import { type HeldBytes, type Holder, held } from '../transport/held-bytes.ts';
import { REQUEST_STALL_MS, REQUEST_TOTAL_MS } from '../transport/limits.ts';
import { LINGER_MS } from '../transport/refusal.ts';
import {
  badRequest,
  bodyEnded,
  malformedRequest,
  payloadTooLarge,
  requestTimeout,
  unsupportedMediaType,
} from './error-responses.ts';
import { headerOf } from './request-headers.ts';
import type { HttpResponse } from './response.ts';
import { beginResponse } from './response-text.ts';

export interface BodyBounds {
  /** The most bytes, unpacked. A larger body is refused with 413. */
  readonly limitBytes: number;
  /** How long the client may send nothing. Then the request is refused with 408. */
  readonly stallMs?: number | undefined;
  /** How long the whole body may take. Then the request is refused with 408. */
  readonly totalMs?: number | undefined;
  readonly held?: HeldBytes | undefined;
}

/**
 * The body, or the response that refuses it. If the client has disconnected, that response is lost.
 */
export function readBody(
  request: IncomingMessage,
  bounds: BodyBounds,
): Promise<Buffer | HttpResponse> {
  return read(request, bounds, new WholeBody(bounds.limitBytes));
}

/** The first record of a body that may be an endless stream. */
export function readFirstRecord(
  request: IncomingMessage,
  bounds: BodyBounds,
): Promise<Uint8Array | HttpResponse> {
  return read(request, bounds, new FirstRecord(bounds.limitBytes));
}

function read<Result extends Uint8Array>(
  request: IncomingMessage,
  bounds: BodyBounds,
  sink: Sink<Result>,
): Promise<Result | HttpResponse> {
  const refusal = refusedByHead(request, bounds.limitBytes);
  return refusal
    ? Promise.resolve(refusal)
    : new Promise((resolve) => new BodyReading(request, bounds, sink, resolve));
}

/** Receives the bytes of a body. */
interface Sink<Result> {
  /** How many bytes of memory it uses. */
  readonly room: number;
  /** The result, or undefined if it needs more bytes. */
  take(piece: Buffer): Result | HttpResponse | undefined;
  end(): Result | HttpResponse;
}

class WholeBody implements Sink<Buffer> {
  readonly #limitBytes: number;
  readonly #body = new ByteCollector();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#body.begin(limitBytes);
  }

  get room(): number {
    return this.#body.room;
  }

  take(piece: Buffer): HttpResponse | undefined {
    if (this.#body.length + piece.length > this.#limitBytes) {
      return payloadTooLarge(this.#limitBytes);
    }
    this.#body.append(piece, 0, piece.length);
    return undefined;
  }

  end(): Buffer {
    return this.#body.take();
  }
}

class FirstRecord implements Sink<Uint8Array> {
  readonly #reader: RecordReader;
  room = 0;

  constructor(limitBytes: number) {
    this.#reader = new RecordReader(limitBytes);
  }

  take(piece: Buffer): Uint8Array | HttpResponse | undefined {
    try {
      // Its buffer doubles.
      this.room += 2 * piece.length;
      return this.#reader.push(piece)[0];
    } catch (error) {
      if (error instanceof WireError) {
        return badRequest(error.message);
      }
      throw error;
    }
  }

  end(): HttpResponse {
    return bodyEnded;
  }
}

/** Why the body is refused before any of it has come. */
function refusedByHead(request: IncomingMessage, limitBytes: number): HttpResponse | undefined {
  const transfer = headerOf(request, 'transfer-encoding');
  if (transfer !== undefined && transfer.toLowerCase() !== 'chunked') {
    return badRequest(`Transfer-Encoding '${transfer}' is not supported`);
  }
  const encoding = encodingOf(request);
  if (encoding !== 'gzip' && encoding !== 'identity') {
    return unsupportedMediaType(`Content-Encoding '${encoding}' is not supported, 'gzip' is`);
  }
  return Number(headerOf(request, 'content-length') ?? 0) > limitBytes
    ? payloadTooLarge(limitBytes)
    : undefined;
}

function encodingOf(request: IncomingMessage): string {
  const encoding = (headerOf(request, 'content-encoding') ?? '').toLowerCase();
  return encoding === '' ? 'identity' : encoding === 'x-gzip' ? 'gzip' : encoding;
}

class BodyReading<Result extends Uint8Array> implements Holder {
  readonly #request: IncomingMessage;
  readonly #held: HeldBytes;
  readonly #sink: Sink<Result>;
  readonly #resolve: (result: Result | HttpResponse) => void;
  readonly #stall: NodeJS.Timeout;
  readonly #total: NodeJS.Timeout;
  #gunzip: Gunzip | undefined;
  #done = false;

  constructor(
    request: IncomingMessage,
    bounds: BodyBounds,
    sink: Sink<Result>,
    resolve: (result: Result | HttpResponse) => void,
  ) {
    this.#request = request;
    this.#held = bounds.held ?? held;
    this.#sink = sink;
    this.#resolve = resolve;
    const late = () => this.#end(requestTimeout);
    this.#stall = setTimeout(late, bounds.stallMs ?? REQUEST_STALL_MS).unref();
    this.#total = setTimeout(late, bounds.totalMs ?? REQUEST_TOTAL_MS).unref();
    request.on('data', () => this.#stall.refresh());
    request.on('error', this.#break);
    request.on('close', this.#break);
    if (encodingOf(request) === 'gzip') {
      this.#gunzip = createGunzip();
      this.#gunzip.on('error', (error) =>
        this.#end(badRequest(`Failed to unpack the gzip body: ${error.message}`)),
      );
    }
    const unpacked = this.#gunzip ? request.pipe(this.#gunzip) : request;
    unpacked.on('data', this.#take);
    unpacked.on('end', () => this.#end(this.#sink.end()));
  }

  cutOff(): void {
    this.#end(malformedRequest);
    this.#request.socket.destroy();
  }

  readonly #take = (piece: Buffer) => {
    if (this.#done) {
      return;
    }
    const result = this.#sink.take(piece);
    if (result) {
      this.#end(result);
    } else {
      this.#held.hold(this, this.#sink.room);
    }
  };

  /**
   * The rest will not come, or cannot be read. A body that has come completely may still have to be
   * unpacked.
   */
  readonly #break = () => {
    if (!this.#request.complete) {
      this.#end(malformedRequest);
    }
  };

  #end(result: Result | HttpResponse): void {
    if (this.#done) {
      return;
    }
    this.#done = true;
    clearTimeout(this.#stall);
    clearTimeout(this.#total);
    this.#held.release(this);
    if (this.#gunzip && !(result instanceof Uint8Array)) {
      this.#request.unpipe();
      this.#gunzip.destroy();
    }
    this.#resolve(result);
  }
}

/**
 * Refuses a request whose body is not read to its end, and closes the connection: after a moment in
 * which further bytes are discarded, so that the response is not lost.
 */
export function refuseUnread(
  request: IncomingMessage,
  response: ServerResponse,
  answer: HttpResponse,
): void {
  request.removeAllListeners('data');
  response.setHeader('Connection', 'close');
  response.write(beginResponse(response, answer));
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS).unref();
  if (request.complete || request.destroyed) {
    end();
    return;
  }
  request.once('end', end);
  request.once('close', end);
  request.resume();
}
