// The head of an answer, and its text, or why there is none, whatever the other side says. Of one
// that switches protocols node:http tells no more than that the request is closed.
import type { ClientRequest, IncomingMessage } from 'node:http';

/** Of an answer that is read as a text. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Those that answer; others are told by the way, or are none. */
const isStatus = (status = 0) => status >= 200 && status <= 599;

/** There is another side, and it does not speak as it should. */
class NoAnswerError extends Error {
  readonly code = 'MESOSCALE_NO_ANSWER';
}

/** Settles before the request is closed, or with that. */
export function answerHead(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', (response) => {
      if (isStatus(response.statusCode)) {
        resolve(response);
        return;
      }
      reject(new NoAnswerError(`its status is ${response.statusCode}`));
      request.destroy();
    });
    request.on('error', reject);
    request.once('close', () =>
      reject(new NoAnswerError('it ends the connection without an answer')),
    );
  });
}

/** Calls back once the request has a connection, which may be one that was kept. */
export function whenConnected(request: ClientRequest, connected: () => void): void {
  request.once('socket', (socket) => {
    if (socket.connecting) {
      socket.once('connect', connected);
    } else {
      connected();
    }
  });
}

/** The text of a short answer: no more of it is read than there is room for. */
export async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
    if (text.length >= MAX_ANSWER_BYTES) {
      break;
    }
  }
  return text;
}
