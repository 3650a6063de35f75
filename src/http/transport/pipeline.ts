// The ordinary requests of one connection, one after the other: a request begins when the response
// before it has been taken. A client may send a thousand at once, and the responses, of megabytes
// each, would all wait for it in memory. Calls of schedulers and executors are answered with a
// line, and may overlap.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpResponse } from '../server/response.ts';
import { endWith } from './refusal.ts';

/** Requests with short answers that are handled at once on a connection; more wait their turn. */
const MAX_OVERLAPPING = 256;
/**
 * Requests that wait, over all connections. Nothing is read from a connection while one of its
 * waits, so that each has what came in one read at most; a connection that would go beyond the sum
 * is ended.
 */
const MAX_WAITING = 50_000;

const OVERLAPPING = /^(?:\/[^/]+)?\/api\/v1\/(?:scheduler|executor)(?:[/?]|$)/;

/** A connection that has sent more ahead than this is read on in a turn of its own. */
const MANY_AHEAD = 32;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly overlaps: boolean;
}

export class Pipeline {
  static #waitingSum = 0;
  /**
   * Connections that may be read on, one a turn: what each has sent ahead takes long to look at.
   */
  static readonly #toResume: Duplex[] = [];

  /** Reads on from a connection that may have sent many requests ahead: in a turn of its own. */
  static readOnInTurn(stream: Duplex): void {
    if (Pipeline.#toResume.push(stream) === 1) {
      setImmediate(Pipeline.#resumeNext);
    }
  }

  static #resumeNext(): void {
    Pipeline.#toResume.shift()?.resume();
    if (Pipeline.#toResume.length > 0) {
      setImmediate(Pipeline.#resumeNext);
    }
  }

  readonly #stream: Duplex;
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #waiting: Waiting[] = [];
  /** Being handled. */
  #current = 0;
  /** The one being handled is to be alone. */
  #alone = false;
  /** The request that came last. */
  #last: IncomingMessage | undefined;
  #isPaused = false;
  #hasSentMany = false;
  #refusal: HttpResponse | undefined;

  constructor(
    stream: Duplex,
    handle: (request: IncomingMessage, response: ServerResponse) => void,
  ) {
    this.#stream = stream;
    this.#handle = handle;
    stream.once('close', () => this.#forget());
    stream.on('resume', () => {
      // node:http wants to read on; what has been read comes first.
      if (this.#waits) {
        stream.pause();
      }
    });
  }

  /** Whether requests that have come as a whole are being handled. */
  get isBusy(): boolean {
    return this.#current > 0 && this.#last?.complete === true;
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    const overlaps = OVERLAPPING.test(request.url ?? '') || isMessage(request);
    this.#last = request;
    this.#waiting.push({ request, response, overlaps });
    Pipeline.#waitingSum++;
    this.#advance();
    if (this.#waits && !this.#isPaused) {
      this.#isPaused = true;
      this.#stream.pause();
    }
    this.#hasSentMany ||= this.#waiting.length > MANY_AHEAD;
    if (Pipeline.#waitingSum > MAX_WAITING) {
      this.#stream.destroy();
    }
  }

  /** What came last cannot be read: the connection ends with this answer, after those before it. */
  endWith(answer: HttpResponse): void {
    if (this.#refusal) {
      return;
    }
    this.#refusal = answer;
    const isBeingRead = !this.#waits && this.#current > 0 && this.#last?.complete === false;
    if (isBeingRead && this.#last && this.#last.listenerCount('error') > 0) {
      // Its body is at fault: who reads it refuses it.
      this.#last.emit('error', new Error('The body cannot be read'));
    } else {
      this.#endWhenAnswered();
    }
  }

  get #waits(): boolean {
    return this.#waiting.length > 0;
  }

  #advance(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || !this.#mayBegin(next)) {
        break;
      }
      const { request, response, overlaps } = next;
      this.#waiting.shift();
      Pipeline.#waitingSum--;
      if (this.#refusal && !request.complete) {
        // The rest of it is what cannot be read.
        break;
      }
      this.#current++;
      this.#alone = !overlaps;
      response.once('close', this.#onAnswered);
      this.#handle(request, response);
    }
    if (this.#isPaused && !this.#waits) {
      this.#isPaused = false;
      this.#readOn();
    }
  }

  #readOn(): void {
    if (this.#hasSentMany) {
      Pipeline.readOnInTurn(this.#stream);
    } else {
      this.#stream.resume();
    }
    this.#hasSentMany = false;
  }

  #mayBegin({ overlaps }: Waiting): boolean {
    return this.#current === 0 || (overlaps && !this.#alone && this.#current < MAX_OVERLAPPING);
  }

  readonly #onAnswered = () => {
    this.#current--;
    if (this.#stream.destroyed) {
      return;
    }
    this.#advance();
    this.#endWhenAnswered();
  };

  #endWhenAnswered(): void {
    if (this.#refusal && this.#current === 0 && !this.#waits && !this.#stream.destroyed) {
      endWith(this.#stream, this.#refusal);
    }
  }

  #forget(): void {
    Pipeline.#waitingSum -= this.#waiting.length;
    this.#waiting.length = 0;
  }
}

/** A message of Mesos's transport is answered with a status. */
const isMessage = (request: IncomingMessage) => request.headers['libprocess-from'] !== undefined;
