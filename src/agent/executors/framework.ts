// Frameworks that have, or had, something on this agent.

import { sameMessage } from '../../model/equality.ts';
import type {
  FrameworkInfo,
  ShutdownFrameworkMessage,
  UpdateFrameworkMessage,
} from '../../model/generated/messages.ts';
import type { ExecutorId, FrameworkId, TaskId } from '../../model/ids.ts';
import { frameworkId } from '../../model/ids.ts';
import { drained, stopIfIdle } from '../idle.ts';
import { log, persist, persistLater } from '../outbox.ts';
import { correctSoon } from '../registration/correction.ts';
import type { AgentState } from '../state.ts';
import { resendUpdates } from '../tasks/status-update-retries.ts';
import { dropStreams } from '../tasks/status-update-streams.ts';
import { isPartitionAware } from '../tasks/task.ts';
import { type Executor, hastenShutdown, removeExecutor, shutdownExecutor } from './executor.ts';
import { type FrameworkHistory, rememberFramework, takeHistory } from './history.ts';

export interface Framework {
  readonly id: FrameworkId;
  info: FrameworkInfo;
  partitionAware: boolean;
  /** Its executors outlive the agent. */
  checkpoint: boolean;
  /** terminating: its executors are shut down, and nothing is reported about them any more. */
  state: 'running' | 'terminating';
  /** A re-registration has told a master of it. */
  isReported: boolean;
  readonly executors: Map<ExecutorId, Executor>;
  /** Queued, launched and terminated tasks, until their last update is acknowledged. */
  readonly tasks: Map<TaskId, Executor>;
  /** The newest last. */
  readonly completed: Executor[];
  readonly history: FrameworkHistory;
}

export function addFramework(agent: AgentState, info: FrameworkInfo): Framework {
  const id = frameworkId(info.id?.value ?? '');
  const framework: Framework = {
    id,
    info,
    partitionAware: isPartitionAware(info),
    isReported: false,
    checkpoint: info.checkpoint ?? false,
    state: 'running',
    executors: new Map(),
    tasks: new Map(),
    ...takeHistory(agent, id),
  };
  agent.frameworks.set(id, framework);
  return framework;
}

/**
 * Moves a framework without executors to the completed ones. Updates of tasks that were refused may
 * still be on their way; they need no framework here to be acknowledged.
 */
export function removeIfIdle(agent: AgentState, framework: Framework): void {
  if (framework.executors.size > 0 || agent.frameworks.get(framework.id) !== framework) {
    return;
  }
  agent.frameworks.delete(framework.id);
  if (framework.state === 'terminating' && framework.isReported) {
    // Nothing was reported of the end of its tasks, which the master may still count.
    correctSoon(agent);
  }
  rememberFramework(agent, framework);
  if (framework.checkpoint) {
    persistLater(agent, { type: 'frameworkCompleted', frameworkId: framework.id });
  }
  drained(agent);
  stopIfIdle(agent);
}

export function frameworkShutdownAsked(agent: AgentState, body: ShutdownFrameworkMessage): void {
  if (agent.phase === 'recovering' || agent.phase === 'disconnected') {
    return;
  }
  const id = frameworkId(body.framework_id.value);
  const framework = agent.frameworks.get(id);
  if (framework !== undefined) {
    shutdownFramework(agent, framework);
  } else if (agent.updates.has(id)) {
    dropStreams(agent, id);
    correctSoon(agent);
  }
}

export function shutdownFramework(agent: AgentState, framework: Framework): void {
  if (framework.state === 'terminating') {
    return;
  }
  log(agent, 'info', `Shutting down framework ${framework.id}`);
  framework.state = 'terminating';
  dropStreams(agent, framework.id);
  for (const executor of [...framework.executors.values()]) {
    // The master offers it to others from now on, whose tasks must find room here.
    agent.ledger.release(executor.containerId);
    if (executor.state === 'terminated') {
      removeExecutor(agent, executor);
    } else if (executor.state === 'terminating') {
      hastenShutdown(agent, executor);
    } else {
      shutdownExecutor(agent, executor);
    }
  }
  removeIfIdle(agent, framework);
}

export function updateFramework(agent: AgentState, body: UpdateFrameworkMessage): void {
  const framework = agent.frameworks.get(frameworkId(body.framework_id.value));
  if (agent.phase !== 'running') {
    agent.counters.invalid_framework_messages++;
    return;
  }
  resendUpdates(agent, frameworkId(body.framework_id.value));
  if (framework?.state !== 'running' || body.framework_info === undefined) {
    return;
  }
  // Whether executors outlive the agent was decided when they were started.
  const before = framework.info;
  framework.info = { ...body.framework_info, checkpoint: framework.checkpoint };
  framework.partitionAware = isPartitionAware(framework.info);
  // Masters send it after each registration, mostly with nothing new.
  if (framework.checkpoint && !sameMessage(before, framework.info)) {
    persist(agent, { type: 'framework', framework: framework.info });
  }
}
