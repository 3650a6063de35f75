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
  /** True when the framework's executors outlive the agent. */
  checkpoint: boolean;
  /** terminating: its executors are shut down, and nothing is reported about them any more. */
  state: 'running' | 'terminating';
  /** True when a re-registration has told a master of the framework. */
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
 * Moves a framework without executors to the completed ones. Updates of its refused tasks may still
 * be on their way, and can be acknowledged without it.
 */
export function removeIfIdle(agent: AgentState, framework: Framework): void {
  if (framework.executors.size > 0 || agent.frameworks.get(framework.id) !== framework) {
    return;
  }
  agent.frameworks.delete(framework.id);
  if (framework.state === 'terminating' && framework.isReported) {
    // The end of its tasks was not reported, so that the master may still count them.
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
    // The master offers these resources to others from now on, whose tasks must fit in the ledger.
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
  framework.info = {
    ...body.framework_info,
    id: { value: framework.id },
    checkpoint: framework.checkpoint,
  };
  framework.partitionAware = isPartitionAware(framework.info);
  // Masters send this message after each registration, mostly without a change.
  if (framework.checkpoint && !sameMessage(before, framework.info)) {
    persist(agent, { type: 'framework', framework: framework.info });
  }
}
