// The last response on a connection: to a request that cannot be read to its end.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpResponse } from '../server/response.ts';
import { httpDate } from './http-date.ts';

/**
 * How long a client may go on sending, while its bytes are discarded. Closing at once would reset
 * the connection, and the response could be lost before it is read.
 */
export const LINGER_MS = 1_000;

/** A whole response as text, each character a byte; its body must be text, or nothing. */
export function responseText(answer: HttpResponse): string {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body).toString('latin1') : '';
  let text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`;
  if (answer.contentType) {
    text += `Content-Type: ${answer.contentType}\r\n`;
  }
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    text += `${name}: ${value}\r\n`;
  }
  return `${text}Date: ${httpDate()}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Ends the connection with a response. Nothing else may read from it any more. */
export function endWith(stream: Duplex, answer: HttpResponse): void {
  const closing = { ...answer, headers: { ...answer.headers, Connection: 'close' } };
  stream.on('error', () => {
    // `close` follows, and nothing is left to be done.
  });
  stream.on('data', () => {
    // The bytes are discarded.
  });
  stream.end(responseText(closing), 'latin1');
  stream.resume();
  const timer = setTimeout(() => stream.destroy(), LINGER_MS);
  timer.unref();
  stream.once('end', () => destroyWhenWritten(stream));
  stream.once('close', () => clearTimeout(timer));
}

/**
 * The same when the client has asked something: browsers that are answered before take the
 * connection for broken, and show no answer.
 */
export function endWhenAsked(stream: Duplex, answer: HttpResponse): void {
  const end = () => {
    clearTimeout(timer);
    stream.off('readable', end);
    endWith(stream, answer);
  };
  const timer = setTimeout(end, LINGER_MS).unref();
  stream.on('readable', end);
  stream.once('error', () => clearTimeout(timer));
  stream.once('close', () => clearTimeout(timer));
}

/** Ends the stream, and destroys it when the system has taken all bytes. */
export function destroyWhenWritten(stream: Duplex): void {
  stream.end();
  if (stream.writableFinished) {
    stream.destroy();
  } else {
    stream.once('finish', () => stream.destroy());
  }
}
