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

  /** Another number after each exchange: what was found out before is void then. */
  get generation(): number {
    return this.#generation;
  }

  secretOf(principal: string): string | undefined {
    return this.#secrets.get(principal);
  }

  exchange(list: readonly Credential[]): void {
    this.#secrets = secretsIn(list);
    this.#generation++;
  }
}

const secretsIn = (list: readonly Credential[]) =>
  new Map(list.map(({ principal, secret }) => [principal, secret]));
