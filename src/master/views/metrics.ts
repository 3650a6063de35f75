// /metrics/snapshot: counters as they stand, and gauges taken from the state.
import {
  Offer_Operation_Type,
  type Resource,
  SchedulerCall_Type,
  SchedulerEvent_Type,
  TaskState,
} from '../../model/generated/messages.ts';
import { toMilli } from '../../model/milli.ts';
import { isTerminal } from '../../model/task-state.ts';
import { usedOn } from '../agents/usage.ts';
import { leads } from '../leadership.ts';
import type { FrameworkCounters } from '../metrics/counters.ts';
import { waitingCount } from '../registrar.ts';
import { plus } from '../roles/quantities.ts';
import { clusterCapacity } from '../roles/quota.ts';
import { frameworksByRole, type Holdings, holdings, knownRoles } from '../roles/roles.ts';
import type { Framework, MasterState } from '../state.ts';

export type Metrics = Record<string, number>;

export function metricsView(state: MasterState, nowMs: number): Metrics {
  const metrics: Metrics = { ...state.options.systemMetrics?.() };
  const { values, taskReasons, operations } = state.counters;
  for (const [name, value] of Object.entries(values)) {
    metrics[`master/${name}`] = value;
  }
  for (const [name, value] of taskReasons) {
    metrics[`master/${name}`] = value;
  }
  for (const [name, value] of operations) {
    metrics[`master/operations/${name}`] = value;
  }
  gauges(state, metrics, nowMs);
  resourceGauges(state, metrics);
  roleGauges(state, metrics);
  principalMetrics(state, metrics);
  if (state.options.publishPerFrameworkMetrics) {
    for (const framework of state.frameworks.registered.values()) {
      frameworkMetrics(framework, metrics);
    }
  }
  return metrics;
}

function gauges(state: MasterState, metrics: Metrics, nowMs: number): void {
  const set = (name: string, value: number) => {
    metrics[`master/${name}`] = value;
  };
  set('uptime_secs', (nowMs - state.options.startTimeMs) / 1000);
  set('elected', leads(state) ? 1 : 0);
  let [connected, active] = [0, 0];
  for (const agent of state.agents.registered.values()) {
    connected += agent.connected ? 1 : 0;
    active += agent.active ? 1 : 0;
  }
  const agents = state.agents.registered.size;
  set('slaves_connected', connected);
  set('slaves_disconnected', agents - connected);
  set('slaves_active', active);
  set('slaves_inactive', agents - active);
  set('slaves_unreachable', state.agents.unreachable.size);
  let [joined, eligible] = [0, 0];
  for (const framework of state.frameworks.registered.values()) {
    joined += framework.state === 'connected' ? 1 : 0;
    eligible += framework.active ? 1 : 0;
  }
  const frameworks = state.frameworks.registered.size;
  set('frameworks_connected', joined);
  set('frameworks_disconnected', frameworks - joined);
  set('frameworks_active', eligible);
  set('frameworks_inactive', frameworks - eligible);
  set('outstanding_offers', state.offers.size);
  set('operator_event_stream_subscribers', state.subscribers.size);
  // Events are taken one at a time and none waits here.
  set('event_queue_messages', 0);
  set('event_queue_dispatches', 0);
  set('event_queue_http_requests', 0);
  const live = (taskState: TaskState) => state.counters.tasksByState[taskState] ?? 0;
  set('tasks_staging', live(TaskState.TASK_STAGING));
  set('tasks_starting', live(TaskState.TASK_STARTING));
  set('tasks_running', live(TaskState.TASK_RUNNING));
  set('tasks_killing', live(TaskState.TASK_KILLING));
  let unreachable = 0;
  for (const framework of state.frameworks.registered.values()) {
    unreachable += framework.unreachableTasks.size;
  }
  set('tasks_unreachable', unreachable);
  metrics['allocator/mesos/allocation_runs'] = state.counters.allocationRuns;
  metrics['allocator/mesos/core_rebuilds'] = state.counters.coreRebuilds;
  metrics['allocator/mesos/event_queue_dispatches'] = 0;
  metrics['allocator/event_queue_dispatches'] = 0;
  metrics['registrar/queued_operations'] = waitingCount(state);
  metrics['registrar/state_fetch_ms'] = state.counters.fetchMs;
  state.counters.storeDurations.report('registrar/state_store_ms', metrics);
  state.counters.runDurations.report('allocator/mesos/allocation_run_ms', metrics);
  state.counters.runLatencies.report('allocator/mesos/allocation_run_latency_ms', metrics);
}

