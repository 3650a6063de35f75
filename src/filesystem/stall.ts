// Waiting for room on a disk that is full: how often it is tried again, and what the log says
// meanwhile.
import { setTimeout as delay } from 'node:timers/promises';

export type Log = (level: 'info' | 'error', text: string) => void;

const RETRY_MS = 1_000;
/** How often the log is told. */
const REMIND_MS = 60_000;

export class Stall {
  readonly #log: Log;
  readonly #closing = new AbortController();
  /** When the log was last told; undefined: there is room. */
  #complainedMs: number | undefined;

  constructor(log: Log = () => undefined) {
    this.#log = log;
  }

  /** To be called each time that something could not be written. Resolves when to try again. */
  async pause(why: string): Promise<void> {
    const nowMs = performance.now();
    if (this.#complainedMs === undefined || nowMs - this.#complainedMs >= REMIND_MS) {
      this.#complainedMs = nowMs;
      this.#log('error', why);
    }
    // A close does not wait.
    await delay(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  /** Something could be written. `what` is said if the log was told that it could not. */
  end(what: string): void {
    if (this.#complainedMs !== undefined) {
      this.#complainedMs = undefined;
      this.#log('info', what);
    }
  }

  /** From now on there is no waiting. */
  close(): void {
    this.#closing.abort();
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }
}
