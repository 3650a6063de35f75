// The tasks that would end by the changes of a PLAN: those on drained agents, and of frameworks
// that are removed.
import {
  type Forecast_EndingTasks,
  type PlanChange,
  PlanChange_Type,
  type Task,
} from '../../model/generated/messages.ts';
import { agentId, type FrameworkId, frameworkId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { Framework, MasterState } from '../state.ts';
import { seesFramework, seesTask } from '../views/visibility.ts';
import type { Viewer } from '../views.ts';

/** Tasks that are named of each framework. */
const MAX_EXAMPLES = 20;

export type EndingTasks = Forecast_EndingTasks;

/** By framework, those that the viewer may see; each task once. */
export function endingTasks(
  state: MasterState,
  changes: readonly PlanChange[],
  viewer: Viewer,
): EndingTasks[] {
  const removed = new Set<FrameworkId>();
  const ending = new Map<FrameworkId, Set<Task>>();
  const add = (id: FrameworkId, tasks: Iterable<Task>) => {
    const known = ending.get(id) ?? new Set();
    ending.set(id, known);
    for (const task of tasks) {
      if (!isTerminal(task.state)) {
        known.add(task);
      }
    }
  };
  for (const { type, drain_agents, remove_framework } of changes) {
    if (type === PlanChange_Type.DRAIN_AGENTS) {
      for (const { value } of drain_agents?.agent_ids ?? []) {
        for (const [id, tasks] of state.agents.registered.get(agentId(value))?.tasks ?? []) {
          add(id, tasks.values());
        }
      }
    } else if (type === PlanChange_Type.REMOVE_FRAMEWORK) {
      removed.add(frameworkId(remove_framework?.framework_id.value ?? ''));
    }
  }
  for (const id of removed) {
    add(id, state.frameworks.registered.get(id)?.tasks.values() ?? []);
  }
  return [...ending].flatMap(([id, tasks]) => {
    const framework = state.frameworks.registered.get(id);
    return framework === undefined ? [] : shownTasks(viewer, framework, tasks);
  });
}

function shownTasks(viewer: Viewer, framework: Framework, tasks: ReadonlySet<Task>): EndingTasks[] {
  if (!seesFramework(viewer, framework)) {
    return [];
  }
  const seen = [...tasks].filter((task) => seesTask(viewer, framework, task));
  return seen.length === 0
    ? []
    : [
        {
          framework_id: framework.idMessage,
          tasks: seen.length,
          examples: seen.slice(0, MAX_EXAMPLES).map(({ task_id }) => task_id),
        },
      ];
}
