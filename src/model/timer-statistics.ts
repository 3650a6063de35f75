// Timer statistics: how many samples of how long something took are within which bound, and the
// latest samples, with their quantiles when metrics are read.
import { percentilesOf } from './percentiles.ts';

const WINDOW_SIZE = 1000;

/** Bounds of a histogram: from a run of the allocator to the pull of an image. */
export const BOUNDS_MS = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
  1_200_000,
] as const;

export interface Histogram {
  /** Samples that are not above the bound at the same place of BOUNDS_MS. */
  readonly within: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}

export class Durations {
  private readonly samples: number[] = [];
  private next = 0;
  private last: number | undefined;
  private count = 0;
  private sumMs = 0;
  /** By the first bound that a sample is not above. */
  private readonly byBound: number[] = BOUNDS_MS.map(() => 0);

  /** A sample below 0 is dropped: the clock was set back meanwhile. */
  add(sampleMs: number): void {
    const ms = Math.max(0, sampleMs);
    this.samples[this.next] = ms;
    this.next = (this.next + 1) % WINDOW_SIZE;
    this.last = ms;
    this.count++;
    this.sumMs += ms;
    const bound = BOUNDS_MS.findIndex((boundMs) => ms <= boundMs);
    if (bound >= 0) {
      this.byBound[bound] = (this.byBound[bound] ?? 0) + 1;
    }
  }

  /** Of all samples. */
  histogram(): Histogram {
    let within = 0;
    return {
      within: this.byBound.map((count) => {
        within += count;
        return within;
      }),
      count: this.count,
      sumMs: this.sumMs,
    };
  }

  /**
   * The last sample under the name itself, and the window's figures below it, as Mesos's timers.
   */
  report(name: string, metrics: Record<string, number>): void {
    if (this.last === undefined) {
      return;
    }
    const sorted = [...this.samples].sort((a, b) => a - b);
    metrics[name] = this.last;
    metrics[`${name}/count`] = Math.min(this.count, WINDOW_SIZE);
    metrics[`${name}/min`] = sorted[0] ?? 0;
    metrics[`${name}/max`] = sorted.at(-1) ?? 0;
    for (const [key, value] of Object.entries(percentilesOf(sorted))) {
      metrics[`${name}/${key}`] = value;
    }
  }
}
