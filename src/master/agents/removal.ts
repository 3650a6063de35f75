// Agents that end: removed, because they say so or another takes their place, or lost with the
// fate that unreachable.ts or gone.ts has stored. The change is stored first; then the tasks that
// ran on the agent end, and their frameworks are told.
import {
  OperationState,
  SchedulerEvent_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import type { ContinuationOf } from '../continuation.ts';
import { rescindAgentOffers } from '../offers/rescind.ts';
import { endOperations } from '../operations/operations.ts';
import { publishAgentLost, publishAgentRemoved } from '../operators/subscribers.ts';
import { log, sendToAgent, sendToFramework, tellDisbelief } from '../outbox.ts';
import { isStoring, store } from '../registrar.ts';
import type { Agent, MasterState } from '../state.ts';
import { stateFor } from '../tasks/status-updates.ts';
import { removeExecutor } from '../tasks/tasks.ts';
import { cancelReregistration } from './disconnection.ts';
import { unlinkAgent } from './links.ts';
import { rememberLost } from './lost.ts';
import { stopPings } from './pings.ts';
import { endTasks } from './task-ends.ts';

/** True while a change of the agent is on its way to the registry. */
export const isChanging = (state: MasterState, id: AgentId) =>
  isStoring(state, 'agentReregistered', id) ||
  isStoring(state, 'agentUnreachable', id) ||
  isStoring(state, 'agentRemoved', id) ||
  isStoring(state, 'agentGone', id);

/**
 * Takes a registered agent out of the master's state: the registry holds that it is unreachable, or
 * gone where there is no `unreachableSinceNs`.
 */
export function loseAgent(
  state: MasterState,
  agent: Agent,
  fate: { readonly unreachableSinceNs?: bigint; readonly message: string },
): void {
  const isGone = fate.unreachableSinceNs === undefined;
  endOperations(
    state,
    agent,
    isGone ? OperationState.OPERATION_GONE_BY_OPERATOR : OperationState.OPERATION_UNREACHABLE,
    isGone ? 'Agent has been marked gone' : 'Agent was marked unreachable',
  );
  // The allocator forgets all that is held there with the agent, and takes no notice of what tasks
  // and offers give back below.
  state.allocator.removeAgent(agent.id);
  for (const owner of [...agent.tasks.keys()]) {
    const framework = state.frameworks.registered.get(owner);
    if (framework !== undefined) {
      const { partitionAware } = framework.capabilities;
      const goneForGood = isGone && partitionAware;
      endTasks(state, agent, framework, {
        state: stateFor(
          framework,
          isGone ? TaskState.TASK_GONE_BY_OPERATOR : TaskState.TASK_UNREACHABLE,
        ),
        reason: goneForGood
          ? TaskStatus_Reason.REASON_AGENT_REMOVED_BY_OPERATOR
          : TaskStatus_Reason.REASON_AGENT_REMOVED,
        message: fate.message,
        unreachableSinceNs: fate.unreachableSinceNs,
        unreachable: !goneForGood,
      });
    }
  }
  const { info } = agent;
  rememberLost(state, agent.id, isGone ? { info } : { info, message: fate.message });
  forgetAgent(state, agent);
  publishAgentLost(state, agent.id);
}

/** Removes an agent that has ended: it said so, or another took its place. */
export function removeAgent(
  state: MasterState,
  agent: Agent,
  cause: string,
  reason?: 'registered' | 'unregistered',
): void {
  const { id } = agent;
  if (isChanging(state, id)) {
    return;
  }
  log(state, 'info', `Removing agent ${id} at ${agent.pid}: ${cause}`);
  store(state, [{ type: 'removeAgent', id }], { type: 'agentRemoved', id, cause, reason });
}

/** The registry holds that the agent is removed. */
export function agentRemoved(
  state: MasterState,
  { id, cause, reason }: ContinuationOf<'agentRemoved'>,
): void {
  const { agents } = state;
  const agent = agents.registered.get(id);
  if (agent === undefined) {
    // The agent's drain has ended meanwhile, which marked it gone.
    return;
  }
  state.counters.values.slave_removals++;
  if (reason !== undefined) {
    state.counters.values[`slave_removals/reason_${reason}`]++;
  }
  state.allocator.removeAgent(agent.id);
  for (const owner of [...agent.tasks.keys()]) {
    const framework = state.frameworks.registered.get(owner);
    if (framework !== undefined) {
      endTasks(state, agent, framework, {
        state: TaskState.TASK_LOST,
        reason: TaskStatus_Reason.REASON_AGENT_REMOVED,
        message: `Agent ${agent.info.hostname} removed: ${cause}`,
      });
    }
  }
  agents.draining.delete(id);
  agents.deactivated.delete(id);
  endOperations(state, agent, OperationState.OPERATION_GONE_BY_OPERATOR);
  forgetAgent(state, agent);
  // As in Mesos, the event stream has AGENT_REMOVED for a removed agent only, not for an agent that
  // is unreachable or gone.
  publishAgentRemoved(state, agent.id);
}

function forgetAgent(state: MasterState, agent: Agent): void {
  const { agents } = state;
  agent.connected = false;
  agent.active = false;
  for (const [owner, executors] of [...agent.executors]) {
    for (const executor of [...executors.keys()]) {
      removeExecutor(state, agent, owner, executor);
    }
  }
  rescindAgentOffers(state, agent);
  agents.registered.delete(agent.id);
  agents.room.leave(agent.id);
  if (agents.byPid.get(agent.pid) === agent) {
    agents.byPid.delete(agent.pid);
  }
  unlinkAgent(state, agent);
  state.authentication.processes.remove(agent.pid);
  agents.removed.set(agent.id, true);
  stopPings(state, agent);
  cancelReregistration(state, agent);
  tellOfLostAgent(state, agent.id);
}

/** Tells every framework that the agent is lost, whether it had tasks there or not. */
export function tellOfLostAgent(state: MasterState, id: AgentId): void {
  for (const framework of state.frameworks.registered.values()) {
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.FAILURE,
      failure: { agent_id: { value: id } },
    });
  }
}

/** UnregisterAgent, which counts only when it comes from the agent itself. */
export function unregisterAgent(state: MasterState, pid: string, id: AgentId): void {
  state.counters.values.messages_unregister_slave++;
  const agent = state.agents.registered.get(id);
  if (agent?.pid === pid) {
    removeAgent(state, agent, 'the agent unregistered', 'unregistered');
  } else if (agent !== undefined) {
    const why = `sender: the agent is at ${agent.pid}`;
    tellDisbelief(state, { claimed: pid, object: { agent: id }, why });
  }
}

/** Tells an agent to end with all its tasks. */
export function shutDownAgent(state: MasterState, agent: Agent, message: string): void {
  sendToAgent(state, agent, 'ShutdownMessage', { message });
}
