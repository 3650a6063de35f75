// Moves files in a thread of its own, and not all at once: the thread starts with the first
// transfer, and a thousand tasks that begin together share its slots.
import { Worker } from 'node:worker_threads';
import { errorText } from '../../model/error-text.ts';
import { Slots } from '../downloads/slots.ts';
import type { Arrival } from './arriving-file.ts';
import type { Download, RemoteFile } from './download.ts';
import { FetchError } from './fetch-error.ts';
import type {
  Copy,
  TransferAnswer,
  TransferName,
  TransferRequest,
  Transfers,
} from './transfer-thread.ts';

/** Downloads at once, and those from one server. */
const MOST_DOWNLOADS = 64;
const MOST_OF_SERVER = 16;
/** Copies of the agent's own files at once: more would only make the disk slower. */
const MOST_COPIES = 4;

interface Running {
  readonly settle: (answer: TransferAnswer) => void;
}

export class ThreadTransfers implements Transfers {
  readonly #downloads = new Slots(MOST_DOWNLOADS, MOST_OF_SERVER);
  readonly #copies = new Slots(MOST_COPIES, MOST_COPIES);
  readonly #running = new Map<number, Running>();
  #thread: Worker | undefined;
  #lastId = 0;

  download(file: Download, abort: AbortSignal): Promise<Arrival> {
    return this.#downloads.run(serverOf(file), abort, () => this.#ask('download', file, abort));
  }

  remoteBytes(file: RemoteFile, abort: AbortSignal): Promise<number | undefined> {
    return this.#downloads.run(serverOf(file), abort, () => this.#ask('remoteBytes', file, abort));
  }

  copy(file: Copy, abort: AbortSignal): Promise<Arrival> {
    return this.#copies.run('', abort, () => this.#ask('copy', file, abort));
  }

  measure(path: string, abort: AbortSignal): Promise<Arrival> {
    return this.#copies.run('', abort, () => this.#ask('measure', path, abort));
  }

  /** What still runs fails. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
    this.#failAll('The agent ends');
  }

  async #ask<Result>(name: TransferName, file: unknown, abort: AbortSignal): Promise<Result> {
    abort.throwIfAborted();
    const thread = this.#started();
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<TransferAnswer>();
    const giveUp = () => post(thread, { id, name: 'abort' });
    this.#running.set(id, { settle: resolve });
    thread.ref();
    abort.addEventListener('abort', giveUp, { once: true });
    post(thread, { id, name, file });
    const answer = await promise;
    abort.removeEventListener('abort', giveUp);
    this.#running.delete(id);
    if (this.#running.size === 0) {
      thread.unref();
    }
    if ('result' in answer) {
      return answer.result as Result;
    }
    abort.throwIfAborted();
    const { text, ...more } = answer.failure;
    throw new FetchError(text, more);
  }

  #started(): Worker {
    if (this.#thread !== undefined) {
      return this.#thread;
    }
    // The thread is beside this file: .ts in a checkout, .js in a published package.
    const thread = new Worker(
      new URL(import.meta.url.endsWith('.ts') ? THREAD_SOURCE : THREAD_BUILT, import.meta.url),
    );
    thread.on('message', (answer: TransferAnswer) => this.#running.get(answer.id)?.settle(answer));
    thread.on('error', (error) => {
      this.#thread = undefined;
      this.#failAll(`The thread that moves files has ended: ${errorText(error)}`);
    });
    this.#thread = thread;
    return thread;
  }

  #failAll(text: string): void {
    for (const [id, { settle }] of this.#running) {
      settle({ id, failure: { text, detail: undefined, isHere: true } });
    }
  }
}

const THREAD_SOURCE = './transfer-thread.ts';
const THREAD_BUILT = './transfer-thread.js';

const post = (thread: Worker, request: TransferRequest) => thread.postMessage(request);

/** Host and port, as far as the URI can be read. */
const serverOf = ({ uri }: RemoteFile) =>
  /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(uri)?.[1] ?? '';
