// The end of an executor: its tasks' updates say why, the master is told that it has exited, and it
// is completed when the last updates of its tasks are acknowledged.
import { TaskState, TaskStatus_Reason } from '../../model/generated/messages.ts';
import type { TaskId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { ContainerEnded } from '../events.ts';
import { clearTimer, emit, log } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { reportStatus } from '../tasks/status-update-source.ts';
import { agentStatus, droppedState } from '../tasks/task.ts';
import {
  type Executor,
  forgetStream,
  isCommandExecutor,
  removeExecutor,
  shutdownTimer,
  type Termination,
} from './executor.ts';
import { removeIfIdle } from './framework.ts';
import { rememberTask } from './history.ts';

export interface ExecutorExit {
  readonly framework: string;
  readonly executor: string;
  readonly waitStatus: number | undefined;
}

/** How an executor has ended, of a container or not. */
type End = Pick<
  ContainerEnded,
  'waitStatus' | 'failure' | 'reason' | 'isDropped' | 'limited' | 'awaited'
>;

const hasIncompleteTasks = (executor: Executor) =>
  executor.queued.size > 0 || executor.launched.size > 0 || executor.terminated.size > 0;

export function containerEnded(agent: AgentState, event: ContainerEnded): void {
  const executor = agent.containers.get(event.containerId);
  if (executor === undefined) {
    return;
  }
  if (event.failure !== undefined) {
    const whose = `executor ${executor.executorId} of framework ${executor.frameworkId}`;
    const cause = event.cause === undefined ? '' : ` (${event.cause})`;
    log(
      agent,
      'warn',
      `Container ${event.containerId} of ${whose} failed: ${event.failure}${cause}`,
    );
  }
  if (event.failure !== undefined && event.reason === undefined) {
    agent.counters.container_launch_errors++;
  }
  executorTerminated(agent, executor, event);
}

export function executorTerminated(agent: AgentState, executor: Executor, end: End): void {
  const { framework } = executor;
  if (executor.state === 'terminating') {
    clearTimer(agent, shutdownTimer(executor.containerId));
  }
  agent.counters.executors_terminated++;
  agent.containers.delete(executor.containerId);
  forgetStream(agent, executor);
  executor.state = 'terminated';
  if (framework.state === 'terminating') {
    // The framework is shut down: no scheduler takes updates of its tasks.
    for (const [id, task] of executor.launched) {
      executor.terminated.set(id, task);
    }
    executor.launched.clear();
  } else {
    reportTermination(agent, executor, end);
  }
  agent.ledger.release(executor.containerId);
  if (!isCommandExecutor(executor)) {
    sendExited(agent, executor.frameworkId, executor.executorId, end.waitStatus);
  }
  removeIfComplete(agent, executor);
}

function reportTermination(agent: AgentState, executor: Executor, end: End): void {
  const why = terminationOf(executor, end);
  const unfinished = [...executor.launched]
    .filter(([, task]) => !isTerminal(task.state))
    .map(([id]) => id);
  for (const taskId of [...unfinished, ...executor.queued.keys()]) {
    const status = agentStatus({
      taskId,
      ...why,
      executorId: executor.executorId,
      limited: end.limited,
    });
    reportStatus(agent, executor.framework, executor, status);
  }
}

function terminationOf(executor: Executor, end: End): Termination {
  const pending = executor.pendingTermination;
  if (pending !== undefined) {
    // What it waited for explains that it was late, and no other end.
    const { reason, message } = pending;
    const isLate = reason === TaskStatus_Reason.REASON_EXECUTOR_REGISTRATION_TIMEOUT;
    return isLate && end.awaited !== undefined
      ? { ...pending, message: `${message}: ${end.awaited}` }
      : pending;
  }
  if (end.failure === undefined) {
    return {
      state: TaskState.TASK_FAILED,
      reason: end.reason ?? TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
      message: 'Executor terminated',
    };
  }
  return end.reason === undefined
    ? {
        state: TaskState.TASK_FAILED,
        reason: TaskStatus_Reason.REASON_CONTAINER_LAUNCH_FAILED,
        message: `Failed to launch container: ${end.failure}`,
      }
    : {
        state:
          end.isDropped === true
            ? droppedState(executor.framework.partitionAware)
            : TaskState.TASK_FAILED,
        reason: end.reason,
        message: end.failure,
      };
}

/** Exits of executors that are kept while the agent is not registered. */
const MAX_EXITS = 1_000;

export function sendExited(
  agent: AgentState,
  framework: string,
  executor: string,
  waitStatus: number | undefined,
): void {
  const exit = { framework, executor, waitStatus };
  if (agent.phase !== 'running' && agent.exits.length < MAX_EXITS) {
    agent.exits.push(exit);
  }
  send(agent, exit);
}

/**
 * Tells the master, after a registration, of executors that have ended since: the registration may
 * name them as running.
 */
export function resumeExits(agent: AgentState): void {
  for (const exit of agent.exits.splice(0)) {
    send(agent, exit);
  }
}

function send(agent: AgentState, { framework, executor, waitStatus }: ExecutorExit): void {
  if (agent.master === undefined || agent.id === undefined) {
    return;
  }
  emit(agent, {
    type: 'sendToMaster',
    to: agent.master,
    message: {
      name: 'ExitedExecutorMessage',
      body: {
        agent_id: { value: agent.id },
        framework_id: { value: framework },
        executor_id: { value: executor },
        status: waitStatus ?? -1,
      },
    },
  });
}

/**
 * A terminated executor is forgotten when none of its updates waits for an acknowledgement that can
 * still come.
 */
function removeIfComplete(agent: AgentState, executor: Executor): void {
  const isUnwanted = agent.phase === 'terminating' || executor.framework.state === 'terminating';
  if (executor.state === 'terminated' && (isUnwanted || !hasIncompleteTasks(executor))) {
    removeExecutor(agent, executor);
    removeIfIdle(agent, executor.framework);
  }
}

/** Completes a task, whose last update is acknowledged. */
export function completeTask(agent: AgentState, executor: Executor, id: TaskId): void {
  const task = executor.terminated.get(id);
  if (task === undefined) {
    return;
  }
  executor.terminated.delete(id);
  executor.framework.tasks.delete(id);
  rememberTask(agent, executor, task);
  removeIfComplete(agent, executor);
}
