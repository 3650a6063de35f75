// The percentiles that Mesos tells of samples.

const PERCENTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
  ['p9999', 0.9999],
] as const;

export type Percentiles = Record<(typeof PERCENTILES)[number][0], number>;

/** Of samples in ascending order. */
export const percentilesOf = (sorted: ArrayLike<number>): Percentiles =>
  Object.fromEntries(
    PERCENTILES.map(([name, part]) => [name, quantile(sorted, part)]),
  ) as Percentiles;

/** A quantile, interpolated between the two nearest samples. */
function quantile(sorted: ArrayLike<number>, part: number): number {
  const position = part * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? 0;
  const high = sorted[below + 1] ?? low;
  return low + (high - low) * (position - below);
}
