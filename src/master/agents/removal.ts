// How agents end: disconnected, unreachable, removed, gone. The change is stored first; then the
// tasks that ran on the agent end, and their frameworks are told.
import {
  type AgentInfo,
  OperationState,
  SchedulerEvent_Type,
  type Task,
  TaskState,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { type AgentId, agentId, taskId } from '../../model/ids.ts';
import type { ContinuationOf } from '../continuation.ts';
import { countTaskEnds } from '../metrics/counters.ts';
import { rescindAgentOffers } from '../offers/offers.ts';
import { endOperations } from '../operations/operations.ts';
import { publishAgentRemoved } from '../operators/subscribers.ts';
import { clearTimer, log, nowNs, sendToAgent, sendToFramework, setTimer } from '../outbox.ts';
import { isStoring, store } from '../registrar.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import { isDuplicate } from '../tasks/duplicates.ts';
import { masterStatus, ofExecutor, sendStatus, stateFor } from '../tasks/status-updates.ts';
import { dropTask, removeExecutor, removeTask, updateTask } from '../tasks/tasks.ts';
import type { MasterTimer } from '../timers.ts';
import { holdingsOf } from './holdings.ts';
import { unlinkAgent } from './links.ts';
import { stopPings } from './pings.ts';

const reregisterTimer = (id: AgentId): MasterTimer => `reregister/${id}`;

/** The connection to an address is gone, and with it to all agents behind it. */
export function linkLost(state: MasterState, address: string): void {
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
  setTimer(state, reregisterTimer(agent.id), state.options.agentReregisterTimeoutMs);
}

export function cancelReregistration(state: MasterState, agent: Agent): void {
  clearTimer(state, reregisterTimer(agent.id));
}

/** No more offers of it; those that are out are taken back. */
export function deactivateAgent(state: MasterState, agent: Agent): void {
  agent.active = false;
  state.allocator.deactivateAgent(agent.id);
  rescindAgentOffers(state, agent);
}

/** Without checkpointing nothing of the framework survives a restart of the agent. */
function loseFramework(state: MasterState, agent: Agent, framework: Framework): void {
  const ended = endTasks(state, agent, framework, {
    state: TaskState.TASK_LOST,
    reason: TaskStatus_Reason.REASON_AGENT_DISCONNECTED,
    message: `Agent ${agent.info.hostname} disconnected`,
  });
  for (const holding of holdingsOf(state, agent, { executors: [], tasks: ended })) {
    state.allocator.recover({ ...holding, wasUsed: true });
  }
  for (const executor of [...(agent.executors.get(framework.id)?.keys() ?? [])]) {
    removeExecutor(state, agent, framework.id, executor);
  }
}

interface End {
  readonly state: TaskState;
  readonly reason: TaskStatus_Reason;
  readonly message: string;
  readonly unreachableSinceNs?: bigint | undefined;
  /** The tasks may come back: they are kept aside instead of completed. */
  readonly unreachable?: boolean | undefined;
}

/**
 * Each end is told to the framework. Of many, its history keeps the last few: the others are
 * counted, and get no record that would be forgotten at once. Answers the tasks that ran until now,
 * whose resources are still to be given back.
 */
function endTasks(state: MasterState, agent: Agent, framework: Framework, end: End): Task[] {
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

/** True while some other change of the agent is on its way to the registry. */
const isChanging = (state: MasterState, id: AgentId) =>
  isStoring(state, 'agentReregistered', id) ||
  isStoring(state, 'agentUnreachable', id) ||
  isStoring(state, 'agentRemoved', id) ||
  isStoring(state, 'agentGone', id);

export function markUnreachable(
  state: MasterState,
  info: AgentInfo,
  options: { readonly duringRecovery: boolean; readonly message: string },
): void {
  const id = agentId(info.id?.value ?? '');
  const { agents } = state;
  const isThere = options.duringRecovery ? agents.recovered.has(id) : agents.registered.has(id);
  if (!isThere || isChanging(state, id) || agents.gone.has(id)) {
    return;
  }
  const sinceNs = nowNs(state);
  log(state, 'info', `Marking agent ${id} (${info.hostname}) unreachable: ${options.message}`);
  store(state, [{ type: 'markUnreachable', id, sinceNs }], {
    type: 'agentUnreachable',
    id,
    sinceNs,
    ...options,
  });
}

export function agentUnreachable(
  state: MasterState,
  { id, sinceNs, duringRecovery, message }: ContinuationOf<'agentUnreachable'>,
): void {
  const { agents } = state;
  agents.unreachable.set(id, sinceNs);
  state.counters.values.slave_removals++;
  state.counters.values['slave_removals/reason_unhealthy']++;
  if (duringRecovery) {
    agents.recovered.delete(id);
    agents.room.leave(id);
    state.counters.values.recovery_slave_removals++;
    tellOfLostAgent(state, id);
    return;
  }
  const agent = agents.registered.get(id);
  if (agent !== undefined) {
    loseAgent(state, agent, { unreachableSinceNs: sinceNs, message });
  }
}

/** Takes a registered agent, whose fate is stored, out of everything. */
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
  // With all that is held there: what tasks and offers give back one by one is not looked at any
  // more.
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
  forgetAgent(state, agent);
}

/** An agent that is known to be at its end: it said so, or another took its place. */
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

export function agentRemoved(
  state: MasterState,
  { id, cause, reason }: ContinuationOf<'agentRemoved'>,
): void {
  const { agents } = state;
  const agent = agents.registered.get(id);
  if (agent === undefined) {
    // A drain that marks its agent gone came to its end meanwhile.
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
  // As in Mesos, readers of the event stream hear of this end only: not of agents that became
  // unreachable and may come back, nor of those that an operator declared gone.
  publishAgentRemoved(state, agent);
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
  agents.removed.set(agent.id, true);
  stopPings(state, agent);
  cancelReregistration(state, agent);
  tellOfLostAgent(state, agent.id);
}

/** Every framework hears of every agent that is lost. */
function tellOfLostAgent(state: MasterState, id: AgentId): void {
  for (const framework of state.frameworks.registered.values()) {
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.FAILURE,
      failure: { agent_id: { value: id } },
    });
  }
}

/** UnregisterAgent: only from the agent itself. */
export function unregisterAgent(state: MasterState, pid: string, id: AgentId): void {
  state.counters.values.messages_unregister_slave++;
  const agent = state.agents.registered.get(id);
  if (agent?.pid === pid) {
    removeAgent(state, agent, 'the agent unregistered', 'unregistered');
  }
}

/** Tells an agent that the master does not want to go away, which ends its tasks too. */
export function shutDownAgent(state: MasterState, agent: Agent, message: string): void {
  sendToAgent(state, agent, 'ShutdownMessage', { message });
}
