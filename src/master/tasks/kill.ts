// Tasks that are to end: of their framework's own will, or of an operator's.
import type { StatusUpdate, Task, TaskID } from '../../model/generated/messages.ts';
import { TaskState, TaskStatus_Reason } from '../../model/generated/messages.ts';
import { frameworkId, taskId } from '../../model/ids.ts';
import { sendToAgent } from '../outbox.ts';
import type { Agent, AskedKill, Framework, MasterState } from '../state.ts';

interface Kill extends AskedKill {
  readonly task_id: TaskID;
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
  agent.killed.set(framework.id, killed.set(taskId(task_id.value), { kill_policy, by }));
  if (agent.connected) {
    tell(state, agent, { framework_id: framework.idMessage, task_id, kill_policy });
  }
}

/** Tells an agent that is back of a kill that it may not have heard of. */
export function killAgain(state: MasterState, agent: Agent, { framework_id, task_id }: Task): void {
  const asked = agent.killed?.get(frameworkId(framework_id.value))?.get(taskId(task_id.value));
  if (asked !== undefined) {
    tell(state, agent, { framework_id, task_id, kill_policy: asked.kill_policy });
  }
}

function tell(
  state: MasterState,
  agent: Agent,
  { kill_policy, ...of }: Pick<Task, 'framework_id' | 'task_id'> & Pick<AskedKill, 'kill_policy'>,
): void {
  sendToAgent(state, agent, 'KillTaskMessage', {
    ...of,
    ...(kill_policy !== undefined && { kill_policy }),
  });
}

/**
 * The update with who had the task killed, as its message: executors do not know it, and Mesos has
 * no reason for it that frameworks could read. An agent that drains gives the drain as the reason
 * of each kill, after which frameworks start the task elsewhere: not what an operator asked for.
 */
export function withKiller({ killed }: Agent, update: StatusUpdate): StatusUpdate {
  if (killed === undefined) {
    return update;
  }
  const { framework_id, status } = update;
  const by = killed.get(frameworkId(framework_id.value))?.get(taskId(status.task_id.value))?.by;
  const isEnd = status.state === TaskState.TASK_KILLED || status.state === TaskState.TASK_KILLING;
  if (by === undefined || !isEnd) {
    return update;
  }
  const message = status.message ? `Killed by ${by}: ${status.message}` : `Killed by ${by}`;
  const { reason, ...rest } = status;
  const isOfDrain = reason === TaskStatus_Reason.REASON_AGENT_DRAINING;
  const because = reason === undefined || isOfDrain ? {} : { reason };
  return { ...update, status: { ...rest, message, ...because } };
}