/** Shares, filters and quotas of roles. Shares as the allocator orders roles by: per weight. */
function roleGauges(state: MasterState, metrics: Metrics): void {
  const prefix = 'allocator/mesos';
  const held = holdings(state, { scalarsOnly: true });
  const capacity = clusterCapacity(state);
  const excluded = new Set(state.options.fairnessExcluded);
  const filters = new Map(Object.entries(state.allocator.activeFilters()));
  const byRole = frameworksByRole(state);
  for (const role of byRole.keys()) {
    let share = 0;
    for (const [name, amount] of Object.entries(plus(held.allocated(role), held.offered(role)))) {
      const total = capacity[name] ?? 0;
      if (total > 0 && !excluded.has(name)) {
        share = Math.max(share, amount / total);
      }
    }
    metrics[`${prefix}/roles/${role}/shares/dominant`] = share / (state.weights.get(role) ?? 1);
    metrics[`${prefix}/offer_filters/roles/${role}/active`] = filters.get(role) ?? 0;
  }
  quotaGauges(state, metrics, held, byRole);
}

/** Gauges of every role with a quota, or that consumes something. */
function quotaGauges(
  state: MasterState,
  metrics: Metrics,
  held: Holdings,
  byRole: ReadonlyMap<string, unknown>,
): void {
  const prefix = 'allocator/mesos/quota/roles';
  for (const role of knownRoles(state, byRole)) {
    for (const [name, amount] of Object.entries(held.consumed(role))) {
      metrics[`${prefix}/${role}/resources/${name}/consumed`] = amount;
    }
  }
  for (const [role, { guarantees, limits }] of state.quotas) {
    const taken = plus(held.allocated(role), held.offered(role));
    for (const name of new Set([...Object.keys(guarantees), ...Object.keys(limits)])) {
      const key = `${prefix}/${role}/resources/${name}`;
      metrics[`${key}/offered_or_allocated`] = taken[name] ?? 0;
      metrics[`${key}/consumed`] ??= 0;
      if (guarantees[name] !== undefined) {
        metrics[`${key}/guarantee`] = guarantees[name];
      }
      if (limits[name] !== undefined) {
        metrics[`${key}/limit`] = limits[name];
      }
    }
  }
}

const RESOURCE_NAMES = ['cpus', 'gpus', 'mem', 'disk'] as const;

interface Sums {
  readonly lasting: Map<string, number>;
  readonly revocable: Map<string, number>;
}

const emptySums = (): Sums => ({ lasting: new Map(), revocable: new Map() });

function addTo(sums: Sums, resources: Iterable<Resource>): void {
  for (const { name, scalar, revocable } of resources) {
    if (scalar !== undefined) {
      const map = revocable === undefined ? sums.lasting : sums.revocable;
      map.set(name, (map.get(name) ?? 0) + toMilli(scalar.value));
    }
  }
}

