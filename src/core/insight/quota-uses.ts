// The quotas that keep a role from offers, with what is consumed of them.
import type { OfferExplanation_QuotaUse } from '../../model/generated/messages.ts';
import type { LiveAllocator, Quantities, Quota } from '../interface.ts';
import { ownValue } from '../own-value.ts';
import { isLess, rest } from './amounts.ts';

type Quotas = Readonly<Record<string, Quota>>;

/** The limits of the role. As in Mesos, those of a role do not bind the roles below. */
export function limitsOf(
  allocator: LiveAllocator,
  quotas: Quotas,
  role: string,
): OfferExplanation_QuotaUse[] {
  const quota = ownValue(quotas, role);
  return usesOf(allocator, role, quota, Object.keys(quota?.limits ?? {}));
}

/** Limits of the role of which less than the demand is left. */
export function limitsBelow(
  allocator: LiveAllocator,
  quotas: Quotas,
  role: string,
  demand: Quantities,
): OfferExplanation_QuotaUse[] {
  const { consumed } = allocator.roleSums(role);
  const left = rest(ownValue(quotas, role)?.limits ?? {}, consumed);
  return limitsOf(allocator, quotas, role).filter(({ resource }) =>
    isLess(left, resource, ownValue(demand, resource) ?? 0),
  );
}

/** The guarantees of other roles of which less is consumed than they promise. */
export function heldBackFor(
  allocator: LiveAllocator,
  quotas: Quotas,
  role: string,
): OfferExplanation_QuotaUse[] {
  return Object.keys(quotas)
    .filter((other) => other !== role)
    .sort()
    .flatMap((other) => {
      const quota = ownValue(quotas, other);
      const { consumed } = allocator.roleSums(other);
      const open = Object.entries(quota?.guarantees ?? {})
        .filter(([name, guarantee]) => isLess(consumed, name, guarantee))
        .map(([name]) => name);
      return usesOf(allocator, other, quota, open);
    });
}

function usesOf(
  allocator: LiveAllocator,
  role: string,
  quota: Quota | undefined,
  names: readonly string[],
): OfferExplanation_QuotaUse[] {
  const { consumed } = allocator.roleSums(role);
  return names.toSorted().map((resource) => {
    const guarantee = ownValue(quota?.guarantees, resource);
    const limit = ownValue(quota?.limits, resource);
    return {
      role,
      resource,
      ...(guarantee !== undefined && { guarantee }),
      ...(limit !== undefined && { limit }),
      consumed: ownValue(consumed, resource) ?? 0,
    };
  });
}
