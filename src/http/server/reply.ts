// Writes the responses to ordinary requests: content type, length, compression.
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MessageType } from '../../wire/message-type.ts';
import { type Holder, held } from '../transport/held-bytes.ts';
import { acceptsEncoding, type Codec, JSON_TYPE, MEDIA_TYPE_OF } from './content-negotiation.ts';
import { headerOf } from './request-headers.ts';
import type { HttpResponse } from './response.ts';
import { largeMessage, type Pieces } from './response-stream.ts';

/** Shorter bodies are not compressed; the same bound as Mesos's. */
const GZIP_MIN_BYTES = 1_024;

const compress = promisify(gzip);

export async function sendResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: HttpResponse,
): Promise<void> {
  reply.code(answer.status);
  if (answer.headers) {
    reply.headers(answer.headers);
  }
  const { body } = answer;
  if (body === undefined) {
    reply.header('Content-Length', '0');
    reply.send();
    return;
  }
  if (answer.contentType) {
    reply.header('Content-Type', answer.contentType);
  }
  const zipped = acceptsEncoding(headerOf(request.raw, 'accept-encoding'), 'gzip');
  if (isPieces(body)) {
    holdUntilTaken(reply, body);
    sendPieces(reply, body, zipped);
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  holdUntilTaken(reply, bytes);
  const isPacked = answer.headers?.['Content-Encoding'] !== undefined;
  if (bytes.length >= GZIP_MIN_BYTES && zipped && !isPacked) {
    reply.header('Content-Encoding', 'gzip');
    reply.send(await compress(bytes));
    return;
  }
  reply.send(bytes);
}

const isPieces = (body: NonNullable<HttpResponse['body']>): body is readonly Uint8Array[] =>
  Array.isArray(body);

/** Responses below this size are not counted. */
const HELD_MIN_BYTES = 16 * 1024;

/**
 * Counts a long response until its client has taken it; only once, however many clients share it.
 */
function holdUntilTaken(reply: FastifyReply, body: Uint8Array | readonly Uint8Array[]): void {
  const bytes = isPieces(body) ? body.reduce((sum, piece) => sum + piece.length, 0) : body.length;
  if (bytes < HELD_MIN_BYTES || reply.raw.destroyed) {
    return;
  }
  const holder: Holder = { cutOff: () => reply.raw.destroy() };
  reply.raw.once('close', () => held.release(holder));
  reply.raw.on('drain', () => held.touch(holder));
  held.share(holder, body, bytes);
}

/** Sends pieces no faster than the client takes them. */
function sendPieces(reply: FastifyReply, pieces: readonly Uint8Array[], zipped: boolean): void {
  const source = Readable.from(pieces);
  if (zipped) {
    reply.header('Content-Encoding', 'gzip');
    reply.send(source.pipe(createGzip({ level: constants.Z_BEST_SPEED })));
    return;
  }
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  reply.header('Content-Length', String(length));
  reply.send(source);
}

/** A JSON response; wrapped in a function call if the query asks for it (`?jsonp=`). */
export function jsonResponse(value: unknown, jsonp: string | undefined): HttpResponse {
  return wrapped(JSON.stringify(value), jsonp);
}

/** As `jsonResponse`, for the text of `largeJson`, whose value may be as large as a cluster. */
export function largeJsonResponse(
  text: string | Promise<Pieces>,
  jsonp: string | undefined,
): HttpResponse | Promise<HttpResponse> {
  return typeof text === 'string'
    ? wrapped(text, jsonp)
    : text.then((pieces) => wrappedPieces(pieces, jsonp));
}

/** As `messageResponse`, for messages that may be as large as a cluster. */
export function largeMessageResponse<T extends object>(
  type: MessageType<T>,
  codec: Codec,
  message: T,
): HttpResponse | Promise<HttpResponse> {
  const body = largeMessage(type, codec, message);
  const contentType = MEDIA_TYPE_OF[codec];
  return body instanceof Promise
    ? body.then((pieces) => ({ status: 200, contentType, body: pieces }))
    : { status: 200, contentType, body };
}

const JAVASCRIPT = 'text/javascript';

const wrapped = (json: string, jsonp: string | undefined): HttpResponse =>
  jsonp === undefined
    ? { status: 200, contentType: JSON_TYPE, body: json }
    : { status: 200, contentType: JAVASCRIPT, body: `${jsonp}(${json})` };

const wrappedPieces = (pieces: Pieces, jsonp: string | undefined): HttpResponse =>
  jsonp === undefined
    ? { status: 200, contentType: JSON_TYPE, body: pieces }
    : {
        status: 200,
        contentType: JAVASCRIPT,
        body: [Buffer.from(`${jsonp}(`), ...pieces, Buffer.from(')')],
      };
