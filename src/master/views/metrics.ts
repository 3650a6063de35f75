// /metrics and /metrics/snapshot: counters as they stand, and gauges taken from the state.
import type { ClusterSums, Holders, Quantities } from '../../core/interface.ts';
import { type FigureSink, snapshotSink } from '../../model/figures.ts';
import {
  Offer_Operation_Type,
  SchedulerCall_Type,
  SchedulerEvent_Type,
  TaskState,
} from '../../model/generated/messages.ts';
import { isTerminal } from '../../model/task-state.ts';
import { leads } from '../leadership.ts';
import type { FrameworkCounters, PrincipalCalls } from '../metrics/counters.ts';
import { callsByPrincipal, together } from '../metrics/principal-calls.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { waitingCount } from '../registrar.ts';
import { frameworksByRole, holdersOf, holdingsOfRole, knownRoles } from '../roles/roles.ts';
import type { Framework, MasterState } from '../state.ts';

/** Figures of the master one by one; at each `yield` the state may change meanwhile. */
export function* figuresView(
  state: MasterState,
  nowMs: number,
  set: FigureSink,
): Generator<undefined> {
  const { values, taskReasons, operations } = state.counters;
  for (const [name, value] of Object.entries(values)) {
    set(`master/${name}`, value);
  }
  for (const [name, value] of taskReasons) {
    set(`master/${name}`, value);
  }
  for (const [name, value] of operations) {
    set(`master/operations/${name}`, value);
  }
  gauges(state, set, nowMs);
  const sums = ask(state, (allocator) => allocator.clusterSums());
  resourceGauges(sums, set);
  roleGauges(state, sums.total, set);
  principalMetrics(state, set);
  if (state.options.publishPerFrameworkMetrics) {
    for (const framework of state.frameworks.registered.values()) {
      yield;
      frameworkMetrics(framework, set);
    }
  }
}

/** The same by the names of /metrics/snapshot. */
export function metricsView(state: MasterState, nowMs: number): Record<string, number> {
  const metrics: Record<string, number> = {};
  const sink = snapshotSink((name, value) => {
    metrics[name] = value;
  });
  const steps = figuresView(state, nowMs, sink);
  while (!steps.next().done) {}
  return metrics;
}

function gauges(state: MasterState, figure: FigureSink, nowMs: number): void {
  const set = (name: string, value: number) => figure(`master/${name}`, value);
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
  figure('allocator/mesos/allocation_runs', state.counters.allocationRuns);
  figure('allocator/mesos/core_rebuilds', state.counters.coreRebuilds);
  figure('allocator/mesos/event_queue_dispatches', 0);
  figure('allocator/event_queue_dispatches', 0);
  figure('registrar/queued_operations', waitingCount(state));
  figure('registrar/state_fetch_ms', state.counters.fetchMs);
  figure('registrar/state_store_ms', state.counters.storeDurations);
  figure('allocator/mesos/allocation_run_ms', state.counters.runDurations);
  figure('allocator/mesos/allocation_run_latency_ms', state.counters.runLatencies);
}

/** Shares, filters and quotas of roles. Shares as the allocator orders roles by: per weight. */
function roleGauges(state: MasterState, capacity: Quantities, set: FigureSink): void {
  const held = holdersOf(state, { counted: false });
  const excluded = new Set(state.options.fairnessExcluded);
  const filters = new Map(Object.entries(state.allocator.activeFilters()));
  const byRole = frameworksByRole(state, held);
  for (const role of byRole.keys()) {
    let share = 0;
    for (const [name, amount] of Object.entries(holdingsOfRole(held, role).held)) {
      const total = capacity[name] ?? 0;
      if (total > 0 && !excluded.has(name)) {
        share = Math.max(share, amount / total);
      }
    }
    const weight = state.weights.get(role) ?? 1;
    set('allocator/mesos/roles/{role}/shares/dominant', share / weight, role);
    set('allocator/mesos/offer_filters/roles/{role}/active', filters.get(role) ?? 0, role);
  }
  quotaGauges(state, set, held, byRole);
}

const QUOTA = 'allocator/mesos/quota/roles/{role}/resources/{resource}';

