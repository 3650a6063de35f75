// What frameworks and agents use and are offered, added up when it is asked for.
import type { Resource } from '../../model/generated/messages.ts';
import { isTerminal } from '../../model/task-state.ts';
import { usedOn } from '../agents/usage.ts';
import type { Agent, Framework, MasterState } from '../state.ts';

const sumOf = (state: MasterState, lists: (readonly Resource[])[]) => {
  const present = lists.filter((list) => list.length > 0);
  return present.length === 0 ? [] : state.algebra.sum(present);
};

export const usedByAgent = (state: MasterState, agent: Agent): Resource[] =>
  agent.tasks.size === 0 && agent.executors.size === 0 ? [] : sumOf(state, [usedOn(agent)]);

export const offeredOfAgent = (state: MasterState, agent: Agent): Resource[] =>
  agent.offers.size === 0
    ? []
    : sumOf(
        state,
        [...agent.offers].map(({ resources }) => resources),
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
