// Tasks that are to end: of their framework's own will, or of an operator's.
import type { KillPolicy, StatusUpdate, TaskID } from '../../model/generated/messages.ts';
import { TaskState } from '../../model/generated/messages.ts';
import { frameworkId, taskId } from '../../model/ids.ts';
import { sendToAgent } from '../outbox.ts';
import type { Agent, Framework, MasterState } from '../state.ts';

interface Kill {
  readonly task_id: TaskID;
  readonly kill_policy?: KillPolicy | undefined;
  /** Who asked for it, in words, where that was not the framework. */
  readonly by?: string | undefined;
}

/** Has the agent end one of its tasks, now or when it comes back. */
export function killTask(
  state: MasterState,
  framework: Framework,
  agent: Agent,
  { task_id, kill_policy, by }: Kill,
): void {
  agent.killed ??= new Map();
  const killed = agent.killed.get(framework.id) ?? new Map();
  agent.killed.set(framework.id, killed.set(taskId(task_id.value), by));
  if (agent.connected) {
    sendToAgent(state, agent, 'KillTaskMessage', {
      framework_id: framework.idMessage,
      task_id,
      ...(kill_policy !== undefined && { kill_policy }),
    });
  }
}

/**
 * The update with who had the task killed, as its message: executors do not know it, and Mesos has
 * no reason for it that frameworks could read.
 */
export function withKiller({ killed }: Agent, update: StatusUpdate): StatusUpdate {
  if (killed === undefined) {
    return update;
  }
  const { framework_id, status } = update;
  const by = killed.get(frameworkId(framework_id.value))?.get(taskId(status.task_id.value));
  const isEnd = status.state === TaskState.TASK_KILLED || status.state === TaskState.TASK_KILLING;
  if (by === undefined || !isEnd) {
    return update;
  }
  const message = status.message ? `Killed by ${by}: ${status.message}` : `Killed by ${by}`;
  return { ...update, status: { ...status, message } };
}
