// One task id on two agents. A framework has given the id of an unreachable task to a new task, and
// now the agent of the old one is back; or an agent claims a task that runs on another. The
// framework knows the task in Framework.tasks. The duplicate is kept in Agent.tasks only, because
// it uses resources there, and is killed; the framework is not told.
import type { StatusUpdate, Task } from '../../model/generated/messages.ts';
import { type FrameworkId, frameworkId, type TaskId, taskId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import { log, sendToAgent } from '../outbox.ts';
import type { Agent, MasterState } from '../state.ts';
import { removeTask } from './tasks.ts';

/** Whether the framework has a task of this id on another agent. */
function isElsewhere(
  { frameworks }: MasterState,
  agent: Pick<Agent, 'id'>,
  owner: FrameworkId,
  id: TaskId,
): boolean {
  const known = frameworks.registered.get(owner)?.tasks.get(id);
  return known !== undefined && known.agent_id.value !== agent.id;
}

export const isDuplicate = (state: MasterState, agent: Pick<Agent, 'id'>, task: Task) =>
  isElsewhere(state, agent, frameworkId(task.framework_id.value), taskId(task.task_id.value));

/** The tasks that an agent lists, parted into its own and duplicates. */
export function partDuplicates(
  state: MasterState,
  agent: Pick<Agent, 'id'>,
  tasks: readonly Task[],
): { readonly own: readonly Task[]; readonly duplicates: readonly Task[] } {
  const duplicates = tasks.filter((task) => isDuplicate(state, agent, task));
  const own =
    duplicates.length === 0 ? tasks : tasks.filter((task) => !isDuplicate(state, agent, task));
  return { own, duplicates };
}

/** Has duplicates on an agent killed. */
export function killDuplicates(
  state: MasterState,
  agent: Agent,
  duplicates: readonly Task[],
): void {
  for (const task of duplicates) {
    const { task_id, framework_id } = task;
    if (!isTerminal(task.state)) {
      log(
        state,
        'warn',
        `Killing task ${task_id.value} of framework ${framework_id.value} on agent ${agent.id}:` +
          ' the framework has a task of this id on another agent',
      );
      sendToAgent(state, agent, 'KillTaskMessage', { framework_id, task_id });
    }
  }
}

/** An update of a duplicate. It is acknowledged here, for its agent would send it for ever. */
export function duplicateUpdate(state: MasterState, agent: Agent, update: StatusUpdate): void {
  const { framework_id, status, uuid, latest_state } = update;
  const task = agent.tasks.get(frameworkId(framework_id.value))?.get(taskId(status.task_id.value));
  if (task !== undefined && isTerminal(latest_state ?? status.state)) {
    removeTask(state, agent, task);
  }
  if (uuid !== undefined) {
    sendToAgent(state, agent, 'StatusUpdateAcknowledgementMessage', {
      agent_id: { value: agent.id },
      framework_id,
      task_id: status.task_id,
      uuid,
    });
  }
}
