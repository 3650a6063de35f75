// All that an agent knows. Each folder changes its own part (executors/ the executors, …); every
// file may read all of it.

import { type LiveLedger, type SchedulerCore, TOO_MANY_TRAPS } from '../core/interface.ts';
import { ByteBudget } from '../model/byte-budget.ts';
import {
  type AgentInfo,
  AgentInfo_Capability_Type,
  type Resource,
  type UUID,
} from '../model/generated/messages.ts';
import type { AgentId, ContainerId, FrameworkId, StreamId, TaskId } from '../model/ids.ts';
import { parsePid } from '../model/pid.ts';
import { Random } from '../model/random.ts';
import { Recurrence } from '../model/recurrence.ts';
import type { CheckpointedDrain } from './checkpoint.ts';
import { createDeadlines, type Deadlines } from './deadline-queue.ts';
import type { Executor } from './executors/executor.ts';
import type { Framework } from './executors/framework.ts';
import { MAX_HISTORY_BYTES } from './executors/history.ts';
import type { ExecutorExit } from './executors/termination.ts';
import type { OperationRecord } from './operations/operations.ts';
import type { AgentOptions } from './options.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import type { Authentication } from './registration/authentication.ts';
import type { Waiting } from './registration/waiting.ts';
import { Denials } from './tasks/denied-tasks.ts';
import { createRetries, createTurns, type UpdateRetry } from './tasks/status-update-retries.ts';
import { UpdateRoom } from './tasks/status-update-room.ts';
import type { UpdateStream } from './tasks/status-update-stream.ts';
import { UpdateWindows } from './tasks/status-update-window.ts';

/**
 * recovering: the executors of the earlier agent are being found. disconnected: not registered.
 * running: registered. terminating: ends as soon as nothing runs any more.
 */
export type AgentPhase = 'recovering' | 'disconnected' | 'running' | 'terminating';

export interface AgentState {
  readonly options: AgentOptions;
  readonly core: SchedulerCore;
  /** How many traps of the core have been logged. */
  readonly coreFailures: { traps: number; readonly recurrence: Recurrence };
  /** What tasks and custom executors hold; the holder is the container. */
  readonly ledger: LiveLedger;
  readonly random: Random;
  /** What the agent's network reports for tasks without a network of their own. */
  readonly ip: string;
  readonly capabilities: readonly AgentInfo_Capability_Type[];

  /** Time of the event at hand. */
  nowMs: number;
  startedMs: number;
  phase: AgentPhase;
  /** False until the checkpoint has been read: executors cannot be told apart before. */
  knowsExecutors: boolean;
  recoveredMs: number | undefined;

  /** With its id once a master has given one. */
  info: AgentInfo;
  id: AgentId | undefined;
  resourceVersion: UUID;
  /** Reservations and volumes made at run time. */
  checkpointedResources: readonly Resource[];
  /** The checkpointed resources that the last re-registration told of. */
  reportedResources: readonly Resource[] | undefined;
  /** True when the master has to be told more than the last re-registration told. */
  hasNews: boolean;
  /** True when a correcting re-registration is planned (registration/correction.ts). */
  isCorrecting: boolean;
  /** Tasks, as `framework task`. */
  readonly deniedTasks: Denials;
  /** Operations, by uuid. */
  readonly deniedOperations: Denials;
  drain: CheckpointedDrain | undefined;

  /** Pid of the leading master, its address and name. */
  master: string | undefined;
  masterAddress: string | undefined;
  masterHostname: string | undefined;
  readonly authentication: Authentication;
  /** What is logged of the registration; undefined while the agent is registered. */
  waiting: Waiting | undefined;
  /** Longest wait before the next attempt to register. */
  backoffMs: number;
  /** Without a ping for so long the master has gone, or has forgotten this agent. */
  pingTimeoutMs: number;

  readonly frameworks: Map<FrameworkId, Framework>;
  /** The newest last. */
  readonly completedFrameworks: Map<FrameworkId, Framework>;
  /** The bytes that completed tasks, executors and frameworks may take. */
  readonly history: ByteBudget;
  /** Executors whose container has not ended. */
  readonly containers: Map<ContainerId, Executor>;
  readonly streams: Map<StreamId, Executor>;
  readonly updates: Map<FrameworkId, Map<TaskId, UpdateStream>>;
  readonly updateRoom: UpdateRoom;
  readonly updateWindows: UpdateWindows;
  readonly operations: Map<string, OperationRecord>;
  /** Executors that ended while no master knew this agent. */
  readonly exits: ExecutorExit[];

