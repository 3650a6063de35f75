// How many containers start at the same time. A start is mostly the work of other processes - of
// supervisors, of an OCI runtime -, and with a hundred of them at once the agent waits for a
// processor behind a hundred others, as does whoever asks it for its health. In turn they are all
// started as soon, and the first of them sooner.
import { availableParallelism } from 'node:os';

interface StartsOptions {
  readonly most: number;
  /** A start that takes longer waits for something else, such as a disk: it keeps no others. */
  readonly limitMs: number;
}

const DEFAULT_STARTS: StartsOptions = {
  // More than there are processors: each waits for disks, and for the agent's checkpoint, too.
  most: Math.max(32, 8 * availableParallelism()),
  limitMs: 250,
};

export class Starts {
  readonly #options: StartsOptions;
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();
  #going = 0;

  constructor(options: StartsOptions = DEFAULT_STARTS) {
    this.#options = options;
  }

  /** Resolves when there is room for one, to what says that it is over. Rejects when aborted. */
  async begin(abort: AbortSignal): Promise<() => void> {
    abort.throwIfAborted();
    if (this.#going >= this.#options.most) {
      await this.#turn(abort);
    } else {
      this.#going++;
    }
    let isOver = false;
    const over = () => {
      clearTimeout(limit);
      if (!isOver) {
        isOver = true;
        this.#next();
      }
    };
    const limit = setTimeout(over, this.#options.limitMs).unref();
    return over;
  }

  #turn(abort: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const go = () => {
      abort.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      this.#waiting.delete(go);
      reject(abort.reason);
    };
    abort.addEventListener('abort', leave, { once: true });
    this.#waiting.add(go);
    return promise;
  }

  /** Hands the room of a start that is over to the first that waits. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#going--;
    } else {
      this.#waiting.delete(first);
      first();
    }
  }
}
