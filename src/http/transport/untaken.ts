// Bytes that were written to a peer and that it has not taken yet. While the sum over all peers is
// large, connections are read less, so that less is sent to peers. A peer that takes nothing at all
// is not counted, for it could stop all others; HeldBytes bounds its memory.
import type { Pressure } from './connection.ts';
import { type HeldBytes, type Holder, held } from './held-bytes.ts';

/** A peer that has taken nothing for this long is not counted. */
const STALL_MS = 2_000;
/** A peer with fewer bytes is not watched. */
const WATCHED_BYTES = 64 * 1024;

/** How many bytes may wait for peers that make progress before producers must pause. */
const SATURATED_BYTES = 64 * 1024 * 1024;
/** Producers go on when at most this many bytes wait. */
const DRAINED_BYTES = 48 * 1024 * 1024;

/** The bytes that wait for peers that make progress. */
export class PeerPressure implements Pressure {
  #bytes = 0;
  #waiters: (() => void)[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  get saturated(): boolean {
    return this.#bytes > SATURATED_BYTES;
  }

  /** Calls back once, when peers have taken enough; at once where there is no pressure. */
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

  /**
   * `cutOff` closes the peer's connection; it is called if the peer has made no progress for
   * longest.
   */
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

  /** The connection has ended; its bytes are not counted any more. */
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
