// In every state that random histories reach, the core tells who holds what as the history has it,
// and its sums are those of what it tells.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { HeldOnAgent, LiveAllocator, SchedulerCore } from '../../src/core/interface.ts';
import type { Resource } from '../../src/model/generated/messages.ts';
import { type AgentId, agentId } from '../../src/model/ids.ts';
import { isReserved, reservationRole } from '../../src/model/resource-format.ts';
import { roleAncestors } from '../../src/model/role.ts';
import { oracle } from '../oracle/core.ts';
import { checkedCore } from './built-core.ts';
import { disagreement } from './compare.ts';
import { history } from './histories.ts';
import type { Replayer } from './replay.ts';

let core: SchedulerCore;
beforeAll(async () => {
  core = await checkedCore(400);
});

const { algebra } = oracle;
type Lists = (readonly Resource[])[];
const keyOf = ({ frameworkId, role }: { frameworkId: string; role: string }) =>
  `${frameworkId} as ${role}`;

/** What holds something on the agent, by framework and role, in the history. */
function expectedOn(replayer: Replayer, id: AgentId) {
  const expected = new Map<string, { readonly offered: Lists; readonly used: Lists }>();
  const add = (
    kind: 'offered' | 'used',
    holdings: Iterable<
      Parameters<typeof keyOf>[0] & {
        readonly agentId: AgentId;
        readonly resources: readonly Resource[];
      }
    >,
  ) => {
    for (const holding of holdings) {
      if (holding.agentId === id && holding.resources.length > 0) {
        const held = expected.get(keyOf(holding)) ?? { offered: [], used: [] };
        held[kind].push(holding.resources);
        expected.set(keyOf(holding), held);
      }
    }
  };
  add('offered', replayer.offers.values());
  add('used', replayer.tasks());
  return expected;
}

const plain = (resources: readonly Resource[]) =>
  resources.filter(({ revocable }) => revocable === undefined);

/** Sums of amounts by name, in thousandths. */
class Sum {
  readonly #milli = new Map<string, number>();

  add(resources: readonly Resource[], sign = 1): void {
    for (const [name, value] of Object.entries(algebra.quantities(resources))) {
      this.#milli.set(name, (this.#milli.get(name) ?? 0) + sign * Math.round(value * 1000));
    }
  }

  addPositive(other: Sum): void {
    for (const [name, milli] of other.#milli) {
      this.#milli.set(name, (this.#milli.get(name) ?? 0) + Math.max(0, milli));
    }
  }

