// All chance in a simulation, from its seed.
import { Random } from '../../src/model/random.ts';

export class Chance {
  readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** True in this fraction of cases. */
  of(part: number): boolean {
    return this.random.next() < part;
  }

  /** A whole number from least to most. */
  int(least: number, most: number): number {
    return least + Math.floor(this.random.next() * (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T;
  }

  /** Mostly near the least, sometimes up to the most, as delays are. */
  delay(leastMs: number, mostMs: number): number {
    const skewed = this.random.next() ** 4;
    return Math.floor(leastMs + skewed * (mostMs - leastMs));
  }

  seed(): number {
    return this.random.next32();
  }
}
