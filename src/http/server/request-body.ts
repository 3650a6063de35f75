// Reads the body of a request that came through node:http: all of it, or the response that refuses
// it. There are bounds for its bytes (packed and unpacked), for its time, and for all bodies that
// are being read together.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { ByteCollector } from '../transport/byte-collector.ts';
import { type HeldBytes, type Holder, held } from '../transport/held-bytes.ts';
import { REQUEST_STALL_MS, REQUEST_TOTAL_MS } from '../transport/limits.ts';
import { LINGER_MS } from '../transport/refusal.ts';
import { isUnreadable } from '../transport/unreadable.ts';
import {
  badRequest,
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
  const refusal = isUnreadable(request)
    ? malformedRequest
    : refusedByHead(request, bounds.limitBytes);
  return refusal
    ? Promise.resolve(refusal)
    : new Promise((resolve) => new BodyReading(request, bounds, resolve));
}

/** Why the body is refused before any of it has come. */
export function refusedByHead(
  request: IncomingMessage,
  limitBytes: number,
): HttpResponse | undefined {
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

/** `identity` where there is none. */
export function encodingOf(request: IncomingMessage): string {
  const encoding = (headerOf(request, 'content-encoding') ?? '').toLowerCase();
  return encoding === '' ? 'identity' : encoding === 'x-gzip' ? 'gzip' : encoding;
}

class BodyReading implements Holder {
  readonly #request: IncomingMessage;
  readonly #held: HeldBytes;
  readonly #limitBytes: number;
  readonly #body = new ByteCollector();
  readonly #resolve: (result: Buffer | HttpResponse) => void;
  readonly #stall: NodeJS.Timeout;
  readonly #total: NodeJS.Timeout;
  #gunzip: Gunzip | undefined;
  #done = false;

  constructor(
    request: IncomingMessage,
    bounds: BodyBounds,
    resolve: (result: Buffer | HttpResponse) => void,
  ) {
    this.#request = request;
    this.#held = bounds.held ?? held;
    this.#limitBytes = bounds.limitBytes;
    this.#body.begin(bounds.limitBytes);
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
    unpacked.on('end', () => this.#end(this.#body.take()));
  }

  cutOff(): void {
    this.#end(malformedRequest);
    this.#request.socket.destroy();
  }

  readonly #take = (piece: Buffer) => {
    if (this.#done) {
      return;
    }
    if (this.#body.length + piece.length > this.#limitBytes) {
      this.#end(payloadTooLarge(this.#limitBytes));
      return;
    }
    this.#body.append(piece, 0, piece.length);
    this.#held.hold(this, this.#body.room);
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

  #end(result: Buffer | HttpResponse): void {
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
