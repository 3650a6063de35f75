// Waits while a disk is full: paces the retries, and tells the log.
import { setTimeout as delay } from 'node:timers/promises';

export type Log = (level: 'info' | 'error', text: string) => void;

const RETRY_MS = 1_000;
/** How often the log is told again. */
const REMIND_MS = 60_000;

export class Stall {
  readonly #log: Log;
  readonly #closing = new AbortController();
  /** When the log was last told; undefined while there is space. */
  #complainedMs: number | undefined;

  constructor(log: Log = () => undefined) {
    this.#log = log;
  }

  /** To be called after each failed write. Resolves when to try again. */
  async pause(why: string): Promise<void> {
    const nowMs = performance.now();
    if (this.#complainedMs === undefined || nowMs - this.#complainedMs >= REMIND_MS) {
      this.#complainedMs = nowMs;
      this.#log('error', why);
    }
    // `close` ends the pause.
    await delay(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  /** To be called after a successful write: logs `what` if the log was told of a failure. */
  end(what: string): void {
    if (this.#complainedMs !== undefined) {
      this.#complainedMs = undefined;
      this.#log('info', what);
    }
  }

  /** From now on `pause` does not wait. */
  close(): void {
    this.#closing.abort();
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }
}
