// Bytes that have been written to a peer and that it has not taken yet. While their sum over all
// peers of a process is large, connections are read less, so that less is sent to peers. A peer
// that takes nothing at all is left out of that sum, for it could stop all others; HeldBytes bounds
// what it keeps.
import type { Pressure } from './connection.ts';
import { type HeldBytes, type Holder, held } from './held-bytes.ts';

/** A peer that has taken nothing for so long is not waited for. */
const STALL_MS = 2_000;
/** A peer with less is neither watched nor counted among those who keep memory taken. */
const WATCHED_BYTES = 64 * 1024;

/** Bytes that may wait for peers who take what they get before producers are told to pause. */
const SATURATED_BYTES = 64 * 1024 * 1024;
/** Producers go on when no more than this waits. */
const DRAINED_BYTES = 48 * 1024 * 1024;

/** The bytes that wait for peers who take what they get. */
export class PeerPressure implements Pressure {
  #bytes = 0;
  #waiters: (() => void)[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  get saturated(): boolean {
    return this.#bytes > SATURATED_BYTES;
  }

  /** Calls back once, when peers have taken enough; at once where nothing presses. */
  whenDrained(resume: () => void): void {
    if (this.saturated) {
      this.#waiters.push(resume);
    } else {
      resume();
    }
  }

  change(bytes: number): void {
    this.#bytes += bytes;
    if (this.#waiters.length > 0 && this.#bytes <= DRAINED_BYTES) {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const resume of waiters) {
        resume();
      }
    }
  }
}

export interface UntakenOptions {
  readonly stallMs?: number | undefined;
  readonly held?: HeldBytes | undefined;
}

export class Untaken implements Holder {
  readonly #pressure: PeerPressure;
  readonly #cutOff: () => void;
  readonly #stallMs: number;
  readonly #held: HeldBytes;
  #bytes = 0;
  #isStalled = false;
  #isWatched = false;
  #stall: NodeJS.Timeout | undefined;

  /** `cutOff` ends the peer's connection: it is the one that keeps memory taken for the longest. */
  constructor(pressure: PeerPressure, cutOff: () => void, options: UntakenOptions = {}) {
    this.#pressure = pressure;
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
      this.#pressure.change(bytes);
    }
    if (this.#bytes > WATCHED_BYTES) {
      this.#isWatched = true;
      this.#stall ??= setTimeout(this.#onStall, this.#stallMs).unref();
      this.#held.grow(this, this.#bytes);
    }
  }

  taken(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#isWatched) {
      this.#watch();
    }
    if (this.#isStalled) {
      this.#isStalled = false;
      this.#pressure.change(this.#bytes);
    } else {
      this.#pressure.change(-bytes);
    }
  }

  /** The connection has ended, and with it what was not taken. */
  end(): void {
    const pressing = this.#isStalled ? 0 : this.#bytes;
    this.#bytes = 0;
    this.#watch();
    this.#pressure.change(-pressing);
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
      this.#pressure.change(-this.#bytes);
    }
  };
}
