// Answers onto the wire: content type, length, compression.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, JSON_TYPE } from './errors.ts';
import { largeJson } from './large-json.ts';
import { acceptsEncoding } from './media.ts';

/** Shorter bodies are not worth compressing; the same bound as Mesos's. */
const GZIP_MIN_BYTES = 1_024;

const compress = promisify(gzip);

export async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
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
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (
    bytes.length >= GZIP_MIN_BYTES &&
    acceptsEncoding(request.headers['accept-encoding'], 'gzip')
  ) {
    reply.header('Content-Encoding', 'gzip');
    reply.send(await compress(bytes));
    return;
  }
  reply.send(bytes);
}

/** JSON, wrapped in a call where the query asks for it (`?jsonp=`). */
export function jsonAnswer(value: unknown, jsonp: string | undefined): Answer {
  return wrapped(JSON.stringify(value), jsonp);
}

/** As `jsonAnswer`, for values that may be as large as a cluster. */
export function largeJsonAnswer(
  value: unknown,
  jsonp: string | undefined,
): Answer | Promise<Answer> {
  const text = largeJson(value);
  return typeof text === 'string'
    ? wrapped(text, jsonp)
    : text.then((bytes) => wrapped(bytes, jsonp));
}

function wrapped(json: string | Buffer, jsonp: string | undefined): Answer {
  if (jsonp === undefined) {
    return { status: 200, contentType: JSON_TYPE, body: json };
  }
  const body =
    typeof json === 'string'
      ? `${jsonp}(${json})`
      : Buffer.concat([Buffer.from(`${jsonp}(`), json, Buffer.from(')')]);
  return { status: 200, contentType: 'text/javascript', body };
}
