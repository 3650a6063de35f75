// What happened, as text for people, and as a digest that tells whether two runs were the same.
import { createHash, type Hash } from 'node:crypto';

const KEPT_LINES = 200_000;

export class Journal {
  readonly #startMs: number;
  readonly #keepsText: boolean;
  readonly #hash: Hash | undefined;
  #lines: string[] = [];

  constructor(options: {
    readonly startMs: number;
    readonly keepsText: boolean;
    readonly digests: boolean;
  }) {
    this.#startMs = options.startMs;
    this.#keepsText = options.keepsText;
    this.#hash = options.digests ? createHash('sha256') : undefined;
  }

  /** The text is made only where it is kept. */
  note(nowMs: number, text: () => string): void {
    if (this.#keepsText) {
      this.#lines.push(`${((nowMs - this.#startMs) / 1000).toFixed(3).padStart(9)}  ${text()}`);
      if (this.#lines.length > KEPT_LINES * 2) {
        this.#lines = this.#lines.slice(-KEPT_LINES);
      }
    }
  }

  effect(nowMs: number, who: string, effect: object): void {
    this.#hash?.update(`${nowMs} ${who} ${JSON.stringify(effect, plain)}\n`);
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  digest(): string {
    return this.#hash?.digest('hex') ?? '';
  }
}

export function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return value.toString();
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