/** Gauges of every role with a quota, or that consumes something. */
function quotaGauges(
  state: MasterState,
  set: FigureSink,
  held: Holders,
  byRole: ReadonlyMap<string, unknown>,
): void {
  const { quotas } = state;
  for (const role of knownRoles(state, held, byRole)) {
    for (const [name, amount] of Object.entries(holdingsOfRole(held, role).consumed)) {
      set(`${QUOTA}/consumed`, amount, role, name);
    }
  }
  for (const [role, { guarantees, limits }] of quotas) {
    const { held: taken, consumed } = holdingsOfRole(held, role);
    for (const name of new Set([...Object.keys(guarantees), ...Object.keys(limits)])) {
      set(`${QUOTA}/offered_or_allocated`, taken[name] ?? 0, role, name);
      if (consumed[name] === undefined) {
        set(`${QUOTA}/consumed`, 0, role, name);
      }
      if (guarantees[name] !== undefined) {
        set(`${QUOTA}/guarantee`, guarantees[name], role, name);
      }
      if (limits[name] !== undefined) {
        set(`${QUOTA}/limit`, limits[name], role, name);
      }
    }
  }
}

const RESOURCE_NAMES = ['cpus', 'gpus', 'mem', 'disk'] as const;

function resourceGauges(sums: ClusterSums, set: FigureSink): void {
  const { total, used, held, revocable, revocableUsed } = sums;
  for (const name of RESOURCE_NAMES) {
    usageGauges(`master/${name}`, { total: total[name], used: used[name] }, set);
    const ofRevocable = { total: revocable[name], used: revocableUsed[name] };
    usageGauges(`master/${name}_revocable`, ofRevocable, set);
  }
  for (const name of new Set(['cpus', 'mem', 'disk', ...Object.keys(total)])) {
    const prefix = 'allocator/mesos/resources/{resource}';
    set(`${prefix}/total`, total[name] ?? 0, name);
    set(`${prefix}/offered_or_allocated`, held[name] ?? 0, name);
  }
}

function usageGauges(
  prefix: string,
  { total = 0, used = 0 }: { total: number | undefined; used: number | undefined },
  set: FigureSink,
): void {
  set(`${prefix}_total`, total);
  set(`${prefix}_used`, used);
  set(`${prefix}_percent`, total === 0 ? 0 : used / total);
}

/** Principals that are told apart only by what is left out of them are counted together. */
function principalMetrics(state: MasterState, set: FigureSink): void {
  const sums = new Map<string, PrincipalCalls>();
  for (const [whole, calls] of callsByPrincipal(state)) {
    const principal = shortened(whole);
    sums.set(principal, together(sums.get(principal), calls));
  }
  for (const [principal, { received, processed }] of sums) {
    set('frameworks/{principal}/messages_received', received, principal);
    set('frameworks/{principal}/messages_processed', processed, principal);
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

const FRAMEWORK = 'master/frameworks/{framework_name}/{framework_id}';

/**
 * A name may have a million characters, and stands in each of a framework's figures: some sixty.
 * The rest of a long one is left out; the id tells such frameworks apart.
 */
const MOST_OF_NAME = 256;

const shortened = (name: string) =>
  name.length > MOST_OF_NAME ? `${name.slice(0, MOST_OF_NAME)}…` : name;

function frameworkMetrics(framework: Framework, figure: FigureSink): void {
  const { counters, id } = framework;
  const name = shortened(framework.info.name);
  const set = (what: string, value: number | undefined) =>
    figure(`${FRAMEWORK}/${what}`, value ?? 0, name, id);
  set('subscribed', framework.state === 'connected' ? 1 : 0);
  callMetrics(counters, set);
  set('offers/sent', counters.offersSent);
  set('offers/accepted', counters.offersAccepted);
  set('offers/declined', counters.offersDeclined);
  set('offers/rescinded', counters.offersRescinded);
  for (const [stateName, value] of taskStates) {
    const lower = stateName.toLowerCase();
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
    const isSuppressed = framework.suppressedRoles.has(role);
    figure(`${FRAMEWORK}/roles/{role}/suppressed`, isSuppressed ? 1 : 0, name, id, role);
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
