// The reconnection of a registered agent that registers again: what it lists is compared with the
// master's state, and the differences are settled.
import { agentCapabilities } from '../../model/capabilities.ts';
import {
  type ExecutorInfo,
  type ReconcileTasksMessage,
  type ReregisterAgentMessage,
  type Task,
  type TaskStatus,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { executorId, type FrameworkId, frameworkId } from '../../model/ids.ts';
import { isTerminalOperation } from '../../model/operation-state.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import { needsCheckpoint } from '../../model/resource-format.ts';
import { isTerminal } from '../../model/task-state.ts';
import { recoverFramework, tellAgentOfFramework } from '../frameworks/frameworks.ts';
import { rescindAgentOffers } from '../offers/rescind.ts';
import { doubtOperations, removeOperation, sendCheckpoint } from '../operations/operations.ts';
import { publishAgentUpdated } from '../operators/subscribers.ts';
import { sendToAgent } from '../outbox.ts';
import type { Agent, MasterState } from '../state.ts';
import { killAgain } from '../tasks/kill.ts';
import { removeExecutor } from '../tasks/tasks.ts';
import { executorIds } from '../validation/reregistration.ts';
import { adoptUncounted } from './adopt-uncounted.ts';
import { agentTerms, connectionMessage, totalResources } from './agents.ts';
import { cancelReregistration } from './disconnection.ts';
import { continueDrain } from './draining.ts';
import { linkAgent, unlinkAgent } from './links.ts';

/** A registered agent registers again: what it lists is compared with the master's state. */
export function reconnectAgent(
  state: MasterState,
  agent: Agent,
  pid: string,
  { message, isOld }: { readonly message: ReregisterAgentMessage; readonly isOld: boolean },
): void {
  if (agent.reregistrationRequested === true) {
    agent.reregistrationRequested = false;
    // It was asked after it had told of these.
    agent.uncounted = undefined;
  }
  agent.hasListed = false;
  doubtOperations(agent);
  movePid(state, agent, pid);
  const before = agent.total;
  updateDescription(state, agent, message);
  agent.reregisteredMs = state.nowMs;
  if (!state.algebra.equal(before, agent.total)) {
    // Offered resources may have changed: an operation was lost on its way.
    rescindAgentOffers(state, agent);
  }
  state.allocator.updateAgent(agent.id, agentTerms(agent));
  reconcileAgent(state, agent, message);
  const wasAway = !agent.connected;
  if (wasAway) {
    cancelReregistration(state, agent);
    agent.connected = true;
    if (!state.agents.deactivated.has(agent.id)) {
      agent.active = true;
      state.allocator.activateAgent(agent.id);
    }
  }
  publishAgentUpdated(state, agent);
  continueDrain(state, agent);
  for (const info of message.frameworks ?? []) {
    const owner = frameworkId(info.id?.value ?? '');
    const framework = state.frameworks.registered.get(owner);
    if (framework !== undefined) {
      tellAgentOfFramework(state, agent, framework);
    } else if (!state.frameworks.completed.has(owner)) {
      recoverFramework(state, info, parsePid(pid)?.host);
    }
  }
  adoptUncounted(state, agent, message, { wasAway, isOld: isOld && !wasAway });
  if (!agent.capabilities.resourceProvider) {
    sendCheckpoint(state, agent);
  }
}

function movePid(state: MasterState, agent: Agent, pid: string): void {
  if (agent.pid !== pid) {
    state.agents.byPid.delete(agent.pid);
    agent.pid = pid;
    state.agents.byPid.set(pid, agent);
  }
  unlinkAgent(state, agent);
  const parsed = parsePid(pid);
  agent.address = parsed === undefined ? '' : addressOf(parsed);
  linkAgent(state, agent);
}

function updateDescription(
  state: MasterState,
  agent: Agent,
  message: ReregisterAgentMessage,
): void {
  const capabilities = agentCapabilities(message.agent_capabilities);
  if (agent.capabilities.operationFeedback && !capabilities.operationFeedback) {
    dropUnacknowledged(state, agent);
  }
  const checkpointed = agent.capabilities.resourceProvider
    ? (message.checkpointed_resources ?? [])
    : agent.total.filter(needsCheckpoint);
  agent.info = message.agent;
  agent.version = message.version ?? '';
  agent.capabilities = capabilities;
  agent.resourceVersion = message.resource_version_uuid;
  agent.total = totalResources(state, agent.info, checkpointed);
}

/**
 * An agent that was downgraded cannot report ended operations any more, so no framework will
 * acknowledge them.
 */
function dropUnacknowledged(state: MasterState, agent: Agent): void {
  for (const operation of [...(agent.operations?.values() ?? [])]) {
    const { latest_status, info } = operation;
    if (info.id !== undefined && isTerminalOperation(latest_status.state)) {
      removeOperation(state, agent, operation);
    }
  }
}

function reconcileAgent(state: MasterState, agent: Agent, message: ReregisterAgentMessage): void {
  sendToAgent(state, agent, 'AgentReregisteredMessage', {
    agent_id: { value: agent.id },
    connection: connectionMessage(state),
    ...withReconciliations(missingTasks(state, agent, message.tasks ?? [])),
  });
  removeMissingExecutors(state, agent, message.executor_infos ?? []);
  for (const task of message.tasks ?? []) {
    if (!isTerminal(task.state)) {
      killAgain(state, agent, task);
    }
  }
  for (const { id } of message.frameworks ?? []) {
    if (id !== undefined && state.frameworks.completed.has(frameworkId(id.value))) {
      sendToAgent(state, agent, 'ShutdownFrameworkMessage', { framework_id: id });
    }
  }
}

const withReconciliations = (reconciliations: ReconcileTasksMessage[]) =>
  reconciliations.length === 0 ? {} : { reconciliations };

/**
 * Tasks of the master's that the agent does not list: the agent is asked about them, and answers
 * with their ends.
 */
function missingTasks(
  state: MasterState,
  agent: Agent,
  tasks: readonly Task[],
): ReconcileTasksMessage[] {
  const there = new Map<FrameworkId, Set<string>>();
  for (const task of tasks) {
    const owner = frameworkId(task.framework_id.value);
    const ids = there.get(owner) ?? new Set();
    ids.add(task.task_id.value);
    there.set(owner, ids);
  }
  const reconciliations: ReconcileTasksMessage[] = [];
  for (const [owner, own] of agent.tasks) {
    const statuses: TaskStatus[] = [];
    for (const [id, task] of own) {
      if (there.get(owner)?.has(id) !== true) {
        statuses.push({
          task_id: task.task_id,
          agent_id: task.agent_id,
          state: task.status_update_state ?? task.state,
          source: TaskStatus_Source.SOURCE_MASTER,
          message: 'Reconciliation request',
          reason: TaskStatus_Reason.REASON_RECONCILIATION,
          timestamp: state.nowMs / 1000,
        });
      }
    }
    const framework = state.frameworks.registered.get(owner);
    if (statuses.length > 0 && framework !== undefined) {
      reconciliations.push({
        framework_id: framework.idMessage,
        statuses,
        framework: framework.info,
      });
    }
  }
  return reconciliations;
}

function removeMissingExecutors(
  state: MasterState,
  agent: Agent,
  executors: readonly ExecutorInfo[],
): void {
  const there = executorIds(executors);
  for (const [owner, own] of [...agent.executors]) {
    for (const id of [...own.keys()]) {
      if (there.get(owner)?.has(id) !== true) {
        removeExecutor(state, agent, owner, executorId(id));
      }
    }
  }
}
