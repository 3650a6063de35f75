// What has been written to a peer and is not taken by it yet. The sum presses on those who produce:
// they are read less while it is large. A peer that takes nothing at all presses on nobody: whoever
// keeps it waiting, others are not to wait with it. What it has counts among what peers keep taken.
import { type HeldBytes, type Holder, held } from './held-bytes.ts';

/** A peer that has taken nothing for so long is not waited for. */
const STALL_MS = 2_000;
/** A peer with less is neither watched nor counted among those who keep memory taken. */
const WATCHED_BYTES = 64 * 1024;

export interface UntakenOptions {
  readonly stallMs?: number | undefined;
  readonly held?: HeldBytes | undefined;
}

export class Untaken implements Holder {
  static #pressing = 0;

  /** Bytes that wait for peers who take what they get. */
  static get pressing(): number {
    return Untaken.#pressing;
  }

  readonly #cutOff: () => void;
  readonly #stallMs: number;
  readonly #held: HeldBytes;
  #bytes = 0;
  #isStalled = false;
  #isWatched = false;
  #stall: NodeJS.Timeout | undefined;

  /** `cutOff` ends the peer's connection: it is the one that keeps memory taken for the longest. */
  constructor(cutOff: () => void, options: UntakenOptions = {}) {
    this.#cutOff = cutOff;
    this.#stallMs = options.stallMs ?? STALL_MS;
    this.#held = options.held ?? held;
  }

  cutOff(): void {
    this.#cutOff();
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (!this.#isStalled) {
      Untaken.#pressing += bytes;
    }
    if (this.#bytes > WATCHED_BYTES) {
      this.#isWatched = true;
      this.#stall ??= setTimeout(this.#onStall, this.#stallMs).unref();
      this.#held.grow(this, this.#bytes);
    }
  }

  taken(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#isStalled) {
      this.#isStalled = false;
      Untaken.#pressing += this.#bytes;
    } else {
      Untaken.#pressing -= bytes;
    }
    if (this.#isWatched) {
      this.#watch();
    }
  }

  /** The connection has ended, and with it what was not taken. */
  end(): void {
    if (!this.#isStalled) {
      Untaken.#pressing -= this.#bytes;
    }
    this.#bytes = 0;
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#stall);
    this.#isWatched = this.#bytes > WATCHED_BYTES;
    this.#stall = this.#isWatched ? setTimeout(this.#onStall, this.#stallMs).unref() : undefined;
    this.#held.hold(this, this.#isWatched ? this.#bytes : 0);
  }

  readonly #onStall = () => {
    this.#stall = undefined;
    if (!this.#isStalled) {
      this.#isStalled = true;
      Untaken.#pressing -= this.#bytes;
    }
  };
}
