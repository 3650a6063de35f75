// Writes responses of the state machine: a line of text, or nothing. The router has let go of these
// requests.
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { TEXT } from './content-negotiation.ts';
import type { HttpResponse } from './response.ts';

export function writeResponse(response: ServerResponse, answer: HttpResponse): void {
  response.end(beginResponse(response, answer));
}

/** Sends the head of a response; returns the body, which the caller sends. */
export function beginResponse(response: ServerResponse, answer: HttpResponse): string {
  // A response of the state machine has a line of text, or no body.
  const body = typeof answer.body === 'string' ? answer.body : '';
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.contentType ? { 'Content-Type': answer.contentType } : {}),
    'Content-Length': Buffer.byteLength(body),
  });
  return body;
}

/**
 * The response for the state machine's Reply: a status and perhaps a text. A refusal without a text
 * gets that of its status.
 */
export function replyResponse(status: number, text: string | undefined): HttpResponse {
  const refusal = status >= 400 ? `${status} ${STATUS_CODES[status] ?? ''}.` : undefined;
  const body = text ?? refusal;
  return body === undefined ? { status } : { status, body, contentType: TEXT };
}
