// The secrets of principals, which can be exchanged while they are in use, and how many may be
// tried.
import { Guesses } from './guesses.ts';

export interface Credential {
  readonly principal: string;
  readonly secret: string;
}

export class Credentials {
  #secrets: ReadonlyMap<string, string>;
  #generation = 0;
  readonly guesses: Guesses;

  constructor(list: readonly Credential[] = [], nowMs: () => number = () => performance.now()) {
    this.#secrets = secretsIn(list);
    this.guesses = new Guesses(nowMs);
  }

  /** Another number after each change: what was found out before is void then. */
  get generation(): number {
    return this.#generation;
  }

  secretOf(principal: string): string | undefined {
    return this.#secrets.get(principal);
  }

  /** Where they are the same, what was found out before stays good. */
  exchange(list: readonly Credential[]): void {
    const secrets = secretsIn(list);
    const isSame =
      secrets.size === this.#secrets.size &&
      [...secrets].every(([principal, secret]) => this.#secrets.get(principal) === secret);
    if (!isSame) {
      this.#secrets = secrets;
      this.#generation++;
    }
  }
}

const secretsIn = (list: readonly Credential[]) =>
  new Map(list.map(({ principal, secret }) => [principal, secret]));
