// Registries to compare, and changes of every kind.
import fc from 'fast-check';
import type { DrainInfo, Window } from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import type { RegistryChange, RegistrySnapshot } from '../../src/model/registry.ts';

/** Order in a registry has no meaning. */
export function sorted(snapshot: RegistrySnapshot) {
  const byId = <T>(items: readonly T[], id: (item: T) => string) =>
    items.toSorted((a, b) => id(a).localeCompare(id(b)));
  return {
    agents: byId(snapshot.agents, (agent) => agent.id?.value ?? ''),
    unreachable: byId(snapshot.unreachable, ({ id }) => id),
    gone: byId(snapshot.gone, ({ id }) => id),
    duties: byId(snapshot.duties ?? [], ({ id }) => id),
    lists: [snapshot.weights, snapshot.quotas, snapshot.schedules, snapshot.machines],
    capabilities: snapshot.minimumCapabilities,
  };
}

const window: Window = {
  machine_ids: [{ hostname: 'h' }],
  unavailability: { start: { nanoseconds: 5n } },
};
const master = { id: 'm', ip: 1, port: 5050 };
const id = fc.integer({ min: 0, max: 5 }).map((n) => agentId(`agent-${n}`));
const agent = fc
  .record({ id, hostname: fc.string(), port: fc.nat(65535) })
  .map((a) => ({ ...a, id: { value: a.id } }));
const sinceNs = fc.bigInt({ min: 0n, max: 2n ** 62n });
const changes: fc.Arbitrary<RegistryChange>[] = [
  fc.constant<RegistryChange>({ type: 'electMaster', master }),
  fc.record({ type: fc.constant('admitAgent' as const), agent }),
  fc.record({ type: fc.constant('updateAgent' as const), agent }),
  fc.record({ type: fc.constant('markReachable' as const), agent }),
  fc.record({ type: fc.constant('removeAgent' as const), id }),
  fc.record({ type: fc.constant('markUnreachable' as const), id, sinceNs }),
  fc.record({ type: fc.constant('markGone' as const), id, sinceNs }),
  fc.record({ type: fc.constant('forget' as const), ids: fc.array(id, { maxLength: 3 }) }),
  fc.record({
    type: fc.constant('setWeights' as const),
    weights: fc.array(fc.record({ role: fc.string(), weight: fc.nat() }), { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant('setQuotas' as const),
    quotas: fc.array(
      fc.record({ role: fc.string(), limits: fc.constant({ cpus: { value: 2.5 } }) }),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    type: fc.constant('setMaintenance' as const),
    schedules: fc.array(fc.record({ windows: fc.constant<Window[]>([window]) }), { maxLength: 2 }),
    machines: fc.array(fc.record({ id: fc.record({ hostname: fc.string() }) }), { maxLength: 2 }),
  }),
  fc.record({
    type: fc.constant('setDuty' as const),
    id,
    drain: fc.option(fc.constant<DrainInfo>({ state: 1, config: { mark_gone: true } }), {
      nil: undefined,
    }),
    deactivated: fc.boolean(),
  }),
];
changes.push(
  fc.record({
    type: fc.constant('setMinimumCapabilities' as const),
    names: fc.subarray(['AGENT_DRAINING', 'QUOTA_V2', 'FUTURE']),
  }),
);
export const anyChange = fc.oneof(...changes);
