// Bounds the messages that wait until their sender is known: the bytes of one lane, and of all. At
// a bound, the connection that has waited longest loses its messages. An honest sender is known
// within milliseconds, so that is a connection whose claimed process does not answer.

/** A connection with waiting messages. */
export interface Waiter {
  /** Drops its waiting messages. */
  giveUp(): void;
}

/** The bound of one lane; a single message may be larger. */
const MAX_LANE_BYTES = 16 * 1024 * 1024;
const MAX_BYTES = 128 * 1024 * 1024;

export interface WaitingLane {
  bytes: number;
  /** Waiting connections with their bytes, the longest waiting first. */
  readonly waiters: Map<Waiter, number>;
}

export class WaitingMessages {
  readonly #lanes = new Map<string, WaitingLane>();
  #total = 0;

  /** How many bytes wait. */
  get total(): number {
    return this.#total;
  }

  /**
   * Counts bytes, after making room for them if necessary. False if only the waiter itself could
   * make room.
   */
  hold(laneName: string, waiter: Waiter, bytes: number): boolean {
    const lane = this.#lanes.get(laneName);
    if (lane && !makeRoom(lane, waiter, () => lane.bytes + bytes <= MAX_LANE_BYTES)) {
      return false;
    }
    while (this.#total > 0 && this.#total + bytes > MAX_BYTES) {
      const most = this.#largest();
      const before = this.#total;
      if (!most || !makeRoom(most, waiter, () => this.#total < before)) {
        return false;
      }
    }
    const room = this.#lanes.get(laneName) ?? { bytes: 0, waiters: new Map() };
    this.#lanes.set(laneName, room);
    room.bytes += bytes;
    room.waiters.set(waiter, (room.waiters.get(waiter) ?? 0) + bytes);
    this.#total += bytes;
    return true;
  }

  release(laneName: string, waiter: Waiter, bytes: number): void {
    const lane = this.#lanes.get(laneName);
    const held = lane?.waiters.get(waiter);
    if (!lane || held === undefined) {
      return;
    }
    lane.bytes -= bytes;
    this.#total -= bytes;
    if (held > bytes) {
      lane.waiters.set(waiter, held - bytes);
    } else {
      lane.waiters.delete(waiter);
    }
    if (lane.waiters.size === 0) {
      this.#lanes.delete(laneName);
    }
  }

  #largest(): WaitingLane | undefined {
    let most: WaitingLane | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.bytes > (most?.bytes ?? 0)) {
        most = lane;
      }
    }
    return most;
  }
}

/** Has the longest waiting connections drop their messages until there is room. */
function makeRoom(lane: WaitingLane, waiter: Waiter, isRoom: () => boolean): boolean {
  while (lane.bytes > 0 && !isRoom()) {
    const [oldest] = lane.waiters.keys();
    if (oldest === undefined || oldest === waiter) {
      return false;
    }
    oldest.giveUp();
  }
  return true;
}
