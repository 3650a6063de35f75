// Agents that are gone, as an operator says or a drain that was to end so: their tasks have ended,
// and an agent that registers under the id of one is shut down.
import { TaskState, TaskStatus_Reason } from '../../model/generated/messages.ts';
import type { AgentId, RequestId } from '../../model/ids.ts';
import type { ContinuationOf } from '../continuation.ts';
import { publishAgentLost } from '../operators/subscribers.ts';
import { nowNs, reply } from '../outbox.ts';
import { store } from '../registrar.ts';
import type { Framework, MasterState } from '../state.ts';
import { masterStatus, ofExecutor, sendStatus, stateFor } from '../tasks/status-updates.ts';
import { updateTask } from '../tasks/tasks.ts';
import { rememberLost } from './lost.ts';
import { loseAgent, shutDownAgent } from './removal.ts';
import { forgetDecision } from './unreachable.ts';

const MESSAGE = 'Agent has been marked gone';

/** `request` is answered when the agent is gone; there is none at the end of a drain. */
export function markGone(state: MasterState, id: AgentId, request: RequestId | undefined): void {
  const sinceNs = nowNs(state);
  store(state, [{ type: 'markGone', id, sinceNs }], { type: 'agentGone', id, sinceNs, request });
}

export function agentGone(
  state: MasterState,
  { id, sinceNs, request }: ContinuationOf<'agentGone'>,
): void {
  const { agents } = state;
  agents.gone.set(id, sinceNs);
  const agent = agents.registered.get(id);
  agents.draining.delete(id);
  agents.deactivated.delete(id);
  if (agent === undefined) {
    forgetDecision(state, id);
    rememberLost(state, id, { info: agents.recovered.get(id) });
    agents.recovered.delete(id);
    agents.room.leave(id);
    agents.unreachable.delete(id);
    endUnreachableTasks(state, id);
    publishAgentLost(state, id);
  } else {
    shutDownAgent(state, agent, MESSAGE);
    loseAgent(state, agent, { message: MESSAGE });
  }
  if (request !== undefined) {
    reply(state, request, 200);
  }
}

/** Ends the tasks that were unreachable with the agent, and tells their frameworks. */
function endUnreachableTasks(state: MasterState, id: AgentId): void {
  for (const [owner, tasks] of state.agents.unreachableTasks.get(id) ?? []) {
    const framework = state.frameworks.registered.get(owner);
    for (const task of tasks) {
      if (framework !== undefined) {
        endUnreachableTask(state, framework, task);
      }
    }
  }
  state.agents.unreachableTasks.delete(id);
}

function endUnreachableTask(
  state: MasterState,
  framework: Framework,
  id: Parameters<Framework['unreachableTasks']['get']>[0],
): void {
  const task = framework.unreachableTasks.get(id);
  if (task === undefined) {
    return;
  }
  const status = masterStatus(state, {
    taskId: id,
    agentId: task.agent_id.value,
    state: stateFor(framework, TaskState.TASK_GONE_BY_OPERATOR),
    reason: framework.capabilities.partitionAware
      ? TaskStatus_Reason.REASON_AGENT_REMOVED_BY_OPERATOR
      : TaskStatus_Reason.REASON_AGENT_REMOVED,
    message: MESSAGE,
  });
  updateTask(state, task, status);
  sendStatus(state, framework, ofExecutor(status, task));
  framework.unreachableTasks.delete(id);
  framework.completedTasks.push(task);
}
