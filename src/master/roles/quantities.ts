// Scalar amounts by name, as quotas count them: in thousandths, zeros left out.
import type { ResourceAlgebra } from '../../core/interface.ts';
import type { Resource, Value_Scalar } from '../../model/generated/messages.ts';
import { fromMilli, toMilli } from '../../model/milli.ts';

export type Amounts = Readonly<Record<string, number>>;

/**
 * A record whose keys come from outside: it has no prototype, so that `constructor` is an ordinary
 * key.
 */
export function recordOf<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const record: Record<string, T> = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) {
    record[key] = value;
  }
  return record;
}

export const amountsOf = (map: Record<string, Value_Scalar> | undefined): Record<string, number> =>
  recordOf(Object.entries(map ?? {}).map(([name, { value }]) => [name, value]));

export const withoutZeros = (amounts: Amounts): Record<string, number> =>
  recordOf(Object.entries(amounts).filter(([, value]) => toMilli(value) !== 0));

export function plus(left: Amounts, right: Amounts): Record<string, number> {
  return combine(left, right, 1);
}

/** Never below zero. */
export function minus(left: Amounts, right: Amounts): Record<string, number> {
  return combine(left, right, -1);
}

function combine(left: Amounts, right: Amounts, sign: 1 | -1): Record<string, number> {
  const result = recordOf(Object.entries(left));
  for (const [name, value] of Object.entries(right)) {
    const sum = fromMilli(Math.max(0, toMilli(result[name] ?? 0) + sign * toMilli(value)));
    if (sum === 0) {
      delete result[name];
    } else {
      result[name] = sum;
    }
  }
  return result;
}

/** True when `whole` has at least as much of each name as `part`; an absent name counts as 0. */
export const covers = (whole: Amounts, part: Amounts) =>
  Object.entries(part).every(([name, value]) => toMilli(whole[name] ?? 0) >= toMilli(value));

/** True when no amount is beyond its limit; a name without a limit has none. */
export const isWithin = (amounts: Amounts, limits: Amounts) =>
  Object.entries(limits).every(([name, limit]) => toMilli(amounts[name] ?? 0) <= toMilli(limit));

/** `cpus:4; mem:1024`, sorted by name. */
export function amountsText(amounts: Amounts): string {
  const sorted = Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length === 0 ? '{}' : sorted.map(([name, value]) => `${name}:${value}`).join('; ');
}

/** Amounts as the endpoints count them: ranges and sets by their sizes. */
export function countedAmounts(
  algebra: ResourceAlgebra,
  resources: readonly Resource[],
): Record<string, number> {
  const amounts = recordOf(Object.entries(algebra.quantities(resources)));
  for (const resource of resources) {
    const count = countOf(resource);
    if (count > 0) {
      amounts[resource.name] = (amounts[resource.name] ?? 0) + count;
    }
  }
  return withoutZeros(amounts);
}

/** Of what is counted by pieces; 0 for a scalar. */
function countOf({ ranges, set }: Resource): number {
  let count = set?.item?.length ?? 0;
  for (const { begin, end } of ranges?.range ?? []) {
    count += end - begin + 1;
  }
  return count;
}