  get amounts(): Record<string, number> {
    const present = [...this.#milli].filter(([, milli]) => milli !== 0);
    return Object.fromEntries(present.map(([name, milli]) => [name, milli / 1000]));
  }
}

function checkSums(
  { allocator }: Replayer,
  held: ReadonlyMap<AgentId, readonly HeldOnAgent[]>,
): void {
  const live = allocator as LiveAllocator;
  const byLeaf = new Map<
    string,
    { readonly one: HeldOnAgent; readonly id: AgentId; readonly sum: Sum }
  >();
  const [total, offered, used] = [new Sum(), new Sum(), new Sum()];
  const [reserved, revocable, revocableUsed] = [new Sum(), new Sum(), new Sum()];
  for (const [id, holdings] of held) {
    for (const one of holdings) {
      const leaf = byLeaf.get(keyOf(one)) ?? { one, id, sum: new Sum() };
      leaf.sum.add(algebra.add(one.offered, one.used));
      byLeaf.set(keyOf(one), leaf);
    }
    const all = live.total(id);
    const inUse = algebra.sum(holdings.map((it) => it.used));
    const allHeld = algebra.sum(holdings.flatMap((it) => [it.offered, it.used]));
    total.add(plain(all));
    reserved.add(plain(all).filter(({ reservations }) => (reservations?.length ?? 0) > 0));
    revocable.add(all.filter((it) => it.revocable !== undefined));
    used.add(plain(inUse));
    revocableUsed.add(inUse.filter((it) => it.revocable !== undefined));
    offered.add(plain(allHeld));
    offered.add(plain(inUse), -1);
  }
  for (const { one, id, sum } of byLeaf.values()) {
    const { frameworkId, role } = one;
    const hasSubscribed = live.explain(frameworkId, role, id).reason !== 'unknown';
    expect({ ...live.held(frameworkId, role) }, keyOf(one)).toEqual(
      hasSubscribed ? sum.amounts : {},
    );
  }
  const sums = live.clusterSums();
  expect(Object.fromEntries(Object.entries(sums).map(([name, it]) => [name, { ...it }]))).toEqual({
    total: total.amounts,
    offered: offered.amounts,
    used: used.amounts,
    held: plus(offered, used).amounts,
    reserved: reserved.amounts,
    revocable: revocable.amounts,
    revocableUsed: revocableUsed.amounts,
  });
  checkRoles(live, held);
}

/** What roles have, from what is held on each agent and what is reserved there. */
function checkRoles(live: LiveAllocator, held: ReadonlyMap<AgentId, readonly HeldOnAgent[]>): void {
  const roles = new Map<string, Record<'used' | 'offered' | 'reserved' | 'consumed', Sum>>();
  const users = new Set<string>();
  const each = (role: string, add: (sums: NonNullable<ReturnType<typeof roles.get>>) => void) => {
    for (const name of [role, ...roleAncestors(role)]) {
      const none = {
        used: new Sum(),
        offered: new Sum(),
        reserved: new Sum(),
        consumed: new Sum(),
      };
      const sums = roles.get(name) ?? none;
      roles.set(name, sums);
      add(sums);
    }
  };
  const subscribed = new Set(live.frameworkRoles().map(([id]) => id));
  for (const [id, holdings] of held) {
    for (const { frameworkId, role, offered, used } of holdings) {
      const takesPart = subscribed.has(frameworkId);
      each(role, (sums) => {
        sums.used.add(used);
        sums.consumed.add(used);
        sums.offered.add(takesPart ? offered : []);
      });
      if (takesPart && used.length > 0) {
        users.add(`${frameworkId} ${role}`);
      }
    }
    const inUse = algebra.sum(holdings.map((it) => it.used)).filter(isReserved);
    for (const [role, all] of Map.groupBy(live.total(id).filter(isReserved), reservationRole)) {
      const taken = inUse.filter((it) => reservationRole(it) === role);
      const idle = new Sum();
      idle.add(all);
      idle.add(taken, -1);
      each(role, ({ reserved, consumed }) => {
        reserved.add(all);
        consumed.addPositive(idle);
      });
    }
  }
  checkLeaves(live, held, subscribed);
  const { roles: told, users: toldUsers, reservers } = live.holders({ counted: false });
  for (const [role, { used, offered, reserved, consumed }] of roles) {
    const sums = {
      used: used.amounts,
      offered: offered.amounts,
      held: plus(used, offered).amounts,
      reserved: reserved.amounts,
      consumed: consumed.amounts,
    };
    const found = Object.entries(told.get(role) ?? {}).map(([name, it]) => [name, { ...it }]);
    if (found.length > 0 || Object.values(sums).some((it) => Object.keys(it).length > 0)) {
      expect(Object.fromEntries(found), role).toEqual(sums);
    }
    expect(reservers.has(role) || Object.keys(sums.reserved).length === 0, role).toBe(true);
  }
  expect(new Set(roles.keys())).toEqual(new Set(roles.keys()).union(new Set(told.keys())));
  expect(new Set(toldUsers.map((it) => it.join(' ')))).toEqual(users);
}

/** What frameworks that take part use in their roles, and are offered. */
function checkLeaves(
  live: LiveAllocator,
  held: ReadonlyMap<AgentId, readonly HeldOnAgent[]>,
  subscribed: ReadonlySet<string>,
): void {
  const leaves = new Map<string, { readonly used: Sum; readonly offered: Sum }>();
  for (const one of [...held.values()].flat()) {
    if (subscribed.has(one.frameworkId)) {
      const sums = leaves.get(keyOf(one)) ?? { used: new Sum(), offered: new Sum() };
      sums.used.add(one.used);
      sums.offered.add(one.offered);
      leaves.set(keyOf(one), sums);
    }
  }
  const told = [...live.leafHoldings()].flatMap(([frameworkId, own]) =>
    [...own].map(([role, { used, offered }]) => [
      keyOf({ frameworkId, role }),
      { used: { ...used }, offered: { ...offered } },
    ]),
  );
  const wanted = [...leaves]
    .map(([key, { used, offered }]) => [key, { used: used.amounts, offered: offered.amounts }])
    .filter(([, sums]) => Object.values(sums ?? {}).some((it) => Object.keys(it).length > 0));
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(wanted));
}

function plus(left: Sum, right: Sum): Sum {
  const sum = new Sum();
  sum.addPositive(left);
  sum.addPositive(right);
  return sum;
}

test('holdings are those of the history, and sums are those of the holdings', () => {
  let seen = 0;
  const property = fc.property(history(60), (plan) => {
    const inspect = (replayer: Replayer) => {
      const live = replayer.allocator as LiveAllocator;
      const held = new Map<AgentId, readonly HeldOnAgent[]>();
      for (const id of replayer.agentIds) {
        const holdings = live.holdings(id);
        held.set(id, holdings);
        const expected = expectedOn(replayer, id);
        expect(new Set(holdings.map(keyOf))).toEqual(new Set(expected.keys()));
        for (const holding of holdings) {
          const { offered = [], used = [] } = expected.get(keyOf(holding)) ?? {};
          expect(algebra.equal(holding.offered, algebra.sum(offered)), keyOf(holding)).toBe(true);
          expect(algebra.equal(holding.used, algebra.sum(used)), keyOf(holding)).toBe(true);
          seen += holding.offered.length > 0 && holding.used.length > 0 ? 1 : 0;
        }
      }
      checkSums(replayer, held);
    };
    expect(disagreement(plan, { core, inspect })).toBeUndefined();
  });
  fc.assert(property, { seed: 3, numRuns: 60 });
  expect(seen).toBeGreaterThan(20);
});

test('sums of agents that may be offered are without the others', () => {
  const allocator = core.allocator();
  for (const id of ['a', 'b']) {
    allocator.addAgent({
      id: agentId(id),
      facts: { hostname: id, attributes: [] },
      capabilities: [],
      total: [{ name: 'cpus', type: 0, scalar: { value: 2 } }],
      used: [],
    });
  }
  allocator.deactivateAgent(agentId('a'));
  expect({ ...allocator.clusterSums().total }).toEqual({ cpus: 4 });
  expect({ ...allocator.clusterSums({ onlyActive: true }).total }).toEqual({ cpus: 2 });
});
