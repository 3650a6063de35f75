// The head of an answer, or why there is none, whatever the other side says. Of one that switches
// protocols node:http tells no more than that the request is closed.
import type { ClientRequest, IncomingMessage } from 'node:http';

/** Those that answer; others are told by the way, or are none. */
const isStatus = (status = 0) => status >= 200 && status <= 599;

/** Settles before the request is closed, or with that. */
export function answerHead(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', (response) => {
      if (isStatus(response.statusCode)) {
        resolve(response);
        return;
      }
      reject(new Error(`its status is ${response.statusCode}`));
      request.destroy();
    });
    request.on('error', reject);
    request.once('close', () => reject(new Error('it ends the connection without an answer')));
  });
}
