// Work that several wait for: it is done once for all who ask for it at the same time.
import { unlessAborted } from '../unless-aborted.ts';

interface Running<T> {
  readonly done: Promise<T>;
  readonly controller: AbortController;
  readonly owners: Set<string>;
  waiting: number;
}

export interface SharedUse {
  readonly key: string;
  /** Who waits, as of slots (downloads/slots.ts). */
  readonly owner: string;
  readonly joined?: () => void;
}

export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /**
   * Begins the work, or waits for that of the same key which has begun. It is told who waits, and
   * that set grows as others join it (`joined`). It is aborted when nobody waits any more. Where it
   * fails for somebody who has only joined it, he tries by himself: others may have had other
   * credentials, or a registry that is down. Rejects with the reason of `abort`.
   */
  async run(
    { key, owner, joined: changed }: SharedUse,
    abort: AbortSignal,
    begin: (abort: AbortSignal, owners: ReadonlySet<string>) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      abort.throwIfAborted();
      const joined = this.#running.get(key);
      const running = joined ?? this.#begin(key, owner, begin);
      if (!running.owners.has(owner)) {
        running.owners.add(owner);
        changed?.();
      }
      try {
        return await this.#wait(key, running, abort);
      } catch (error) {
        if (joined === undefined || abort.aborted) {
          throw error;
        }
      }
    }
  }

  #begin(
    key: string,
    owner: string,
    begin: (abort: AbortSignal, owners: ReadonlySet<string>) => Promise<T>,
  ): Running<T> {
    const controller = new AbortController();
    const owners = new Set([owner]);
    const done = begin(controller.signal, owners);
    const running = { done, controller, owners, waiting: 0 };
    this.#running.set(key, running);
    const over = () => this.#forget(key, running);
    done.then(over, over);
    return running;
  }

  async #wait(key: string, running: Running<T>, abort: AbortSignal): Promise<T> {
    running.waiting++;
    try {
      return await unlessAborted(running.done, abort);
    } finally {
      running.waiting--;
      if (running.waiting === 0) {
        this.#forget(key, running);
        running.controller.abort(abort.reason);
      }
    }
  }

  #forget(key: string, running: Running<T>): void {
    if (this.#running.get(key) === running) {
      this.#running.delete(key);
    }
  }
}
