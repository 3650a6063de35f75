// What frameworks and agents use and are offered, added up when it is asked for. The sums of agents
// are kept: of thousands, few change between two questions.
import type { Resource } from '../../model/generated/messages.ts';
import { isTerminal } from '../../model/task-state.ts';
import { usedListsOn } from '../agents/usage.ts';
import type { Agent, Framework, MasterState } from '../state.ts';

const sumOf = (state: MasterState, lists: readonly (readonly Resource[])[]) => {
  const present = lists.filter((list) => list.length > 0);
  return present.length === 0 ? [] : state.algebra.sum(present);
};

/** What lists add up to. Lists of the master's records are replaced, never changed. */
interface KeptSum {
  readonly lists: readonly (readonly Resource[])[];
  readonly sum: readonly Resource[];
}

/**
 * Of each agent at most what it held when it was last asked for: as much as its records then.
 */
const used = new WeakMap<Agent, KeptSum>();
const offered = new WeakMap<Agent, KeptSum>();

const NOTHING: readonly Resource[] = [];

/** The sum is kept until the agent has other lists: whatever changes them need not know of it. */
function keptSum(
  state: MasterState,
  sums: WeakMap<Agent, KeptSum>,
  agent: Agent,
  lists: readonly (readonly Resource[])[],
): readonly Resource[] {
  if (lists.length === 0) {
    sums.delete(agent);
    return NOTHING;
  }
  const kept = sums.get(agent);
  if (
    kept?.lists.length === lists.length &&
    kept.lists.every((list, index) => list === lists[index])
  ) {
    return kept.sum;
  }
  const sum = sumOf(state, lists);
  sums.set(agent, { lists, sum });
  return sum;
}

export const usedByAgent = (state: MasterState, agent: Agent): readonly Resource[] =>
  keptSum(state, used, agent, usedListsOn(agent));

export const offeredOfAgent = (state: MasterState, agent: Agent): readonly Resource[] =>
  keptSum(
    state,
    offered,
    agent,
    Array.from(agent.offers, ({ resources }) => resources),
  );

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
