// How many downloads, or the like, run at once, in all and from one server: those beyond wait in
// turn, and one server that is slow does not keep all places.

interface Waiting {
  readonly host: string;
  readonly begin: () => void;
}

export class Slots {
  readonly #most: number;
  readonly #mostOfHost: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #count = 0;

  constructor(most: number, mostOfHost: number) {
    this.#most = most;
    this.#mostOfHost = mostOfHost;
  }

  /**
   * Resolves, when there is a slot, with what gives it back. Rejects with the reason of the abort.
   */
  async take(host: string, abort: AbortSignal): Promise<() => void> {
    abort.throwIfAborted();
    const taken = Promise.withResolvers<() => void>();
    const waiting: Waiting = {
      host,
      begin: () => {
        abort.removeEventListener('abort', giveUp);
        taken.resolve(this.#occupy(host));
      },
    };
    const giveUp = () => {
      this.#waiting.delete(waiting);
      taken.reject(abort.reason);
    };
    abort.addEventListener('abort', giveUp);
    this.#waiting.add(waiting);
    this.#beginNext();
    return await taken.promise;
  }

  /** Does the work when there is a slot. Rejects as `take` does, and as the work. */
  async run<T>(host: string, abort: AbortSignal, work: () => Promise<T>): Promise<T> {
    const release = await this.take(host, abort);
    try {
      return await work();
    } finally {
      release();
    }
  }

  #occupy(host: string): () => void {
    let isBack = false;
    return () => {
      if (isBack) {
        return;
      }
      isBack = true;
      const left = (this.#taken.get(host) ?? 1) - 1;
      this.#count--;
      if (left === 0) {
        this.#taken.delete(host);
      } else {
        this.#taken.set(host, left);
      }
      this.#beginNext();
    };
  }

  #beginNext(): void {
    for (const waiting of this.#waiting) {
      const ofHost = this.#taken.get(waiting.host) ?? 0;
      if (this.#count >= this.#most) {
        return;
      }
      if (ofHost < this.#mostOfHost) {
        this.#waiting.delete(waiting);
        this.#count++;
        this.#taken.set(waiting.host, ofHost + 1);
        waiting.begin();
      }
    }
  }
}
