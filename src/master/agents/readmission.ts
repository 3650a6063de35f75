// The readmission of an agent that registers again and that this master does not have: it was in
// the registry since the start, had become unreachable, or was registered with another master.
import { agentCapabilities } from '../../model/capabilities.ts';
import type { ReregisterAgentMessage } from '../../model/generated/messages.ts';
import { type AgentId, agentId, frameworkId } from '../../model/ids.ts';
import { parsePid } from '../../model/pid.ts';
import { tellAgentOfFramework } from '../frameworks/frameworks.ts';
import { settleOwner } from '../frameworks/owners.ts';
import { sendToAgent } from '../outbox.ts';
import type { MasterState } from '../state.ts';
import { killDuplicates, partDuplicates } from '../tasks/duplicates.ts';
import { acknowledgeAgain, tellOfReturn, withoutAcknowledged } from './adopt-uncounted.ts';
import { addAgent, connectionMessage, createAgent } from './agents.ts';
import { deactivateAgent } from './disconnection.ts';
import { continueDrain } from './draining.ts';

/**
 * Registers an agent that this master does not have: it was in the registry, unreachable, or with
 * another master.
 */
export function readmitAgent(
  state: MasterState,
  pid: string,
  message: ReregisterAgentMessage,
): void {
  const { agents } = state;
  const id = agentId(message.agent.id?.value ?? '');
  const wasRecovered = agents.recovered.has(id);
  const wasUnreachable = agents.unreachable.has(id);
  for (const info of message.frameworks ?? []) {
    settleOwner(state, info, { id, ip: parsePid(pid)?.host, wasRecovered });
  }
  const isOurs = (owner: string | undefined) =>
    !state.frameworks.completed.has(frameworkId(owner ?? ''));
  const { tasks, acknowledged } = withoutAcknowledged(
    state,
    (message.tasks ?? []).filter(({ framework_id }) => isOurs(framework_id.value)),
  );
  const executors = (message.executor_infos ?? []).filter((it) => isOurs(it.framework_id?.value));
  const { own, duplicates } = partDuplicates(state, { id }, tasks);
  if (!wasRecovered) {
    tellOfReturn(state, own, { wasUnreachable });
  }
  forgetUnreachableTasks(state, id);
  agents.recovered.delete(id);
  agents.removed.delete(id);
  agents.unreachable.delete(id);
  agents.lost.delete(id);
  const agent = createAgent(state, pid, message.agent, {
    version: message.version ?? '',
    capabilities: agentCapabilities(message.agent_capabilities),
    checkpointed: message.checkpointed_resources ?? [],
    resourceVersion: message.resource_version_uuid,
  });
  agent.reregisteredMs = state.nowMs;
  state.counters.values.slave_reregistrations++;
  addAgent(state, agent, { tasks, executors });
  rememberCompleted(state, message);
  if (agents.deactivated.has(id)) {
    deactivateAgent(state, agent);
  }
  continueDrain(state, agent);
  sendToAgent(state, agent, 'AgentReregisteredMessage', {
    agent_id: { value: id },
    connection: connectionMessage(state),
  });
  acknowledgeAgain(state, agent, acknowledged);
  killDuplicates(state, agent, duplicates);
  for (const info of message.frameworks ?? []) {
    const owner = frameworkId(info.id?.value ?? '');
    const framework = state.frameworks.registered.get(owner);
    if (framework !== undefined) {
      tellAgentOfFramework(state, agent, framework);
    } else if (state.frameworks.completed.has(owner)) {
      sendToAgent(state, agent, 'ShutdownFrameworkMessage', { framework_id: { value: owner } });
    }
  }
}

/**
 * Forgets the tasks that became unreachable with the agent: those that it has not brought back do
 * not exist any more.
 */
export function forgetUnreachableTasks(state: MasterState, id: AgentId): void {
  const byFramework = state.agents.unreachableTasks.get(id);
  for (const [owner, tasks] of byFramework ?? []) {
    const framework = state.frameworks.registered.get(owner);
    for (const task of tasks) {
      framework?.unreachableTasks.delete(task);
    }
  }
  state.agents.unreachableTasks.delete(id);
}

function rememberCompleted(state: MasterState, message: ReregisterAgentMessage): void {
  for (const { framework_info, tasks } of message.completed_frameworks ?? []) {
    const framework = state.frameworks.registered.get(frameworkId(framework_info.id?.value ?? ''));
    for (const task of tasks ?? []) {
      framework?.completedTasks.push(task);
    }
  }
}
