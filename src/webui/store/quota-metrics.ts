// Roles that have no more to get, from the master's metrics.

export interface FullQuota {
  readonly role: string;
  /** Resources of which the limit is reached. */
  readonly resources: readonly string[];
  /** Whether more is consumed than the limit allows, which may have been set since. */
  readonly isOver: boolean;
}

const LIMIT = /^allocator\/mesos\/quota\/roles\/(.+)\/resources\/([^/]+)\/limit$/;

/** By name of the role; a limit of nothing is meant to be reached. */
export function fullQuotas(metrics: ReadonlyMap<string, number>): readonly FullQuota[] {
  const full = new Map<string, { resources: string[]; isOver: boolean }>();
  for (const [key, limit] of metrics) {
    const [, role = '', resource = ''] = LIMIT.exec(key) ?? [];
    const consumed = metrics.get(key.replace(/limit$/, 'consumed')) ?? 0;
    if (role === '' || consumed < limit || (limit === 0 && consumed === 0)) {
      continue;
    }
    const known = full.get(role) ?? { resources: [], isOver: false };
    known.resources.push(resource);
    full.set(role, { ...known, isOver: known.isOver || consumed > limit });
  }
  return [...full]
    .map(([role, quota]) => ({ role, ...quota }))
    .sort((left, right) => (left.role < right.role ? -1 : 1));
}
