// Counters of the master, by Mesos's metric names. Gauges are not here: they are taken from the
// state when metrics are read (views/metrics.ts).
import {
  type Offer_Operation,
  Offer_Operation_Type,
  OperationState,
  type SchedulerCall_Type,
  type SchedulerEvent_Type,
  TaskState,
  type TaskStatus_Reason,
  type TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { isTerminal, taskStateCount, taskStateName } from '../../model/task-state.ts';
import { Durations } from '../../model/timer-statistics.ts';
import { v0ReasonName, v0SourceName } from '../../model/v0-names.ts';

const NAMES = [
  'dropped_messages',
  'invalid_executor_to_framework_messages',
  'invalid_framework_to_executor_messages',
  'invalid_operation_status_update_acknowledgements',
  'invalid_operation_status_updates',
  'invalid_status_update_acknowledgements',
  'invalid_status_updates',
  'messages_authenticate',
  'messages_deactivate_framework',
  'messages_decline_offers',
  'messages_executor_to_framework',
  'messages_exited_executor',
  'messages_framework_to_executor',
  'messages_kill_task',
  'messages_launch_tasks',
  'messages_operation_status_update',
  'messages_operation_status_update_acknowledgement',
  'messages_reconcile_operations',
  'messages_reconcile_tasks',
  'messages_register_framework',
  'messages_register_slave',
  'messages_reregister_framework',
  'messages_reregister_slave',
  'messages_resource_request',
  'messages_revive_offers',
  'messages_status_update',
  'messages_status_update_acknowledgement',
  'messages_suppress_offers',
  'messages_unregister_framework',
  'messages_unregister_slave',
  'messages_update_slave',
  'recovery_slave_removals',
  'slave_registrations',
  'slave_removals',
  'slave_removals/reason_registered',
  'slave_removals/reason_unhealthy',
  'slave_removals/reason_unregistered',
  'slave_reregistrations',
  'slave_shutdowns_canceled',
  'slave_shutdowns_completed',
  'slave_shutdowns_scheduled',
  'slave_unreachable_canceled',
  'slave_unreachable_completed',
  'slave_unreachable_scheduled',
  'tasks_dropped',
  'tasks_error',
  'tasks_failed',
  'tasks_finished',
  'tasks_gone',
  'tasks_gone_by_operator',
  'tasks_killed',
  'tasks_lost',
  'valid_executor_to_framework_messages',
  'valid_framework_to_executor_messages',
  'valid_operation_status_update_acknowledgements',
  'valid_operation_status_updates',
  'valid_status_update_acknowledgements',
  'valid_status_updates',
] as const;

export type CounterName = (typeof NAMES)[number];

export interface PrincipalCalls {
  readonly received: number;
  readonly processed: number;
}

export interface MasterCounters {
  readonly values: Record<CounterName, number>;
  /** `task_failed/source_executor/reason_command_executor_failed` and the like, made on demand. */
  readonly taskReasons: Map<string, number>;
  /** Operations by state, and by `<type>/<state>`. */
  readonly operations: Map<string, number>;
  /** Calls of frameworks that are gone, by the principals that others still have. */
  readonly callsOfGone: Map<string, PrincipalCalls>;
  /** Tasks that are on registered agents now, by state. */
  readonly tasksByState: number[];
  allocationRuns: number;
  /** Instances of the scheduler core that have trapped, and were made anew. */
  coreRebuilds: number;
  readonly runDurations: Durations;
  /** From the event that asks for a run to the run. */
  readonly runLatencies: Durations;
  readonly storeDurations: Durations;
  /** How long reading the registry took at the start. */
  fetchMs: number;
}

const operationTypes = new Map<Offer_Operation_Type, string>(
  Object.entries(Offer_Operation_Type)
    .filter(([name]) => !['UNKNOWN', 'LAUNCH', 'LAUNCH_GROUP'].includes(name))
    .map(([name, value]) => [value, name.toLowerCase()]),
);
const OPERATION_STATES = [
  'total',
  'pending',
  'recovering',
  'unreachable',
  'finished',
  'failed',
  'error',
  'dropped',
  'gone_by_operator',
];

export function createMasterCounters(): MasterCounters {
  const operations = new Map<string, number>();
  for (const prefix of ['', ...[...operationTypes.values()].map((type) => `${type}/`)]) {
    for (const state of OPERATION_STATES) {
      operations.set(prefix + state, 0);
    }
  }
  return {
    values: Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<CounterName, number>,
    taskReasons: new Map(),
    operations,
    callsOfGone: new Map(),
    tasksByState: new Array(taskStateCount).fill(0),
    allocationRuns: 0,
    coreRebuilds: 0,
    runDurations: new Durations(),
    runLatencies: new Durations(),
    storeDurations: new Durations(),
    fetchMs: 0,
  };
}

const add = (map: Map<string, number>, key: string, delta: number) =>
  map.set(key, (map.get(key) ?? 0) + delta);

const nameOf = (values: Record<string, number>, value: number) =>
  Object.keys(values)
    .find((key) => values[key] === value)
    ?.toLowerCase() ?? 'unknown';

export interface TaskEnd {
  readonly state: TaskState;
  readonly source: TaskStatus_Source;
  readonly reason: TaskStatus_Reason;
}

/** Counts tasks that have ended in the same way. */
export function countTaskEnds(counters: MasterCounters, end: TaskEnd, count: number): void {
  if (count > 0) {
    countTaskState(counters, end.state, count);
    countTaskReason(counters, end, count);
  }
}

/** Counts ends of tasks under their state, source and reason. */
export function countTaskReason(
  counters: MasterCounters,
  { state, source, reason }: TaskEnd,
  count = 1,
): void {
  const where = v0SourceName(source).toLowerCase();
  const why = v0ReasonName(reason).toLowerCase();
  add(counters.taskReasons, `${taskStateName(state).toLowerCase()}/${where}/${why}`, count);
}

/** Counts a terminal state under `tasks_…`; states that are gauges are not counted. */
export function countTaskState(counters: MasterCounters, state: TaskState, count = 1): void {
  switch (state) {
    case TaskState.TASK_FINISHED:
      counters.values.tasks_finished += count;
      break;
    case TaskState.TASK_FAILED:
      counters.values.tasks_failed += count;
      break;
    case TaskState.TASK_KILLED:
      counters.values.tasks_killed += count;
      break;
    case TaskState.TASK_LOST:
      counters.values.tasks_lost += count;
      break;
    case TaskState.TASK_ERROR:
      counters.values.tasks_error += count;
      break;
    case TaskState.TASK_DROPPED:
      counters.values.tasks_dropped += count;
      break;
    case TaskState.TASK_GONE:
      counters.values.tasks_gone += count;
      break;
    case TaskState.TASK_GONE_BY_OPERATOR:
      counters.values.tasks_gone_by_operator += count;
      break;
    default:
      break;
  }
}

export function countOperationState(
  counters: MasterCounters,
  operation: Offer_Operation,
  state: OperationState,
  delta: 1 | -1,
): void {
  const type = operationTypes.get(operation.type ?? Offer_Operation_Type.UNKNOWN);
  const name = nameOf(OperationState, state).replace('operation_', '');
  for (const prefix of type === undefined ? [''] : ['', `${type}/`]) {
    add(counters.operations, `${prefix}total`, delta);
    if (counters.operations.has(prefix + name)) {
      add(counters.operations, prefix + name, delta);
    }
  }
}

export interface FrameworkCounters {
  readonly calls: number[];
  readonly events: number[];
  readonly activeTasks: number[];
  readonly terminalTasks: number[];
  readonly operations: number[];
  /** Calls that --rate_limits lets wait, or has dropped. */
  unprocessedCalls: number;
  offersSent: number;
  offersAccepted: number;
  offersDeclined: number;
  /** Since it accepted one the last time, which was then; 0 where it never has. */
  declinedSince: number;
  acceptedMs: number;
  offersRescinded: number;
}

export function createFrameworkCounters(): FrameworkCounters {
  return {
    calls: new Array(18).fill(0),
    events: new Array(12).fill(0),
    activeTasks: new Array(taskStateCount).fill(0),
    terminalTasks: new Array(taskStateCount).fill(0),
    operations: new Array(15).fill(0),
    unprocessedCalls: 0,
    offersSent: 0,
    offersAccepted: 0,
    offersDeclined: 0,
    declinedSince: 0,
    acceptedMs: 0,
    offersRescinded: 0,
  };
}

const bump = (list: number[], index: number, delta = 1) => {
  list[index] = (list[index] ?? 0) + delta;
};

export const countCall = (counters: FrameworkCounters, type: SchedulerCall_Type) =>
  bump(counters.calls, type);

export const countEvent = (counters: FrameworkCounters, type: SchedulerEvent_Type) =>
  bump(counters.events, type);

export const countOperation = (counters: FrameworkCounters, operation: Offer_Operation) =>
  bump(counters.operations, operation.type ?? Offer_Operation_Type.UNKNOWN);

export function countFrameworkTask(counters: FrameworkCounters, state: TaskState): void {
  bump(isTerminal(state) ? counters.terminalTasks : counters.activeTasks, state);
}

export const uncountActiveTask = (counters: FrameworkCounters, state: TaskState) =>
  bump(counters.activeTasks, state, -1);

export const countLiveTask = (counters: MasterCounters, state: TaskState, delta: 1 | -1) =>
  bump(counters.tasksByState, state, delta);