  readonly retries: readonly Deadlines<UpdateRetry>[];
  readonly updateTurns: Deadlines<UpdateRetry>;
  readonly registrations: Deadlines<ContainerId>;
  readonly outbox: Outbox;
  readonly counters: AgentCounters;
}

/** What has happened since the start, by the names of Mesos's metrics. */
export interface AgentCounters {
  recovery_errors: number;
  tasks_finished: number;
  tasks_failed: number;
  tasks_killed: number;
  tasks_lost: number;
  tasks_gone: number;
  executors_terminated: number;
  executors_preempted: number;
  valid_status_updates: number;
  invalid_status_updates: number;
  valid_framework_messages: number;
  invalid_framework_messages: number;
  container_launch_errors: number;
}

const ALL_CAPABILITIES: readonly AgentInfo_Capability_Type[] = [
  AgentInfo_Capability_Type.MULTI_ROLE,
  AgentInfo_Capability_Type.HIERARCHICAL_ROLE,
  AgentInfo_Capability_Type.RESERVATION_REFINEMENT,
  AgentInfo_Capability_Type.RESOURCE_PROVIDER,
  AgentInfo_Capability_Type.RESIZE_VOLUME,
  AgentInfo_Capability_Type.AGENT_OPERATION_FEEDBACK,
  AgentInfo_Capability_Type.AGENT_DRAINING,
  AgentInfo_Capability_Type.TASK_RESOURCE_LIMITS,
];

/** Total of the agent's ping timeouts where a master does not say it. */
const DEFAULT_PING_TIMEOUT_MS = 75_000;

export function createState(options: AgentOptions, core: SchedulerCore): AgentState {
  const pid = parsePid(options.pid);
  if (pid === undefined) {
    throw new RangeError(`Not a pid: ${options.pid}`);
  }
  const random = new Random(options.seed);
  return {
    options,
    core,
    coreFailures: { traps: core.sharedTraps, recurrence: new Recurrence(TOO_MANY_TRAPS) },
    ledger: core.ledger(options.resources),
    random,
    ip: pid.host,
    capabilities: options.capabilities ?? ALL_CAPABILITIES,
    nowMs: 0,
    startedMs: 0,
    phase: 'recovering',
    knowsExecutors: false,
    recoveredMs: undefined,
    info: agentInfo(options),
    id: undefined,
    resourceVersion: { value: random.uuid() },
    checkpointedResources: [],
    reportedResources: undefined,
    hasNews: false,
    isCorrecting: false,
    deniedTasks: new Denials(),
    deniedOperations: new Denials(),
    drain: undefined,
    master: undefined,
    masterAddress: undefined,
    masterHostname: undefined,
    authentication: {
      attempt: undefined,
      isDone: false,
      challenge: undefined,
      failures: 0,
      next: 1,
    },
    waiting: undefined,
    backoffMs: 0,
    pingTimeoutMs: DEFAULT_PING_TIMEOUT_MS,
    frameworks: new Map(),
    completedFrameworks: new Map(),
    history: new ByteBudget(MAX_HISTORY_BYTES),
    containers: new Map(),
    streams: new Map(),
    updates: new Map(),
    updateRoom: new UpdateRoom(),
    updateWindows: new UpdateWindows(),
    operations: new Map(),
    exits: [],
    retries: createRetries(),
    updateTurns: createTurns(),
    registrations: createDeadlines('executor-registration', options.executorRegistrationTimeoutMs),
    outbox: createOutbox(),
    counters: {
      recovery_errors: 0,
      tasks_finished: 0,
      tasks_failed: 0,
      tasks_killed: 0,
      tasks_lost: 0,
      tasks_gone: 0,
      executors_terminated: 0,
      executors_preempted: 0,
      valid_status_updates: 0,
      invalid_status_updates: 0,
      valid_framework_messages: 0,
      invalid_framework_messages: 0,
      container_launch_errors: 0,
    },
  };
}

function agentInfo(options: AgentOptions): AgentInfo {
  return {
    hostname: options.hostname,
    port: options.port,
    resources: [...options.resources],
    ...(options.attributes.length > 0 ? { attributes: [...options.attributes] } : {}),
    ...(options.domain === undefined ? {} : { domain: options.domain }),
  };
}
