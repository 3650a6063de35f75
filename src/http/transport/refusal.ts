// The last response on a connection: to a request that cannot be read to its end.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpResponse } from '../server/response.ts';
import { httpDate } from './http-date.ts';

/**
 * How long a client may go on sending what is thrown away. Closing at once would reset the
 * connection, and the answer could be lost before it is read.
 */
export const LINGER_MS = 1_000;

/** A whole answer as text, each character a byte; its body is text or nothing. */
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
    // The close event follows, and nothing is left to be done.
  });
  stream.on('data', () => {
    // Thrown away.
  });
  stream.end(responseText(closing), 'latin1');
  stream.resume();
  const timer = setTimeout(() => stream.destroy(), LINGER_MS);
  timer.unref();
  stream.once('end', () => destroyWhenWritten(stream));
  stream.once('close', () => clearTimeout(timer));
}

/** Ends what is written, and destroys the connection when the system has taken it. */
export function destroyWhenWritten(stream: Duplex): void {
  stream.end();
  if (stream.writableFinished) {
    stream.destroy();
  } else {
    stream.once('finish', () => stream.destroy());
  }
}
