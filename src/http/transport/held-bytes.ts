// The memory that peers keep taken: requests they do not finish, responses and events they do not
// take. Each of these has a bound of its own; this is the bound of their sum over the whole
// process. At the bound the peer that has not moved on for the longest is cut off; a peer that
// sends and takes as fast as it can is only cut off where there is no other.

/** A peer that keeps memory taken. */
export interface Holder {
  /** Ends its connection; it holds nothing any more. */
  cutOff(): void;
}

/**
 * Half of what the process has on a small machine, and room for the offers of a large cluster to
 * several frameworks at once. Beyond it the peer that has stood still for the longest is cut off.
 */
const MAX_HELD_BYTES = 512 * 1024 * 1024;

interface Share {
  readonly bytes: number;
  holders: number;
}

export class HeldBytes {
  readonly #most: number;
  /** By holder; the one that has moved on last is at the end. */
  readonly #holders = new Map<Holder, number>();
  /** Answers that several take: held once, until the last has taken it. */
  readonly #shares = new Map<object, Share>();
  readonly #shareOf = new Map<Holder, object>();
  #total = 0;

  constructor(most: number = MAX_HELD_BYTES) {
    this.#most = most;
  }

  /** Bytes held by all together. */
  get total(): number {
    return this.#total;
  }

  /** The holder has moved on, and holds so many bytes now. None: it is forgotten. */
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

  /** The holder holds so many bytes now, and has not moved on: they were given to it. */
  grow(holder: Holder, bytes: number): void {
    this.#total += bytes - (this.#holders.get(holder) ?? 0);
    this.#holders.set(holder, bytes);
    this.#cut();
  }

  /**
   * The holder waits to take an answer, as others may; `release` when it has. The answer is what
   * takes the memory: equal texts would count as one.
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

  /** The holder has moved on, and holds what it held. */
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

/** Memory is one for a process, whatever it serves. */
export const held = new HeldBytes();
