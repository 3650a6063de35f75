// Answers that the machine gives, onto a response that has been taken out of the router's hands.
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type Answer, TEXT } from './errors.ts';

export function writeAnswer(response: ServerResponse, answer: Answer): void {
  response.end(beginAnswer(response, answer));
}

/** Sends the head of an answer; returns its body, which is still to be sent. */
export function beginAnswer(response: ServerResponse, answer: Answer): string {
  // The machine's answers are a line of text, or nothing.
  const body = typeof answer.body === 'string' ? answer.body : '';
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.contentType ? { 'Content-Type': answer.contentType } : {}),
    'Content-Length': Buffer.byteLength(body),
  });
  return body;
}

/** A machine's Reply: a status, and a text if there is something to say; refusals always say it. */
export function replyAnswer(status: number, text: string | undefined): Answer {
  const refusal = status >= 400 ? `${status} ${STATUS_CODES[status] ?? ''}.` : undefined;
  const body = text ?? refusal;
  return body === undefined ? { status } : { status, body, contentType: TEXT };
}
