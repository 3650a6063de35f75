// Agents that are disconnected: their connection is lost, and they may register again. Until then
// they get no offers, and what needs checkpointing to outlast a restart of the agent has ended.
import { TaskState, TaskStatus_Reason } from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import { rescindAgentOffers } from '../offers/rescind.ts';
import { publishAgentUpdated } from '../operators/subscribers.ts';
import { clearTimer, log, setTimer } from '../outbox.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import { dropExecutor } from '../tasks/tasks.ts';
import type { MasterTimer } from '../timers.ts';
import { holdingsOf } from './holdings.ts';
import { endTasks } from './task-ends.ts';

const reregisterTimer = (id: AgentId): MasterTimer => `reregister/${id}`;

/** The connection to an address is lost, and with it that of every agent at the address. */
export function linkLost(state: MasterState, address: string): void {
  state.authentication.processes.removeAddress(address);
  for (const agent of [...(state.agents.byAddress.get(address) ?? [])]) {
    disconnectAgent(state, agent);
  }
}

function disconnectAgent(state: MasterState, agent: Agent): void {
  if (!agent.connected) {
    return;
  }
  log(state, 'info', `Agent ${agent.id} at ${agent.pid} disconnected`);
  agent.connected = false;
  deactivateAgent(state, agent);
  for (const owner of new Set([...agent.tasks.keys(), ...agent.executors.keys()])) {
    const framework = state.frameworks.registered.get(owner);
    if (framework !== undefined && framework.info.checkpoint !== true) {
      loseFramework(state, agent, framework);
    }
  }
  publishAgentUpdated(state, agent);
  setTimer(state, reregisterTimer(agent.id), state.options.agentReregisterTimeoutMs);
}

/** The agent need not register again any more: it has, or it is removed. */
export function cancelReregistration(state: MasterState, agent: Agent): void {
  clearTimer(state, reregisterTimer(agent.id));
}

/** The agent gets no more offers, and those that frameworks have of it are rescinded. */
export function deactivateAgent(state: MasterState, agent: Agent): void {
  agent.active = false;
  state.allocator.deactivateAgent(agent.id);
  rescindAgentOffers(state, agent);
}

/**
 * A framework without checkpointing loses its tasks and executors on the agent: they do not outlast
 * a restart of the agent.
 */
function loseFramework(state: MasterState, agent: Agent, framework: Framework): void {
  const ended = endTasks(state, agent, framework, {
    state: TaskState.TASK_LOST,
    reason: TaskStatus_Reason.REASON_AGENT_DISCONNECTED,
    message: `Agent ${agent.info.hostname} disconnected`,
  });
  const owner = framework.id;
  const lost = [...(agent.executors.get(owner)?.values() ?? [])];
  const executors = lost.map((info) => ({ owner, info }));
  for (const holding of holdingsOf(state, agent, { executors, tasks: ended })) {
    state.allocator.recover({ ...holding, wasUsed: true });
  }
  for (const info of lost) {
    dropExecutor(state, agent, owner, info);
  }
}
