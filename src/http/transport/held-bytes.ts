// Bounds the memory that peers occupy in the whole process: requests they do not finish, responses
// and events they do not take. Each of these has a bound of its own; this is the bound of their
// sum. At the bound, the peer without progress for longest is cut off; a peer that sends and takes
// as fast as it can is cut off only where there is no other.

/** A peer that occupies memory. */
export interface Holder {
  /** Closes the peer's connection, which frees its memory. */
  cutOff(): void;
}

/**
 * The bound: half the memory of the process on a small machine, and room for the offers of a large
 * cluster to several frameworks at once.
 */
const MAX_HELD_BYTES = 512 * 1024 * 1024;

interface Share {
  readonly bytes: number;
  holders: number;
}

export class HeldBytes {
  readonly #most: number;
  /** Bytes by holder; the holder with the latest progress is last. */
  readonly #holders = new Map<Holder, number>();
  /** Responses that several holders take: counted once, until the last has taken it. */
  readonly #shares = new Map<object, Share>();
  readonly #shareOf = new Map<Holder, object>();
  #total = 0;

  constructor(most: number = MAX_HELD_BYTES) {
    this.#most = most;
  }

  /** The bytes of all holders. */
  get total(): number {
    return this.#total;
  }

  /** The holder has made progress and holds this many bytes now; with none it is removed. */
  hold(holder: Holder, bytes: number): void {
    const before = this.#holders.get(holder) ?? 0;
    if (bytes === 0 && before === 0) {
      return;
    }
    this.#total += bytes - before;
    this.#holders.delete(holder);
    if (bytes > 0) {
      this.#holders.set(holder, bytes);
      this.#cut();
    }
  }

  /** The holder holds this many bytes now without having made progress: it was given more. */
  grow(holder: Holder, bytes: number): void {
    this.#total += bytes - (this.#holders.get(holder) ?? 0);
    this.#holders.set(holder, bytes);
    this.#cut();
  }

  /**
   * The holder waits to take a response, which others may share; `release` when it has. A response
   * is identified by its object: two equal texts take twice the memory.
   */
  share(holder: Holder, answer: object, bytes: number): void {
    const share = this.#shares.get(answer) ?? { bytes, holders: 0 };
    if (share.holders === 0) {
      this.#total += bytes;
      this.#shares.set(answer, share);
    }
    share.holders++;
    this.#shareOf.set(holder, answer);
    this.#holders.set(holder, 0);
    this.#cut();
  }

  /** The holder has made progress and holds as much as before. */
  touch(holder: Holder): void {
    const bytes = this.#holders.get(holder);
    if (bytes !== undefined) {
      this.#holders.delete(holder);
      this.#holders.set(holder, bytes);
    }
  }

  /** The holder holds nothing any more. */
  release(holder: Holder): void {
    this.#total -= this.#holders.get(holder) ?? 0;
    this.#holders.delete(holder);
    const answer = this.#shareOf.get(holder);
    const share = answer && this.#shares.get(answer);
    if (answer && share) {
      this.#shareOf.delete(holder);
      if (--share.holders === 0) {
        this.#total -= share.bytes;
        this.#shares.delete(answer);
      }
    }
  }

  #cut(): void {
    while (this.#total > this.#most) {
      const [oldest] = this.#holders.keys();
      if (oldest === undefined) {
        return;
      }
      this.release(oldest);
      oldest.cutOff();
    }
  }
}

/** The counter of this process: memory is shared by everything in it. */
export const held = new HeldBytes();
