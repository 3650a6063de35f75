// A thread that does what it is asked for, so that the agent's loop need not. It starts with the
// first question, and keeps no process alive that asks nothing.
import { Worker } from 'node:worker_threads';
import { moduleOf } from '../../filesystem/thread-module.ts';
import { errorText } from '../../model/error-text.ts';

/** What the thread hears; `abort` is about the question of that number. */
export type ThreadRequest =
  | { readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly id: number; readonly name: 'abort' };

/** A failure is data, of which `AskedThreadOptions.errorOf` makes an error again. */
export type ThreadAnswer<Failure> =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure };

export interface AskedThreadOptions<Failure> {
  /** The module of the thread, without its extension. */
  readonly module: URL;
  /** The thread's `workerData`. */
  readonly data?: unknown;
  /** For messages, after "The thread that". */
  readonly does: string;
  readonly errorOf: (failure: Failure) => Error;
  /** The failure of a question that the thread can't answer any more. */
  readonly lost: (text: string) => Failure;
}

export class AskedThread<Failure> {
  readonly #options: AskedThreadOptions<Failure>;
  readonly #waiting = new Map<number, (answer: ThreadAnswer<Failure>) => void>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(options: AskedThreadOptions<Failure>) {
    this.#options = options;
  }

  /** Rejects with an error that is made of the failure, or with the reason of the abort. */
  async ask<Result>(name: string, argument: unknown, abort: AbortSignal): Promise<Result> {
    abort.throwIfAborted();
    const worker = this.#started();
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<ThreadAnswer<Failure>>();
    const giveUp = () => post(worker, { id, name: 'abort' });
    this.#waiting.set(id, resolve);
    worker.ref();
    abort.addEventListener('abort', giveUp, { once: true });
    post(worker, { id, name, argument });
    const answer = await promise;
    abort.removeEventListener('abort', giveUp);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) {
      worker.unref();
    }
    if ('result' in answer) {
      return answer.result as Result;
    }
    abort.throwIfAborted();
    throw this.#options.errorOf(answer.failure);
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** What still runs fails. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#loseAll('The agent ends');
  }

  #started(): Worker {
    if (this.#worker !== undefined) {
      return this.#worker;
    }
    const { module, data, does } = this.#options;
    const worker = new Worker(moduleOf(module), { workerData: data });
    worker.on('message', (answer: ThreadAnswer<Failure>) => this.#waiting.get(answer.id)?.(answer));
    worker.on('error', (error) => {
      this.#worker = undefined;
      this.#loseAll(`The thread that ${does} has ended: ${errorText(error)}`);
    });
    this.#worker = worker;
    return worker;
  }

  #loseAll(text: string): void {
    for (const [id, settle] of this.#waiting) {
      settle({ id, failure: this.#options.lost(text) });
    }
  }
}

const post = (worker: Worker, request: ThreadRequest) => worker.postMessage(request);
