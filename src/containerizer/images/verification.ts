// Whether what arrives is what was named: so many bytes, of this digest.
import { createHash } from 'node:crypto';
import { ContainerizerError } from '../containerizer-error.ts';

export interface Expected {
  readonly digest: string;
  /** In bytes; undefined if it is not known. */
  readonly size: number | undefined;
}

export const sha256 = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
  }
  return `sha256:${hash.digest('hex')}`;
};

/** Takes the bytes in their order. */
export class Verification {
  readonly #expected: Expected;
  readonly #most: number;
  readonly #hash = createHash('sha256');
  #count = 0;

  /** `most`: the most bytes that are taken of something of unknown size. */
  constructor(expected: Expected, most: number) {
    this.#expected = expected;
    this.#most = expected.size ?? most;
  }

  /** How many bytes there were so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether there must be more. */
  get isShort(): boolean {
    return this.#expected.size !== undefined && this.#count < this.#expected.size;
  }

  /** The problem, if there is one already. */
  add(bytes: Uint8Array): string | undefined {
    this.#count += bytes.length;
    if (this.#count > this.#most) {
      return `more than ${this.#most} bytes arrived`;
    }
    this.#hash.update(bytes);
    return undefined;
  }

  /** The problem with all of it; called once. */
  end(): string | undefined {
    const { digest, size } = this.#expected;
    if (size !== undefined && this.#count !== size) {
      return `it has ${size} bytes, and ${this.#count} arrived`;
    }
    const found = `sha256:${this.#hash.digest('hex')}`;
    return found === digest ? undefined : `what arrived does not match the digest: it is ${found}`;
  }
}

export async function sha256Of(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk);
  }
  return `sha256:${hash.digest('hex')}`;
}

/** The same bytes; fails with ContainerizerError. `name` follows "Failed to fetch". */
export async function* verifiedBytes(
  source: AsyncIterable<Uint8Array>,
  expected: Expected & { readonly size: number },
  name: string,
): AsyncIterable<Uint8Array> {
  const verification = new Verification(expected, expected.size);
  const check = (problem: string | undefined) => {
    if (problem !== undefined) {
      throw new ContainerizerError(`Failed to fetch ${name}: ${problem}`);
    }
  };
  for await (const chunk of source) {
    check(verification.add(chunk));
    yield chunk;
  }
  check(verification.end());
}
