// Calls pipelined on one connection: sent at once, all calls of a turn in one write, answered in
// order. If the connection breaks, every unanswered call fails. None is sent twice, since each may
// have taken effect.
import type { Duplex } from 'node:stream';
import { IoTurn } from '../../runtime/io-turn.ts';
import type { Dialer } from './dialer.ts';
import { type CallResponse, ResponseReader } from './response-reader.ts';

export class ConnectionLostError extends Error {
  readonly code = 'MESOSCALE_CONNECTION_LOST';
}

/** The most unanswered calls of a connection; further calls are refused. */
const MAX_UNANSWERED = 65_536;

interface Waiting {
  readonly resolve: (answer: CallResponse) => void;
  readonly reject: (error: Error) => void;
}

export class CallConnection {
  readonly #turn = new IoTurn();
  readonly #socket: Duplex;
  readonly #waiting: (Waiting | undefined)[] = [];
  #firstWaiting = 0;
  #queue: Uint8Array[] = [];
  #failure: Error | undefined;

  /** `address` is `host:port`. */
  constructor(address: string, dialer: Dialer) {
    this.#socket = dialer.dial(address);
    const reader = new ResponseReader((answer) => this.#answer(answer));
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#fail(error as Error);
      }
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('closed by the other side')));
  }

  get lost(): boolean {
    return this.#failure !== undefined;
  }

  /** `head` ends before Content-Length, which is added here. */
  call(head: string, body: Uint8Array): Promise<CallResponse> {
    if (this.#failure) {
      return Promise.reject(this.#failure);
    }
    if (this.#waiting.length - this.#firstWaiting >= MAX_UNANSWERED) {
      return Promise.reject(new ConnectionLostError('Too many calls are unanswered'));
    }
    if (this.#queue.length === 0) {
      this.#turn.atEnd(this.#flush);
    }
    this.#queue.push(Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`, 'latin1'), body);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  close(): void {
    this.#fail(new Error('closed'));
  }

  readonly #flush = () => {
    const queue = this.#queue;
    this.#queue = [];
    if (!this.#failure) {
      this.#socket.write(Buffer.concat(queue));
    }
  };

  #answer(answer: CallResponse): void {
    const waiting = this.#waiting[this.#firstWaiting];
    if (!waiting) {
      this.#fail(new Error('an answer came that nobody waits for'));
      return;
    }
    this.#waiting[this.#firstWaiting++] = undefined;
    if (this.#firstWaiting === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#firstWaiting = 0;
    }
    waiting.resolve(answer);
  }

  #fail(cause: Error): void {
    if (this.#failure) {
      return;
    }
    this.#failure = new ConnectionLostError('The connection for calls is lost', { cause });
    this.#socket.destroy();
    for (const waiting of this.#waiting.splice(0)) {
      waiting?.reject(this.#failure);
    }
    this.#firstWaiting = 0;
  }
}
