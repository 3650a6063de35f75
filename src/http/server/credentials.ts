// The secrets of principals, which can be exchanged while they are in use.

export interface Credential {
  readonly principal: string;
  readonly secret: string;
}

export class Credentials {
  #secrets: ReadonlyMap<string, string>;
  #generation = 0;

  constructor(list: readonly Credential[] = []) {
    this.#secrets = secretsIn(list);
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
