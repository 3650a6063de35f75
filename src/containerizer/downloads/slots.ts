// How many downloads, or the like, run at once, in all and from one server: those beyond wait in
// turn. One server that is slow does not keep all places, and neither does one who asks for much:
// each gets another one only while more than he has are free, so that there is always one for
// whoever comes next.
import { Holders } from '../holders.ts';

/** What a slot is for. */
export interface SlotUse {
  /** A server, or a kind of work. */
  readonly host: string;
  /** Who waits for it, such as a framework; absent: those who do so have no bounds of their own. */
  readonly owners?: ReadonlySet<string> | undefined;
}

interface Waiting {
  readonly use: SlotUse;
  readonly begin: (owner: string | undefined) => void;
}

export class Slots {
  readonly #most: number;
  readonly #mostOfHost: number;
  readonly #taken = new Holders();
  readonly #waiting = new Set<Waiting>();

  constructor(most: number, mostOfHost: number) {
    this.#most = most;
    this.#mostOfHost = mostOfHost;
  }

  /**
   * Resolves, when there is a slot, with what gives it back. Rejects with the reason of the abort.
   */
  async take(use: SlotUse, abort: AbortSignal): Promise<() => void> {
    abort.throwIfAborted();
    const taken = Promise.withResolvers<() => void>();
    const waiting: Waiting = {
      use,
      begin: (owner) => {
        abort.removeEventListener('abort', giveUp);
        taken.resolve(this.#occupy(use.host, owner));
      },
    };
    const giveUp = () => {
      this.#waiting.delete(waiting);
      taken.reject(abort.reason);
    };
    abort.addEventListener('abort', giveUp);
    this.#waiting.add(waiting);
    this.beginNext();
    return await taken.promise;
  }

  /** Does the work when there is a slot. Rejects as `take` does, and as the work. */
  async run<T>(use: SlotUse, abort: AbortSignal, work: () => Promise<T>): Promise<T> {
    const release = await this.take(use, abort);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** To be called when there is another one among the owners of what waits. */
  beginNext(): void {
    for (const waiting of this.#waiting) {
      if (this.#taken.count(ALL) >= this.#most) {
        return;
      }
      const { host, owners = [undefined] } = waiting.use;
      for (const owner of owners) {
        if (this.#hasRoom(host, owner)) {
          this.#waiting.delete(waiting);
          waiting.begin(owner);
          break;
        }
      }
    }
  }

  #hasRoom(host: string, owner: string | undefined): boolean {
    const { all, ofHost, own, ownOfHost } = namesOf(host, owner);
    const count = (name: string | undefined) => (name === undefined ? 0 : this.#taken.count(name));
    return (
      count(own) < this.#most - count(all) && count(ownOfHost) < this.#mostOfHost - count(ofHost)
    );
  }

  #occupy(host: string, owner: string | undefined): () => void {
    const names = Object.values(namesOf(host, owner)).filter((name) => name !== undefined);
    const release = this.#taken.hold(names);
    return () => {
      release();
      this.beginNext();
    };
  }
}

const ALL = 'all';

/** Of what has places; none is that of another. */
const namesOf = (host: string, owner: string | undefined) => ({
  all: ALL,
  ofHost: `host ${host}`,
  own: owner === undefined ? undefined : `owner ${owner}`,
  ownOfHost: owner === undefined ? undefined : `${owner.length} ${owner} ${host}`,
});
