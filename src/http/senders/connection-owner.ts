// The question whether a process has opened a certain connection, and its answer. Each outgoing
// connection has a key, sent with its first message; the receiver asks the process at the address
// that the message claims. That process says yes only if its connection goes to the address of the
// asker, so a key that was overheard elsewhere is of no use.
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import type { Query } from '../../master/views.ts';
import { parseAddress } from '../../model/address.ts';
import { TEXT } from '../server/content-negotiation.ts';
import type { HttpResponse } from '../server/response.ts';
import type { Dialer } from '../transport/dialer.ts';

export const OWNER_PATH = '/mesoscale/connection';

/**
 * `other`: a process of Apache Mesos, which has no such path. `nobody`: no process of Mesoscale, as
 * far as can be seen: nothing listens or answers in time, or a program answers as Mesoscale never
 * would. `unclear`: it may be a process of Mesoscale that others keep from answering by overloading
 * it.
 */
export type OwnerAnswer = 'mine' | 'not mine' | 'other' | 'nobody' | 'unclear';

export interface OwnerQuestion {
  /** The `ip:port` of the process that is asked. */
  readonly address: string;
  /** Empty where the connection has no key. */
  readonly key: string;
  /** The `ip:port` that the connection goes to, as its opener knows it. */
  readonly to: string;
}

const ANSWER_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64;

/** Errors which say that nothing listens at the address, and not that a connection broke. */
const NOT_LISTENING: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
/** With these a process of Mesoscale may refuse any request, whatever it is about. */
const REFUSALS: ReadonlySet<number> = new Set([400, 403, 408, 413, 429, 431, 500, 502, 503, 504]);

const KEY_BYTES = 16;
const KEY = new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`);

export const newKey = () => randomBytes(KEY_BYTES).toString('hex');

/** Whether the text can be a key of Mesoscale. */
export const isKey = (text: string) => KEY.test(text);

/** Asks the question. After `abort`, `tell` is not called any more. */
export function askOwner(
  { address, key, to }: OwnerQuestion,
  tell: (answer: OwnerAnswer) => void,
  dialer: Dialer,
): { abort(): void } {
  const { host, port } = parseAddress(address) ?? { host: '', port: 0 };
  const query = new URLSearchParams({ key, to });
  const request = get({
    host,
    port,
    path: `${OWNER_PATH}?${query}`,
    // Thousands of agents may come at once, and an agent of node:http for each request would cost a
    // fifth more.
    createConnection: () => dialer.dial(address),
  });
  let isOver = false;
  const abort = () => {
    isOver = true;
    clearTimeout(timer);
    request.destroy();
  };
  const end = (answer: OwnerAnswer) => {
    if (!isOver) {
      abort();
      tell(answer);
    }
  };
  const timer = setTimeout(() => end('nobody'), ANSWER_TIMEOUT_MS);
  request.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
    end(NOT_LISTENING.has(code) || code.startsWith('HPE_') ? 'nobody' : 'unclear'),
  );
  request.on('response', (response) => {
    let text = '';
    response.setEncoding('latin1');
    response.on('data', (piece: string) => {
      text += piece;
      // A server that answers 404 may add a long text.
      if (text.length > MAX_ANSWER_BYTES) {
        end(response.statusCode === 404 ? 'other' : 'unclear');
      }
    });
    response.on('end', () => end(answerIn(response.statusCode, text)));
    response.on('error', () => end('unclear'));
  });
  return { abort };
}

function answerIn(status = 0, text = ''): OwnerAnswer {
  if (status === 404) {
    return 'other';
  }
  if (status === 200 && (text === 'mine' || text === 'not mine')) {
    return text;
  }
  return REFUSALS.has(status) ? 'unclear' : 'nobody';
}

/**
 * Answers the question; `opened` tells whether this process has a connection with this key to this
 * address.
 */
export function answerOwner(
  { key = '', to = '' }: Query,
  opened: (key: string, to: string) => boolean,
): HttpResponse {
  return { status: 200, contentType: TEXT, body: opened(key, to) ? 'mine' : 'not mine' };
}
