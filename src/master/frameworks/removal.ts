// How frameworks end: torn down, or away for longer than their failover timeout. All that they hold
// is free at once. Of the ends of their tasks only the operator API's event stream tells.
import {
  type Task,
  TaskState,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { agentId, type FrameworkId } from '../../model/ids.ts';
import { drainIfIdle } from '../agents/draining.ts';
import { countTaskEnds } from '../metrics/counters.ts';
import { keepCalls } from '../metrics/principal-calls.ts';
import { orphanOperations } from '../operations/operations.ts';
import { publishFrameworkRemoved } from '../operators/subscribers.ts';
import { clearTimer, log, sendToAgent } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';
import { masterStatus } from '../tasks/status-updates.ts';
import { dropTasks, removeExecutor, removeTask, updateTask } from '../tasks/tasks.ts';
import { closeConnection } from './connection.ts';
import { agentsOf, deactivate, failoverTimer } from './frameworks.ts';

/** A framework that has not come back within its failover timeout ends. */
export function failoverTimedOut(state: MasterState, id: FrameworkId): void {
  const framework = state.frameworks.registered.get(id);
  if (framework?.state === 'disconnected') {
    removeFramework(state, framework);
  }
}

/** Ends a framework and all it runs. Its id is refused for as long as it is remembered. */
export function removeFramework(state: MasterState, framework: Framework): void {
  deactivate(state, framework, { rescind: false });
  // Apache Mesos sends this to every agent; here only agents that have something of the framework
  // get it.
  const agents = agentsOf(state, framework);
  for (const agent of agents) {
    sendToAgent(state, agent, 'ShutdownFrameworkMessage', { framework_id: framework.idMessage });
  }
  // The allocator forgets all that the framework holds at once, and takes no notice of what tasks
  // give back below.
  state.allocator.removeFramework(framework.id);
  endTasks(state, framework);
  for (const agent of agents) {
    for (const duplicate of [...(agent.tasks.get(framework.id)?.values() ?? [])]) {
      removeTask(state, agent, duplicate);
    }
  }
  for (const [id, executors] of [...framework.executors]) {
    const agent = state.agents.registered.get(id);
    for (const executor of [...executors.keys()]) {
      if (agent !== undefined) {
        removeExecutor(state, agent, framework.id, executor);
      }
    }
  }
  orphanOperations(framework);
  closeConnection(state, framework);
  clearTimer(state, failoverTimer(framework));
  framework.state = 'disconnected';
  framework.unregisteredMs = state.nowMs;
  state.frameworks.registered.delete(framework.id);
  keepCalls(state, framework);
  state.frameworks.sums.forget(framework.id);
  state.frameworks.completed.set(framework.id, framework);
  log(state, 'info', `Removed framework ${framework.id} (${framework.info.name})`);
  publishFrameworkRemoved(state, framework);
  for (const agent of agents) {
    // In Apache Mesos an agent whose last task went in this way stays draining until it reports
    // again.
    drainIfIdle(state, agent);
  }
}

/**
 * Ends all tasks of the framework. Where there are more than its history keeps, the first are
 * counted only, and get no record: the history would forget it at once.
 */
function endTasks(state: MasterState, framework: Framework): void {
  const { completedTasks, unreachableTasks } = framework;
  const killed = {
    state: TaskState.TASK_KILLED,
    reason: TaskStatus_Reason.REASON_FRAMEWORK_REMOVED,
    message: `Framework ${framework.id} removed`,
  };
  const statusOf = (task: Task) =>
    masterStatus(state, { taskId: task.task_id.value, agentId: task.agent_id.value, ...killed });
  const all = framework.tasks.size + unreachableTasks.size;
  const surplus = Math.min(framework.tasks.size, all - completedTasks.limit);
  if (surplus > 0) {
    const ended = dropTasks(state, framework, surplus, { end: killed.state, statusOf });
    countTaskEnds(state.counters, { ...killed, source: TaskStatus_Source.SOURCE_MASTER }, ended);
  }
  for (const task of [...framework.tasks.values()]) {
    updateTask(state, task, statusOf(task));
    const agent = state.agents.registered.get(agentId(task.agent_id.value));
    if (agent !== undefined) {
      removeTask(state, agent, task);
    }
  }
  for (const [id, task] of [...unreachableTasks]) {
    updateTask(state, task, statusOf(task));
    unreachableTasks.delete(id);
    completedTasks.push(task);
  }
}
