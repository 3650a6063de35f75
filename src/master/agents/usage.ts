// What an agent has and what of it is used, by the master's own records.
import type { Resource } from '../../model/generated/messages.ts';
import { needsCheckpoint } from '../../model/resource-format.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { Agent } from '../state.ts';

/** Resources that tasks and executors on the agent use, as lists of the master's records. */
export function usedListsOn(agent: Agent): (readonly Resource[])[] {
  const used: (readonly Resource[])[] = [];
  for (const executors of agent.executors.values()) {
    for (const { resources } of executors.values()) {
      if (resources !== undefined) {
        used.push(resources);
      }
    }
  }
  for (const tasks of agent.tasks.values()) {
    for (const task of tasks.values()) {
      if (!isTerminal(task.state) && task.resources !== undefined) {
        used.push(task.resources);
      }
    }
  }
  return used;
}

export const usedOn = (agent: Agent): Resource[] => usedListsOn(agent).flat();

/** The resources that an agent must checkpoint. */
export const checkpointedResources = (agent: Agent) => agent.total.filter(needsCheckpoint);