function resourceGauges(state: MasterState, metrics: Metrics): void {
  const [total, used, offered] = [emptySums(), emptySums(), emptySums()];
  for (const agent of state.agents.registered.values()) {
    addTo(total, agent.total);
    if (agent.tasks.size > 0 || agent.executors.size > 0) {
      addTo(used, usedOn(agent));
    }
    for (const { resources } of agent.offers) {
      addTo(offered, resources);
    }
  }
  for (const name of RESOURCE_NAMES) {
    for (const kind of ['lasting', 'revocable'] as const) {
      const prefix = `master/${name}${kind === 'revocable' ? '_revocable' : ''}`;
      const [all, taken] = [total[kind].get(name) ?? 0, used[kind].get(name) ?? 0];
      metrics[`${prefix}_total`] = all / 1000;
      metrics[`${prefix}_used`] = taken / 1000;
      metrics[`${prefix}_percent`] = all === 0 ? 0 : taken / all;
    }
  }
  for (const name of new Set(['cpus', 'mem', 'disk', ...total.lasting.keys()])) {
    const held = (used.lasting.get(name) ?? 0) + (offered.lasting.get(name) ?? 0);
    metrics[`allocator/mesos/resources/${name}/total`] = (total.lasting.get(name) ?? 0) / 1000;
    metrics[`allocator/mesos/resources/${name}/offered_or_allocated`] = held / 1000;
  }
}

/** Calls of frameworks by principal. Without --rate_limits a call is processed as it arrives. */
function principalMetrics(state: MasterState, metrics: Metrics): void {
  for (const { info, counters } of state.frameworks.registered.values()) {
    if (info.principal !== undefined) {
      const prefix = `frameworks/${info.principal}/messages`;
      const processed = sum(counters.calls);
      const received = processed + counters.unprocessedCalls;
      metrics[`${prefix}_received`] = (metrics[`${prefix}_received`] ?? 0) + received;
      metrics[`${prefix}_processed`] = (metrics[`${prefix}_processed`] ?? 0) + processed;
    }
  }
}

const lowerNames = (values: Record<string, number>) =>
  Object.entries(values)
    .filter(([name]) => name !== 'UNKNOWN')
    .map(([name, value]) => [name.toLowerCase(), value] as const);
const calls = lowerNames(SchedulerCall_Type);
const events = lowerNames(SchedulerEvent_Type);
const operationTypes = lowerNames(Offer_Operation_Type);
const taskStates = Object.entries(TaskState);

const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);

/** A name within a metric's. */
const encoded = (name: string) => encodeURIComponent(name.toWellFormed()).replaceAll('~', '%7E');

function frameworkMetrics(framework: Framework, metrics: Metrics): void {
  const prefix = `master/frameworks/${encoded(framework.info.name)}/${framework.id}/`;
  const { counters } = framework;
  const set = (name: string, value: number | undefined) => {
    metrics[prefix + name] = value ?? 0;
  };
  set('subscribed', framework.state === 'connected' ? 1 : 0);
  callMetrics(counters, set);
  set('offers/sent', counters.offersSent);
  set('offers/accepted', counters.offersAccepted);
  set('offers/declined', counters.offersDeclined);
  set('offers/rescinded', counters.offersRescinded);
  for (const [name, value] of taskStates) {
    const lower = name.toLowerCase();
    if (isTerminal(value)) {
      set(`tasks/terminal/${lower}`, counters.terminalTasks[value]);
    } else if (value === TaskState.TASK_UNREACHABLE) {
      // Tasks that are unreachable now; Apache Mesos also counts tasks that have come back.
      set(`tasks/active/${lower}`, framework.unreachableTasks.size);
    } else {
      set(`tasks/active/${lower}`, counters.activeTasks[value]);
    }
  }
  for (const role of framework.roles) {
    set(`roles/${role}/suppressed`, framework.suppressedRoles.has(role) ? 1 : 0);
  }
}

function callMetrics(
  counters: FrameworkCounters,
  set: (name: string, value: number | undefined) => void,
): void {
  set('calls', sum(counters.calls));
  for (const [name, value] of calls) {
    set(`calls/${name}`, counters.calls[value]);
  }
  set('events', sum(counters.events));
  for (const [name, value] of events) {
    set(`events/${name}`, counters.events[value]);
  }
  set('operations', sum(counters.operations));
  for (const [name, value] of operationTypes) {
    set(`operations/${name}`, counters.operations[value]);
  }
}
