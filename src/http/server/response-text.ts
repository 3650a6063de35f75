// Writes the responses to requests that wait for the state machine, for which the router does not
// answer any more: a line of text, or nothing.
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { TEXT } from './content-negotiation.ts';
import type { HttpResponse } from './response.ts';

export function writeResponse(response: ServerResponse, answer: HttpResponse): void {
  response.end(beginResponse(response, answer));
}

/** Sends the head of an answer; returns its body, which is still to be sent. */
export function beginResponse(response: ServerResponse, answer: HttpResponse): string {
  // The state machine answers with a line of text, or nothing.
  const body = typeof answer.body === 'string' ? answer.body : '';
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.contentType ? { 'Content-Type': answer.contentType } : {}),
    'Content-Length': Buffer.byteLength(body),
  });
  return body;
}

/**
 * The state machine's Reply: a status, and a text if there is something to say; refusals always say
 * it.
 */
export function replyResponse(status: number, text: string | undefined): HttpResponse {
  const refusal = status >= 400 ? `${status} ${STATUS_CODES[status] ?? ''}.` : undefined;
  const body = text ?? refusal;
  return body === undefined ? { status } : { status, body, contentType: TEXT };
}
