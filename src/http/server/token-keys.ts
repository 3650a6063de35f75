// The key that tokens are signed with. It can be exchanged; executors keep the tokens that they
// were started with, so the keys of before stay good until the agent starts anew.
import { type Claims, signToken, type Verified, verifyToken } from './json-web-token.ts';

/** Keys of before that are remembered. */
const MAX_EARLIER = 3;

export class TokenKeys {
  /** The newest first. */
  #keys: readonly Uint8Array[];
  #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
    this.#keys = [key];
  }

  /** The same key once more changes nothing. */
  exchange(key: Uint8Array): void {
    if (Buffer.compare(key, this.#key) === 0) {
      return;
    }
    this.#key = key;
    this.#keys = [key, ...this.#keys].slice(0, MAX_EARLIER + 1);
  }

  sign(claims: Claims): string {
    return signToken(claims, this.#key);
  }

  verify(token: string, nowMs: number): Verified {
    const results = this.#keys.map((key) => verifyToken(token, key, nowMs));
    return results.find((result) => 'claims' in result) ?? verifyToken(token, this.#key, nowMs);
  }
}
