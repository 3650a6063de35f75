// Turns of large bodies: to read a JSON of megabytes takes a tenth of a second of the loop, and who
// sends a hundred at once would hold up all others until the last is done. So a turn of the loop
// takes one, and places of clients take turns. What waits is counted with all that clients occupy.
import { placeOf } from '../../model/origin.ts';
import { type HeldBytes, held } from '../transport/held-bytes.ts';
import { PlaceTurns } from '../transport/place-turns.ts';

/** Smaller bodies take no longer than their requests do anyway, and do not wait. */
const LARGE_BYTES = 64 * 1024;

interface Body {
  readonly bytes: number;
  /** The IP address that it has come from. */
  readonly ip: string;
  /** Closes its connection. */
  readonly cutOff: () => void;
}

export class LargeBodies {
  readonly #held: HeldBytes;
  readonly #waiting = new PlaceTurns<() => void>();
  /** Whether this turn has had one. */
  #isTaken = false;

  constructor(bytes: HeldBytes = held) {
    this.#held = bytes;
  }

  /** Resolves when the body may be read; to false where it was cut off to make room for others. */
  async mayRead({ bytes, ip, cutOff }: Body): Promise<boolean> {
    if (bytes < LARGE_BYTES) {
      return true;
    }
    if (!this.#isTaken) {
      this.#isTaken = true;
      // The next immediate is of this turn still: no socket is read before it.
      setImmediate(() => setImmediate(this.#next));
      return true;
    }
    const place = placeOf(ip);
    return new Promise<boolean>((resolve) => {
      const take = () => {
        this.#held.release(holder);
        this.#waiting.delete(place, take);
        resolve(true);
      };
      const holder = {
        cutOff: () => {
          this.#waiting.delete(place, take);
          cutOff();
          resolve(false);
        },
      };
      this.#waiting.add(place, take);
      this.#held.hold(holder, bytes);
    });
  }

  readonly #next = () => {
    const take = this.#waiting.take();
    if (take === undefined) {
      this.#isTaken = false;
      return;
    }
    take();
    setImmediate(this.#next);
  };
}
