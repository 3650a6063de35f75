// What name servers call the addresses of peers, remembered for a while: a thousand connections
// from one address are one question.
import { lookupService } from 'node:dns/promises';

/** The most addresses that are remembered, and for how long. */
const MOST = 16_384;
const KEPT_MS = 60_000;

interface Known {
  readonly name: Promise<string | undefined>;
  readonly untilMs: number;
}

export class AddressNames {
  readonly #known = new Map<string, Known>();

  /** Undefined where they have no name for it. */
  nameOf(ip: string): Promise<string | undefined> {
    const nowMs = performance.now();
    const known = this.#known.get(ip);
    if (known !== undefined && known.untilMs > nowMs) {
      return known.name;
    }
    const name = lookupService(ip, 0).then(
      ({ hostname }) => (hostname === ip ? undefined : hostname),
      () => undefined,
    );
    this.#known.delete(ip);
    this.#known.set(ip, { name, untilMs: nowMs + KEPT_MS });
    for (const oldest of this.#known.size > MOST ? this.#known.keys() : []) {
      this.#known.delete(oldest);
      break;
    }
    return name;
  }
}
