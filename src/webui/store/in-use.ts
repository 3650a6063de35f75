// What containers really take, from what a few agents measure: asking each of ten thousand would be
// a load of its own, so that what is told of all is told by a sample.
import { type Amounts, noAmounts } from './sums.ts';

/** Of a container, as `/monitor/statistics` of its agent has it. */
export interface Measured {
  readonly container_id?: string;
  readonly executor_id?: string;
  readonly framework_id?: string;
  readonly statistics?: {
    readonly timestamp?: number;
    readonly cpus_user_time_secs?: number;
    readonly cpus_system_time_secs?: number;
    readonly mem_rss_bytes?: number;
  };
}

export interface Used {
  /** Thousandths of CPUs; undefined until there are two measurements. */
  readonly cpus: number | undefined;
  /** Thousandths of megabytes; undefined where no container has it measured. */
  readonly mem: number | undefined;
}

const keyOf = ({ container_id = '', executor_id = '', framework_id = '' }: Measured) =>
  `${container_id} ${framework_id} ${executor_id}`;

const busySecs = ({ statistics }: Measured) =>
  (statistics?.cpus_user_time_secs ?? 0) + (statistics?.cpus_system_time_secs ?? 0);

/** By two measurements of the same agents; containers that are in one only have no CPU time. */
export function usedBy(before: readonly Measured[] | undefined, now: readonly Measured[]): Used {
  const earlier = new Map(before?.map((each) => [keyOf(each), each]));
  let [cpus, mem, compared] = [0, 0, 0];
  const isMeasured =
    now.length === 0 || now.some(({ statistics }) => statistics?.mem_rss_bytes !== undefined);
  for (const container of now) {
    mem += (container.statistics?.mem_rss_bytes ?? 0) / 2 ** 20;
    const other = earlier.get(keyOf(container));
    const secs = (container.statistics?.timestamp ?? 0) - (other?.statistics?.timestamp ?? 0);
    if (other !== undefined && secs > 0) {
      cpus += Math.max(0, busySecs(container) - busySecs(other)) / secs;
      compared++;
    }
  }
  const isKnown = compared > 0 || (before !== undefined && now.length === 0);
  return {
    cpus: isKnown ? Math.round(cpus * 1000) : undefined,
    mem: isMeasured ? Math.round(mem * 1000) : undefined,
  };
}

/** Up to `most` of them, each as likely as any other; `random` is of 0 … 1. */
export function sampleOf<T>(all: readonly T[], most: number, random: () => number): readonly T[] {
  const left = [...all];
  const chosen: T[] = [];
  while (chosen.length < most && left.length > 0) {
    const index = Math.min(left.length - 1, Math.floor(random() * left.length));
    chosen.push(left[index] as T);
    left[index] = left.at(-1) as T;
    left.pop();
  }
  return chosen;
}

/** Of several agents together. */
export const allocatedOf = (each: Iterable<Amounts>): Amounts => {
  const sum = noAmounts();
  for (const amounts of each) {
    amounts.forEach((amount, index) => {
      sum[index] = (sum[index] ?? 0) + amount;
    });
  }
  return sum;
};
