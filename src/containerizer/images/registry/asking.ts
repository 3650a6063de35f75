// Requests to registries and to what they name: patience with servers that have too much to do, and
// an end for those that stand still.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../../../filesystem/folder.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { httpAnswer, type Proxies } from '../../downloads/http-answer.ts';
import { explained } from '../../downloads/http-failure.ts';
import { pauseBefore } from '../../downloads/patience.ts';
import { StallWatch } from '../../downloads/stall-watch.ts';
import type { RegistryCertificates } from './certificates.ts';

export interface Manner {
  /** A request that receives nothing for this long has failed. */
  readonly stallMs: number;
  /** Before a second try; doubled before each further one. */
  readonly pauseMs: number;
  readonly proxies: Proxies | undefined;
  /** Called before the first connection with TLS, at the latest. */
  readonly beforeTls?: (() => void) | undefined;
  /** Those of registries. */
  readonly certificates?: RegistryCertificates | undefined;
}

export interface Question {
  readonly url: string;
  readonly headers: Headers;
  /** A form that is posted. */
  readonly form?: string;
  /** On whose behalf; undefined: of none. */
  readonly registry: string | undefined;
  readonly abort: AbortSignal;
}

export type Headers = Readonly<Record<string, string>>;

/** An answer's head, and its body, of which whoever has it reads all or calls `close`. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Throws ContainerizerError, or the reason of the abort. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly close: () => void;
}

/** The connection failed, and another one may not. */
export class Interruption extends ContainerizerError {}

/** Nothing came for too long. */
export class Standstill extends ContainerizerError {}

/** Who has certified a server is not among those whom this machine trusts. */
const AUTHORITY_UNKNOWN = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export const MOST_TRIES = 4;

/** Asks again while the server is too busy. Throws as `body` does. */
export async function ask(question: Question, manner: Manner): Promise<Answer> {
  const patience = { tries: MOST_TRIES, pauseMs: manner.pauseMs };
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(question, manner);
    const pauseMs = pauseBefore(answer, tries, patience, Date.now());
    if (pauseMs === undefined) {
      return answer;
    }
    answer.close();
    await pause(pauseMs, question.abort);
  }
}

export async function pause(ms: number, abort: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal: abort });
  } catch {
    abort.throwIfAborted();
  }
}

async function askOnce(question: Question, manner: Manner): Promise<Answer> {
  const { abort, registry, ...asked } = question;
  const { stallMs, proxies, beforeTls, certificates } = manner;
  const stall = new StallWatch(stallMs, abort);
  const failed = (error: unknown, hasBegun: boolean) => {
    abort.throwIfAborted();
    if (error instanceof ContainerizerError) {
      return new ContainerizerError(`Failed to get '${question.url}': ${error.message}`);
    }
    const standstill = stall.failure(error);
    const { message, detail } = standstill ?? explained(error, hasBegun);
    const isUnknown = AUTHORITY_UNKNOWN.has(codeOf(error) ?? '');
    const place = isUnknown ? certificates?.authorityOf(registry ?? '') : undefined;
    const hint = place === undefined ? '' : `; an authority of its own is looked for in ${place}`;
    const Kind = standstill === undefined ? Interruption : Standstill;
    const text = `Failed to get '${question.url}': ${message} (${detail}${hint})`;
    return new Kind(text, { cause: error });
  };
  try {
    const response = await httpAnswer({
      ...asked,
      mustStaySecure: true,
      proxies,
      beforeTls,
      certificates: certificates && ((host) => certificates.contextFor(host, registry)),
      signal: stall.signal,
    });
    stall.refresh();
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: bodyOf(response, stall, failed),
      close: () => {
        stall.stop();
        response.destroy();
      },
    };
  } catch (error) {
    stall.stop();
    throw failed(error, false);
  }
}

async function* bodyOf(
  response: IncomingMessage,
  stall: StallWatch,
  failed: (error: unknown, hasBegun: boolean) => Error,
): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of response) {
      // While nobody wants more, it is not the server that stands still.
      stall.stop();
      yield chunk;
      stall.refresh();
    }
  } catch (error) {
    throw failed(error, true);
  } finally {
    stall.stop();
    response.destroy();
  }
}

/** All of the body; `what` begins a sentence. */
export async function whole(answer: Answer, most: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let count = 0;
  for await (const chunk of answer.body) {
    count += chunk.length;
    if (count > most) {
      throw new ContainerizerError(`${what} has more than ${most} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export const statusText = (status: number): string =>
  `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();

/** In the words of Mesos. */
export const unexpected = (status: number, doing: string): ContainerizerError =>
  new ContainerizerError(`Unexpected HTTP response '${statusText(status)}' when trying ${doing}`);
