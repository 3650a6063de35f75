// The amount of a scalar resource, for weights and for display.
import type { Resource } from '../../model/generated/messages.ts';

/** Only for such uses: the core does all accounting. */
export function amountOf(resources: readonly Resource[], name: string): number {
  const amounts = resources
    .filter((resource) => resource.name === name)
    .map((resource) => Math.round(1000 * (resource.scalar?.value ?? 0)));
  return amounts.reduce((total, amount) => total + amount, 0) / 1000;
}
