// How many containers start at the same time. A start is mostly the work of other processes - of
// supervisors, of an OCI runtime -, and with a hundred of them at once the agent waits for a
// processor behind a hundred others, as does whoever asks it for its health. In turn they are all
// started as soon, and the first of them sooner.
import { availableParallelism } from 'node:os';
import { Slots } from './downloads/slots.ts';

interface StartsOptions {
  readonly most: number;
  /** A start that takes longer waits for something else, such as a disk: it keeps no others. */
  readonly limitMs: number;
}

const DEFAULT_STARTS: StartsOptions = {
  // More than there are processors: each waits for disks, and for the agent's checkpoint, too.
  most: Math.max(128, 8 * availableParallelism()),
  limitMs: 250,
};

export class Starts {
  readonly #slots: Slots;
  readonly #limitMs: number;

  constructor({ most, limitMs }: StartsOptions = DEFAULT_STARTS) {
    this.#slots = new Slots(most, most);
    this.#limitMs = limitMs;
  }

  /** Resolves when there is room for one, to what says that it is over. Rejects when aborted. */
  async begin(abort: AbortSignal): Promise<() => void> {
    const release = await this.#slots.take({ host: 'this machine' }, abort);
    const limit = setTimeout(release, this.#limitMs).unref();
    return () => {
      clearTimeout(limit);
      release();
    };
  }
}
