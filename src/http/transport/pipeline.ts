// The ordinary requests of one connection, one after the other: a request is handled when the
// client has taken the response before. Without that, a client could send a thousand requests at
// once, and all responses, of megabytes each, would wait in memory. Calls of schedulers and
// executors may overlap, since their responses are short.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Fifo } from '../../model/fifo.ts';
import type { HttpResponse } from '../server/response.ts';
import { endWith } from './refusal.ts';
import { refuseBody } from './unreadable.ts';

/** The most overlapping requests of a connection; further ones wait. */
const MAX_OVERLAPPING = 256;
/**
 * The most waiting requests of all connections. A connection with a waiting request is not read any
 * further, so each has only the requests of one read waiting; a connection that exceeds the sum is
 * closed.
 */
const MAX_WAITING = 50_000;

const OVERLAPPING = /^(?:\/[^/]+)?\/api\/v1\/(?:scheduler|executor)(?:[/?]|$)/;

/** A connection that has sent more requests ahead than this is resumed in a turn of its own. */
const MANY_AHEAD = 32;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly overlaps: boolean;
}

export class Pipeline {
  static #waitingSum = 0;
  /**
   * Connections to read on, one in each turn: it takes long to read all requests that one has sent
   * ahead.
   */
  static readonly #toReadOn = new Fifo<() => void>();

  /**
   * Reads on, in a turn of its own, a connection that may have sent many requests ahead; `readOn`
   * does it, and is not called for one that has closed.
   */
  static readOnInTurn(stream: Duplex, readOn: () => void): void {
    Pipeline.#toReadOn.push(() => {
      if (!stream.destroyed) {
        readOn();
      }
    });
    if (Pipeline.#toReadOn.length === 1) {
      setImmediate(Pipeline.#readOnNext);
    }
  }

  static #readOnNext(): void {
    Pipeline.#toReadOn.take()?.();
    if (Pipeline.#toReadOn.length > 0) {
      setImmediate(Pipeline.#readOnNext);
    }
  }

  readonly #stream: Duplex;
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #waiting: Waiting[] = [];
  /** How many requests are being handled. */
  #current = 0;
  /** Whether the request being handled must not be overlapped. */
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
      // node:http resumes the stream, but the requests it has read come first.
      if (this.#waits) {
        stream.pause();
      }
    });
  }

  /** Whether complete requests are being handled. */
  get isBusy(): boolean {
    return this.#current > 0 && this.#last?.complete === true;
  }

  /** Whether the other side has sent nothing that is still to be answered. */
  get isIdle(): boolean {
    return this.#current === 0 && !this.#waits;
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

  /**
   * The last request cannot be read: the connection ends with this response, after those before it.
   */
  endWith(answer: HttpResponse): void {
    if (this.#refusal) {
      return;
    }
    this.#refusal = answer;
    const isBeingRead = !this.#waits && this.#current > 0 && this.#last?.complete === false;
    // If the fault is in the body, the reader of the body refuses the request.
    if (!(isBeingRead && this.#last && refuseBody(this.#last))) {
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
        // The unreadable rest belongs to this request.
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
      Pipeline.readOnInTurn(this.#stream, () => this.#stream.resume());
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

/** The response to a message of Mesos's transport is a status, and so is short. */
const isMessage = (request: IncomingMessage) => request.headers['libprocess-from'] !== undefined;
