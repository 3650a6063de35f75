// How fast a container sends and receives: samples of a window of time, and what Mesos tells of
// them.
import type {
  ResourceStatistics_RatePercentiles,
  ResourceStatistics_RateStatistics,
} from '../../../model/generated/messages.ts';
import { percentilesOf } from '../../../model/percentiles.ts';
import type { LinkFigures } from './link-figures.ts';

export interface RateOptions {
  readonly intervalMs: number;
  readonly windowMs: number;
}

type RateName = Exclude<
  keyof ResourceStatistics_RateStatistics,
  'sampling_window_secs' | 'sampling_interval_secs'
>;

const COUNTED: readonly (readonly [RateName, (figures: LinkFigures) => number])[] = [
  ['rx_rate', ({ received }) => received.bytes],
  ['rx_packet_rate', ({ received }) => received.packets],
  ['rx_drop_rate', ({ received }) => received.dropped],
  ['rx_error_rate', ({ received }) => received.errors],
  ['tx_rate', ({ sent }) => sent.bytes],
  ['tx_packet_rate', ({ sent }) => sent.packets],
  ['tx_drop_rate', ({ sent }) => sent.dropped],
  ['tx_error_rate', ({ sent }) => sent.errors],
];

interface Sample {
  readonly atMs: number;
  /** Whole ones, in the order of `COUNTED`. */
  readonly perSecond: readonly number[];
}

export class Rates {
  readonly #options: RateOptions;
  #samples: Sample[] = [];
  #last: { readonly atMs: number; readonly figures: LinkFigures } | undefined;

  constructor(options: RateOptions) {
    this.#options = options;
  }

  add(atMs: number, figures: LinkFigures): void {
    const last = this.#last;
    this.#last = { atMs, figures };
    if (last === undefined || last.atMs >= atMs) {
      return;
    }
    const perSecond = COUNTED.map(([, count]) => {
      const more = Math.max(0, count(figures) - count(last.figures));
      return Math.trunc((more * 1000) / (atMs - last.atMs));
    });
    const first = this.#samples.findIndex((it) => it.atMs > atMs - this.#options.windowMs);
    this.#samples.splice(0, first < 0 ? this.#samples.length : first);
    this.#samples.push({ atMs, perSecond });
  }

  /** As in Mesos, one sample is not enough to tell anything. */
  statistics(): ResourceStatistics_RateStatistics {
    const { windowMs, intervalMs } = this.#options;
    const told: ResourceStatistics_RateStatistics = {
      sampling_window_secs: windowMs / 1000,
      sampling_interval_secs: intervalMs / 1000,
    };
    if (this.#samples.length > 1) {
      for (const [index, [name]] of COUNTED.entries()) {
        told[name] = percentiles(this.#samples.map(({ perSecond }) => perSecond[index] ?? 0));
      }
    }
    return told;
  }
}

/** Whole numbers, as Mesos's. */
function percentiles(samples: readonly number[]): ResourceStatistics_RatePercentiles {
  const sorted = Float64Array.from(samples).sort();
  const parts = Object.entries(percentilesOf(sorted)).map(
    ([name, value]) => [name, Math.trunc(value)] as const,
  );
  return {
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    ...Object.fromEntries(parts),
    samples: sorted.length,
  };
}
