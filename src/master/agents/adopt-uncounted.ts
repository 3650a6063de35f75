// Tasks and executors that a registered agent has and the master does not count. The master gave
// them up when the agent was disconnected, or their launch reached the agent only after it had
// registered again without them. Apache Mesos never counts them, and offers what they use to other
// frameworks.
import type { Holding } from '../../core/interface.ts';
import {
  type ExecutorInfo,
  type ReregisterAgentMessage,
  type Task,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { sameBytes } from '../../model/identifier.ts';
import { executorId, type FrameworkId, frameworkId, taskId } from '../../model/ids.ts';
import { withoutAllocation } from '../../model/resource-format.ts';
import { isTerminal } from '../../model/task-state.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { rescindAgentOffers } from '../offers/rescind.ts';
import { log, sendToAgent } from '../outbox.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import { killDuplicates, partDuplicates } from '../tasks/duplicates.ts';
import { describeTask, masterStatus, sendStatus } from '../tasks/status-updates.ts';
import { addExecutor, addTask } from '../tasks/tasks.ts';
import { holdingsOf } from './holdings.ts';
import { requestReregistration } from './request-reregistration.ts';

interface Uncounted {
  readonly executors: readonly { readonly owner: FrameworkId; readonly info: ExecutorInfo }[];
  readonly tasks: readonly Task[];
}

/**
 * Takes over the tasks and executors that an agent lists and the master does not count. While an
 * agent is disconnected its resources are offered to no framework. An agent that was connected may
 * have been offered meanwhile, and its list may be older than its latest updates: a task that does
 * not fit any more is killed. An agent whose list is old, or was taken over while it was connected,
 * is asked for another list.
 */
export function adoptUncounted(
  state: MasterState,
  agent: Agent,
  message: ReregisterAgentMessage,
  options: { readonly wasAway: boolean; readonly isOld: boolean },
): void {
  const uncounted = uncountedOf(state, agent, message);
  if (uncounted.executors.length + uncounted.tasks.length === 0) {
    return;
  }
  if (options.isOld) {
    requestReregistration(state, agent);
    return;
  }
  rescindAgentOffers(state, agent);
  const held = holdingsOf(state, agent, uncounted);
  if (!fits(state, agent, held)) {
    end(state, agent, uncounted);
    return;
  }
  enter(state, agent, uncounted, held);
  if (!options.wasAway) {
    requestReregistration(state, agent);
  }
}

function uncountedOf(
  { frameworks: { registered } }: MasterState,
  agent: Agent,
  message: ReregisterAgentMessage,
): Uncounted {
  const executors = (message.executor_infos ?? [])
    .map((info) => ({ owner: frameworkId(info.framework_id?.value ?? ''), info }))
    .filter(
      ({ owner, info }) =>
        registered.has(owner) &&
        agent.executors.get(owner)?.has(executorId(info.executor_id.value)) !== true,
    );
  const tasks = (message.tasks ?? []).filter((task) => {
    const owner = frameworkId(task.framework_id.value);
    const isKnown = agent.tasks.get(owner)?.has(taskId(task.task_id.value)) === true;
    return registered.has(owner) && !isKnown && !isTerminal(task.state);
  });
  return { executors, tasks };
}

function fits(state: MasterState, agent: Agent, held: readonly Holding[]): boolean {
  const resources = held.map((holding) =>
    holding.resources.filter(({ shared }) => shared === undefined).map(withoutAllocation),
  );
  const free = ask(state, (allocator) => allocator.free(agent.id)).map(withoutAllocation);
  return state.algebra.contains(free, state.algebra.sum(resources));
}

function enter(
  state: MasterState,
  agent: Agent,
  { executors, tasks }: Uncounted,
  held: readonly Holding[],
): void {
  const { registered } = state.frameworks;
  const { own, duplicates } = partDuplicates(state, agent, tasks);
  for (const { owner, info } of executors) {
    addExecutor(agent, registered.get(owner), info);
  }
  for (const task of tasks) {
    addTask(state, agent, registered.get(frameworkId(task.framework_id.value)), task);
  }
  killDuplicates(state, agent, duplicates);
  state.allocator.addResourceProvider(agent.id, [], held);
  tellOfReturn(state, own, { wasUnreachable: false });
}

function end(state: MasterState, agent: Agent, { executors, tasks }: Uncounted): void {
  log(state, 'warn', `Ending what agent ${agent.id} runs uncounted: its resources went to others`);
  for (const { framework_id, task_id } of tasks) {
    sendToAgent(state, agent, 'KillTaskMessage', { framework_id, task_id });
  }
  for (const { owner, info } of executors) {
    sendToAgent(state, agent, 'ShutdownExecutorMessage', {
      framework_id: { value: owner },
      executor_id: info.executor_id,
    });
  }
}

/** Tells frameworks that tasks which they know as lost are back. */
export function tellOfReturn(
  state: MasterState,
  tasks: readonly Task[],
  { wasUnreachable }: { readonly wasUnreachable: boolean },
): void {
  forgetEnds(state, tasks);
  for (const task of tasks) {
    const framework = state.frameworks.registered.get(frameworkId(task.framework_id.value));
    if (framework === undefined) {
      continue;
    }
    const id = taskId(task.task_id.value);
    const status = masterStatus(state, {
      taskId: id,
      agentId: task.agent_id.value,
      state: task.state,
      reason: TaskStatus_Reason.REASON_AGENT_REREGISTERED,
      message: wasUnreachable ? 'Unreachable agent re-reregistered' : 'Unknown agent reregistered',
    });
    sendStatus(state, framework, describeTask(status, task));
  }
}

/** Takes tasks out of the histories of their frameworks, in one pass over each history. */
function forgetEnds({ frameworks: { registered } }: MasterState, tasks: readonly Task[]): void {
  const back = new Map<Framework, Set<string>>();
  for (const { framework_id, task_id } of tasks) {
    const framework = registered.get(frameworkId(framework_id.value));
    if (framework !== undefined) {
      const ids = back.get(framework) ?? new Set();
      back.set(framework, ids.add(task_id.value));
      framework.unreachableTasks.delete(taskId(task_id.value));
    }
  }
  for (const [{ completedTasks }, ids] of back) {
    completedTasks.remove(({ task_id }) => ids.has(task_id.value));
  }
}

/**
 * Tasks that an agent lists, without the tasks whose end is acknowledged and only the agent has not
 * heard so.
 */
export function withoutAcknowledged(
  { frameworks: { registered } }: MasterState,
  listed: readonly Task[],
): { readonly tasks: readonly Task[]; readonly acknowledged: readonly Task[] } {
  const isAcknowledged = ({ framework_id, task_id, state, status_update_uuid: uuid }: Task) => {
    if (!isTerminal(state) || uuid === undefined) {
      return false;
    }
    const ends = registered.get(frameworkId(framework_id.value))?.acknowledgedEnds;
    const end = ends?.get(taskId(task_id.value));
    return end !== undefined && sameBytes(end, uuid);
  };
  return {
    tasks: listed.filter((task) => !isAcknowledged(task)),
    acknowledged: listed.filter(isAcknowledged),
  };
}

/**
 * Sends acknowledgements of the ends of tasks again: they were lost with the connection, or are
 * slow.
 */
export function acknowledgeAgain(state: MasterState, agent: Agent, tasks: readonly Task[]): void {
  for (const { framework_id, task_id, status_update_uuid: uuid } of tasks) {
    if (uuid !== undefined) {
      sendToAgent(state, agent, 'StatusUpdateAcknowledgementMessage', {
        agent_id: { value: agent.id },
        framework_id,
        task_id,
        uuid,
      });
    }
  }
}
