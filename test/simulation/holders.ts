// Checks what the core tells of roles and of the cluster against a fresh count over all tasks,
// executors, offers and agents.
import type { RoleHoldings } from '../../src/core/interface.ts';
import type { Agent, MasterState } from '../../src/master/state.ts';
import { type Resource, TaskState } from '../../src/model/generated/messages.ts';
import { fromMilli, toMilli } from '../../src/model/milli.ts';
import {
  holderRole,
  isReserved,
  reservationRole,
  withoutAllocation,
} from '../../src/model/resource-format.ts';
import { roleAncestors } from '../../src/model/role.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { fail } from './breach.ts';

type Field = keyof RoleHoldings;
const FIELDS = ['used', 'offered', 'held', 'reserved', 'consumed'] as const;

/** Thousandths by resource name, of each field; by role. */
type Counts = Map<string, Record<Field, Map<string, number>>>;

const noCounts = () => ({
  used: new Map(),
  offered: new Map(),
  held: new Map(),
  reserved: new Map(),
  consumed: new Map(),
});

/** What is held must be told as it is, of every role; a name of nothing must not be told. */
export function checkHolders(state: MasterState, when: string): void {
  for (const counted of [false, true]) {
    const told = state.allocator.attempt((it) => it.holders({ counted }));
    if (told === undefined) {
      throw state.allocator.loss ?? new Error('the allocator is lost');
    }
    const { counts, users } = countAll(state, counted);
    const of = (field: Field, role: string) => told.roles.get(role)?.[field] ?? {};
    for (const role of new Set([...counts.keys(), ...told.roles.keys()])) {
      for (const field of FIELDS) {
        const wanted = shown(counts.get(role)?.[field] ?? new Map());
        const found = shown(new Map(Object.entries(of(field, role))));
        if (wanted !== found) {
          fail(`after ${when}: ${field} of role ${role} is told as ${found}, not ${wanted}`);
        }
      }
    }
    const found = new Set(told.users.map((user) => user.join(' ')));
    if (found.size !== told.users.length || found.symmetricDifference(users).size > 0) {
      fail(`after ${when}: users are ${[...found].join(', ')}, not ${[...users].join(', ')}`);
    }
  }
}

const shown = (amounts: ReadonlyMap<string, number>) =>
  [...amounts]
    .filter(([, amount]) => amount !== 0)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, amount]) => `${name}:${amount}`)
    .join(';');

function countAll(state: MasterState, counted: boolean) {
  const counts: Counts = new Map();
  const users = new Set<string>();
  const { algebra } = state;
  const amountsOf = (resources: readonly Resource[]) => {
    const amounts = new Map(Object.entries(algebra.quantities(resources)));
    if (counted) {
      for (const resource of algebra.sum([resources])) {
        const count = piecesOf(resource);
        if (count > 0) {
          amounts.set(resource.name, (amounts.get(resource.name) ?? 0) + count);
        }
      }
    }
    return amounts;
  };
  const add = (role: string, fields: readonly Field[], amounts: ReadonlyMap<string, number>) => {
    for (const holder of [role, ...roleAncestors(role)]) {
      const sums = counts.get(holder) ?? noCounts();
      counts.set(holder, sums);
      for (const field of fields) {
        for (const [name, amount] of amounts) {
          const milli = toMilli(sums[field].get(name) ?? 0) + toMilli(amount);
          sums[field].set(name, fromMilli(milli));
        }
      }
    }
  };
  for (const agent of state.agents.registered.values()) {
    const used = usedOn(agent);
    for (const { owner, role, resources } of used) {
      add(role, ['used', 'held', 'consumed'], amountsOf(resources));
      if (state.frameworks.registered.has(owner)) {
        users.add(`${owner} ${role}`);
      }
    }
    for (const { role, resources } of summed(offersOf(agent))) {
      add(role, ['offered', 'held'], amountsOf(resources));
    }
    const inUse = used.flatMap(({ resources }) => resources).filter(isReserved);
    for (const [role, resources] of Map.groupBy(agent.total.filter(isReserved), reservationRole)) {
      const total = amountsOf(resources);
      add(role, ['reserved'], total);
      const taken = amountsOf(inUse.filter((it) => reservationRole(it) === role));
      const idle = [...total].map(
        ([name, amount]) =>
          [name, Math.max(0, fromMilli(toMilli(amount) - toMilli(taken.get(name) ?? 0)))] as const,
      );
      add(role, ['consumed'], new Map(idle));
    }
  }
  return { counts, users };
}

/** Numbers of ranges, and items of sets. */
function piecesOf({ ranges, set }: Resource): number {
  const numbers = (ranges?.range ?? []).map(({ begin, end }) => end - begin + 1);
  return numbers.reduce((sum, count) => sum + count, set?.item?.length ?? 0);
}

interface Held {
  readonly owner: Agent['offers'] extends Set<{ readonly framework: { readonly id: infer Id } }>
    ? Id
    : never;
  readonly role: string;
  readonly resources: readonly Resource[];
}

/** What runs on an agent, by framework and role. */
function usedOn(agent: Agent): Held[] {
  const held: Held[] = [];
  for (const [owner, executors] of agent.executors) {
    for (const { resources = [] } of executors.values()) {
      held.push({ owner, role: holderRole(resources), resources });
    }
  }
  for (const [owner, tasks] of agent.tasks) {
    for (const { state, resources = [] } of tasks.values()) {
      if (!isTerminal(state) && state !== TaskState.TASK_UNREACHABLE) {
        held.push({ owner, role: holderRole(resources), resources });
      }
    }
  }
  return summed(held.filter(({ resources }) => resources.length > 0));
}

const offersOf = ({ offers }: Agent): Held[] =>
  [...offers].map(({ framework, role, resources }) => ({ owner: framework.id, role, resources }));

/** One list for each framework and role: what is shared is counted once in it. */
function summed(held: readonly Held[]): Held[] {
  return [...Map.groupBy(held, ({ owner, role }) => `${owner} ${role}`).values()].flatMap((own) => {
    const resources = own.flatMap((it) => it.resources.map(withoutAllocation));
    return own.slice(0, 1).map((it) => ({ ...it, resources }));
  });
}
