// Timer statistics: the latest samples of how long something took, and their quantiles when metrics
// are read.
import { percentilesOf } from './percentiles.ts';

const WINDOW_SIZE = 1000;

export class Durations {
  private readonly samples: number[] = [];
  private next = 0;
  private last: number | undefined;
  private count = 0;

  /** A sample below 0 is dropped: the clock was set back meanwhile. */
  add(sampleMs: number): void {
    const ms = Math.max(0, sampleMs);
    this.samples[this.next] = ms;
    this.next = (this.next + 1) % WINDOW_SIZE;
    this.last = ms;
    this.count++;
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
