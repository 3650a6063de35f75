// Holdings: what frameworks hold on an agent in each role, summed up, so that the allocator is told
// of any number of tasks at once.
import type { Holding } from '../../core/interface.ts';
import type { ExecutorInfo, Resource, Task } from '../../model/generated/messages.ts';
import { type FrameworkId, frameworkId } from '../../model/ids.ts';
import { holderRole } from '../../model/resource-format.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { Agent, MasterState } from '../state.ts';

/** What runs on the agent, by framework and role. */
export function holdingsOn(state: MasterState, agent: Agent): Holding[] {
  return holdingsOf(state, agent, {
    executors: [...agent.executors].flatMap(([owner, own]) =>
      [...own.values()].map((info) => ({ owner, info })),
    ),
    tasks: [...agent.tasks.values()].flatMap((own) =>
      [...own.values()].filter(({ state: last }) => !isTerminal(last)),
    ),
  });
}

/** What these executors and tasks of an agent hold, by framework and role. */
export function holdingsOf(
  state: MasterState,
  agent: Agent,
  running: {
    readonly executors: readonly { readonly owner: FrameworkId; readonly info: ExecutorInfo }[];
    readonly tasks: readonly Task[];
  },
): Holding[] {
  const holdings: { owner: FrameworkId; role: string; all: Resource[][] }[] = [];
  const lists = new Map<FrameworkId, Map<string, Resource[][]>>();
  const add = (owner: FrameworkId, resources: Resource[] | undefined) => {
    if (resources === undefined || resources.length === 0) {
      return;
    }
    const role = holderRole(resources);
    const byRole = lists.get(owner) ?? new Map<string, Resource[][]>();
    const known = byRole.get(role);
    if (known !== undefined) {
      known.push(resources);
      return;
    }
    const all = [resources];
    lists.set(owner, byRole.set(role, all));
    holdings.push({ owner, role, all });
  };
  for (const { owner, info } of running.executors) {
    add(owner, info.resources);
  }
  for (const task of running.tasks) {
    add(frameworkId(task.framework_id.value), task.resources);
  }
  return holdings.map(({ owner, role, all }) => ({
    frameworkId: owner,
    agentId: agent.id,
    role,
    resources: state.algebra.sum(all),
  }));
}
