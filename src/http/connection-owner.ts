// The question whether a process has opened a connection, and its answer. Each connection that Links
// opens has a key, which goes with its first message; the receiver asks the process at the address
// that the message claims. A key answers for one destination only: one that was overheard at another
// opens nothing.
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import type { Query } from '../master/views.ts';
import { type Answer, TEXT } from './errors.ts';

export const OWNER_PATH = '/mesoscale/connection';

/** `silence`: nobody is there, or gives no answer in time. `other`: another kind of program is. */
export type OwnerAnswer = 'mine' | 'not mine' | 'silence' | 'other';

export interface OwnerQuestion {
  /** Empty where the connection came without. */
  readonly key: string;
  /** `ip:port` that the connection goes to, as its opener knows it. */
  readonly to: string;
}

const ANSWER_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64;

export const newKey = () => randomBytes(16).toString('hex');

export function askOwner(address: string, { key, to }: OwnerQuestion): Promise<OwnerAnswer> {
  const colon = address.lastIndexOf(':');
  const query = new URLSearchParams({ key, to });
  return new Promise((resolve) => {
    const request = get({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      path: `${OWNER_PATH}?${query}`,
      agent: false,
    });
    const end = (answer: OwnerAnswer) => {
      clearTimeout(timer);
      resolve(answer);
      request.destroy();
    };
    const timer = setTimeout(() => end('silence'), ANSWER_TIMEOUT_MS);
    request.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code?.startsWith('HPE_') ? 'other' : 'silence'),
    );
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length > MAX_ANSWER_BYTES) {
          end('other');
        }
      });
      response.on('end', () => {
        const isOurs = response.statusCode === 200 && (text === 'mine' || text === 'not mine');
        end(isOurs ? (text as OwnerAnswer) : 'other');
      });
      response.on('error', () => end('silence'));
    });
  });
}

/** Answers the question; `opened` tells whether a connection with that key goes to that address. */
export function answerOwner(
  { key = '', to = '' }: Query,
  opened: (key: string, to: string) => boolean,
): Answer {
  return { status: 200, contentType: TEXT, body: opened(key, to) ? 'mine' : 'not mine' };
}
