// How much of a scalar resource there is, for weighing and for showing.
import type { Resource } from '../../model/generated/messages.ts';

/** Only for that: what is accounted is added up by the core. */
export function amountOf(resources: readonly Resource[], name: string): number {
  const amounts = resources
    .filter((resource) => resource.name === name)
    .map((resource) => Math.round(1000 * (resource.scalar?.value ?? 0)));
  return amounts.reduce((total, amount) => total + amount, 0) / 1000;
}
