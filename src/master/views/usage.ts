// What frameworks and agents use and are offered, added up when it is asked for. The sums of agents
// are kept: of thousands, few change between two questions.
import type { Resource } from '../../model/generated/messages.ts';
import { toEndpointFormat } from '../../model/resource-format.ts';
import { isTerminal } from '../../model/task-state.ts';
import { usedListsOn } from '../agents/usage.ts';
import type { Agent, Framework, MasterState } from '../state.ts';

const sumOf = (state: MasterState, lists: readonly (readonly Resource[])[]) => {
  const present = lists.filter((list) => list.length > 0);
  return present.length === 0 ? [] : state.algebra.sum(present);
};

/** What lists add up to. Lists of the master's records are replaced, never changed. */
export interface HeldSum {
  readonly lists: readonly (readonly Resource[])[];
  readonly sum: readonly Resource[];
  /** The sum as endpoints show it. */
  readonly shown: Resource[];
}

const NOTHING: HeldSum = { lists: [], sum: [], shown: [] };

interface Held {
  used: HeldSum;
  offered: HeldSum;
}

/** Of each agent at most what it held when it was last asked for: as much as its records then. */
const heldSums = new WeakMap<Agent, Held>();

function heldBy(agent: Agent): Held {
  const known = heldSums.get(agent);
  if (known !== undefined) {
    return known;
  }
  const held = { used: NOTHING, offered: NOTHING };
  heldSums.set(agent, held);
  return held;
}

/** The sum is kept until the agent has other lists: whatever changes them need not know of it. */
function sumAsHeld(state: MasterState, kept: HeldSum, lists: HeldSum['lists']): HeldSum {
  if (lists.length === 0) {
    return NOTHING;
  }
  const isSame =
    kept.lists.length === lists.length && kept.lists.every((list, index) => list === lists[index]);
  if (isSame) {
    return kept;
  }
  const sum = sumOf(state, lists);
  return { lists, sum, shown: sum.map(toEndpointFormat) };
}

export function usedByAgent(state: MasterState, agent: Agent): HeldSum {
  const held = heldBy(agent);
  held.used = sumAsHeld(state, held.used, usedListsOn(agent));
  return held.used;
}

export function offeredOfAgent(state: MasterState, agent: Agent): HeldSum {
  const held = heldBy(agent);
  const lists = Array.from(agent.offers, ({ resources }) => resources);
  held.offered = sumAsHeld(state, held.offered, lists);
  return held.offered;
}

export function usedByFramework(state: MasterState, framework: Framework): Resource[] {
  return sumOf(state, usedLists(framework));
}

/** Resource lists of all that the framework runs. */
export function usedLists(framework: Framework): (readonly Resource[])[] {
  const lists: (readonly Resource[])[] = [];
  for (const task of framework.tasks.values()) {
    if (!isTerminal(task.state) && task.resources !== undefined) {
      lists.push(task.resources);
    }
  }
  for (const executors of framework.executors.values()) {
    for (const { resources } of executors.values()) {
      if (resources !== undefined) {
        lists.push(resources);
      }
    }
  }
  return lists;
}

export const offeredLists = (framework: Framework): (readonly Resource[])[] =>
  [...framework.offers].map(({ resources }) => resources);

export const offeredToFramework = (state: MasterState, framework: Framework): Resource[] =>
  sumOf(state, offeredLists(framework));
