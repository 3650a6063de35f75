// Disbeliefs (callers and senders that are not who they say) on their way to the audit log. Anybody
// can cause any number of them, so those that are alike are told together, and how many lines they
// make has a bound: strangers must not push what the log holds out of its files.
import { type Disbelief, disbelief } from '../../security/audit.ts';
import { addressIn } from '../transport/addresses.ts';

/** Disbeliefs that are alike; without one, those for which there is no line of their own. */
export interface ToldDisbelief {
  readonly disbelief?: Disbelief | undefined;
  readonly origin?: string | undefined;
  count: number;
}

/** How long they are gathered. */
const GATHER_MS = 1_000;

/** Lines of one round, and those of one address; what comes beyond is counted in one more line. */
const MOST_LINES = 32;
const MOST_OF_ADDRESS = 8;

export class Disbeliefs {
  readonly #tell: (told: ToldDisbelief) => void;
  readonly #gathered = new Map<string, ToldDisbelief>();
  readonly #ofAddress = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (told: ToldDisbelief) => void) {
    this.#tell = tell;
  }

  /** `origin` is an IP address, or a pid. */
  add(told: Disbelief, origin: string | undefined): void {
    const cut = disbelief(told);
    const key = JSON.stringify([origin, cut]);
    const known = this.#gathered.get(key) ?? this.#room(key, cut, origin);
    known.count++;
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS).unref();
  }

  #room(key: string, cut: Disbelief, origin = ''): ToldDisbelief {
    const address = addressIn(origin);
    const ofAddress = this.#ofAddress.get(address) ?? 0;
    if (ofAddress >= MOST_OF_ADDRESS) {
      return this.#rest(`rest ${address}`, address);
    }
    if (this.#gathered.size >= MOST_LINES) {
      return this.#rest('rest', undefined);
    }
    this.#ofAddress.set(address, ofAddress + 1);
    return this.#add(key, { disbelief: cut, origin, count: 0 });
  }

  #rest(key: string, origin: string | undefined): ToldDisbelief {
    return this.#gathered.get(key) ?? this.#add(key, { origin, count: 0 });
  }

  #add(key: string, told: ToldDisbelief): ToldDisbelief {
    this.#gathered.set(key, told);
    return told;
  }

  /** Tells of what has been gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = [...this.#gathered.values()];
    this.#gathered.clear();
    this.#ofAddress.clear();
    for (const told of gathered) {
      this.#tell(told);
    }
  }
}
