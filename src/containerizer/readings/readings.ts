// What statistics are made of: files of cgroups, of /proc and of records. To read one can take the
// kernel many milliseconds, as while cgroups come and go, and there are thousands: a thread does
// it, so that the agent's loop need not.
import { Fifo } from '../../model/fifo.ts';
import type { ProcessStat } from '../host/process-table.ts';
import { AskedThread } from '../threads/asked-thread.ts';

export interface Readings {
  /**
   * The bytes of a file as latin1. Undefined where it is gone, or cannot be read: a figure is
   * missing then, and all others are told.
   */
  text(path: string): Promise<string | undefined>;
  /** The names of the folders in a folder; none where that is gone. */
  folders(path: string): Promise<readonly string[]>;
  /** All processes of the machine. */
  processes(): Promise<readonly ProcessStat[]>;
}

/** Files of one question: as many as the loop can take in with ease. */
const BATCH = 256;

const NEVER = new AbortController().signal;

interface Waiting {
  readonly path: string;
  readonly resolve: (text: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class ThreadReadings implements Readings {
  readonly #thread = new AskedThread<string>({
    module: new URL('./reading-thread', import.meta.url),
    does: 'reads statistics',
    errorOf: (text) => new Error(text),
    lost: (text) => text,
  });
  readonly #waiting = new Fifo<Waiting>();
  #isAsking = false;

  /** Files that are asked for while others are read are the next question. */
  text(path: string): Promise<string | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    this.#waiting.push({ path, resolve, reject });
    void this.#askAll();
    return promise;
  }

  folders(path: string): Promise<readonly string[]> {
    return this.#thread.ask('folders', path, NEVER);
  }

  processes(): Promise<readonly ProcessStat[]> {
    return this.#thread.ask('processes', undefined, NEVER);
  }

  /** What is still being read fails. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  async #askAll(): Promise<void> {
    if (this.#isAsking) {
      return;
    }
    this.#isAsking = true;
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      try {
        const paths = batch.map(({ path }) => path);
        const texts = await this.#thread.ask<(string | undefined)[]>('texts', paths, NEVER);
        for (const [index, { resolve }] of batch.entries()) {
          resolve(texts[index]);
        }
      } catch (error) {
        for (const { reject } of batch) {
          reject(error);
        }
      }
    }
    this.#isAsking = false;
  }

  #next(): Waiting[] {
    const batch: Waiting[] = [];
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) {
      batch.push(next);
      if (batch.length === BATCH) {
        break;
      }
    }
    return batch;
  }
}
