// Ends of tasks with their agent: all that a framework runs on an agent that is disconnected,
// unreachable, removed or gone.
import {
  type Task,
  type TaskState,
  type TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { taskId } from '../../model/ids.ts';
import { countTaskEnds } from '../metrics/counters.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import { isDuplicate } from '../tasks/duplicates.ts';
import { masterStatus, ofExecutor, sendStatus } from '../tasks/status-updates.ts';
import { dropTask, removeTask, updateTask } from '../tasks/tasks.ts';

interface End {
  readonly state: TaskState;
  readonly reason: TaskStatus_Reason;
  readonly message: string;
  readonly unreachableSinceNs?: bigint | undefined;
  /** The tasks may come back with the agent: they are unreachable, not completed. */
  readonly unreachable?: boolean | undefined;
}

/**
 * Ends the framework's tasks on the agent, and tells the framework of each. Where there are more
 * than the framework's history keeps, the first are counted only, and get no record: the history
 * would forget it at once. Answers the tasks that ran until now, whose resources are still to be
 * given back.
 */
export function endTasks(state: MasterState, agent: Agent, framework: Framework, end: End): Task[] {
  const tasks: Task[] = [];
  for (const task of [...(agent.tasks.get(framework.id)?.values() ?? [])]) {
    if (isDuplicate(state, agent, task)) {
      removeTask(state, agent, task);
    } else {
      tasks.push(task);
    }
  }
  const { completedTasks, unreachableTasks } = framework;
  const history = end.unreachable === true ? unreachableTasks : completedTasks;
  const surplus = tasks.length - history.limit;
  const ended: Task[] = [];
  let dropped = 0;
  for (const [index, task] of tasks.entries()) {
    const status = masterStatus(state, {
      taskId: task.task_id.value,
      agentId: agent.id,
      state: end.state,
      reason: end.reason,
      message: end.message,
      unreachableSinceNs: end.unreachableSinceNs,
    });
    if (index < surplus && framework.tasks.get(taskId(task.task_id.value)) === task) {
      if (dropTask(state, agent, framework, { task, status })) {
        dropped++;
        ended.push(task);
      }
    } else {
      if (updateTask(state, task, status)) {
        ended.push(task);
      }
      removeTask(state, agent, task, { unreachable: end.unreachable === true });
    }
    sendStatus(state, framework, ofExecutor(status, task));
  }
  countTaskEnds(state.counters, { ...end, source: TaskStatus_Source.SOURCE_MASTER }, dropped);
  return ended;
}
