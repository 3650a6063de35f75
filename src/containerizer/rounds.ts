// Rounds of looks at what containers have, or at the machine, with a pause between them.
import { timerDelay } from '../model/timer-delay.ts';

export interface RoundsOptions {
  /** From the end of one round to the start of the next. */
  readonly intervalMs: number;
  /** Never rejects. */
  readonly look: () => Promise<void>;
  /** Whether there is more to look at. Without, rounds follow until they are closed. */
  readonly hasMore?: () => boolean;
}

export class Rounds {
  readonly #options: RoundsOptions;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The first round is an interval later, unless rounds have begun already. */
  start(): void {
    if (this.#timer === undefined && !this.#isClosed) {
      this.#timer = setTimeout(() => void this.#round(), timerDelay(this.#options.intervalMs));
      this.#timer.unref();
    }
  }

  /** A round that has begun goes on to its end. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    await this.#options.look();
    this.#timer = undefined;
    if (this.#options.hasMore?.() ?? true) {
      this.start();
    }
  }
}
