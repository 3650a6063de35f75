// What the cluster was like in the last 24 hours, a point a minute: for plots. It is in memory
// only, so that a master that starts has none of the time before. A point is some 50 numbers: 2 MB
// in all.
import type { ClusterSums, Quantities } from '../../core/interface.ts';
import {
  DrainState,
  type History,
  type History_Agents,
  type History_Amounts,
  TaskState,
} from '../../model/generated/messages.ts';
import { isTerminal, taskStateName } from '../../model/task-state.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { setTimer } from '../outbox.ts';
import type { Agent, MasterState } from '../state.ts';
import type { CounterName } from './counters.ts';

const INTERVAL_MS = 60_000;
/** The oldest point goes when there would be more. */
const MAX_POINTS = 1_440;

/** Others can have any name, and are not kept. */
const RESOURCE_NAMES = ['cpus', 'mem', 'disk', 'gpus'] as const;

type Sums = Readonly<Record<(typeof RESOURCE_NAMES)[number], number>>;

interface Point {
  readonly seconds: number;
  readonly resources: Readonly<Record<Exclude<keyof ClusterSums, 'held'>, Sums>>;
  /** Live tasks by state, and those that have ended since the point before. */
  readonly live: readonly number[];
  readonly ended: readonly number[];
  readonly agents: Readonly<Record<keyof History_Agents, number>>;
}

export interface ClusterHistory {
  readonly points: Point[];
  /** Ends of tasks that have been counted so far, by state. */
  counted: readonly number[];
}

const TASK_STATES = Object.values(TaskState);
const LIVE_STATES = TASK_STATES.filter((state) => !isTerminal(state));
const END_STATES = TASK_STATES.filter(isTerminal);

export const noHistory = (): ClusterHistory => ({ points: [], counted: END_STATES.map(() => 0) });

export function startHistory(state: MasterState): void {
  setTimer(state, 'history', INTERVAL_MS);
}

/** Takes a point, and asks for the next. */
export function historyDue(state: MasterState): void {
  startHistory(state);
  const { history, counters } = state;
  const sums = ask(state, (allocator) => allocator.clusterSums());
  const ends = END_STATES.map((it) => counters.values[endCounter(it)] ?? 0);
  // Frozen: a copy of the state shares them.
  history.points.push(
    Object.freeze({
      seconds: Math.round(state.nowMs / 1000),
      resources: {
        total: plotted(sums.total),
        offered: plotted(sums.offered),
        used: plotted(sums.used),
        reserved: plotted(sums.reserved),
        revocable: plotted(sums.revocable),
        revocableUsed: plotted(sums.revocableUsed),
      },
      live: LIVE_STATES.map((it) => liveTasks(state, it)),
      ended: ends.map((count, index) => count - (history.counted[index] ?? 0)),
      agents: agentCounts(state),
    }),
  );
  history.counted = ends;
  if (history.points.length > MAX_POINTS) {
    history.points.shift();
  }
}

const plotted = (amounts: Quantities): Sums => ({
  cpus: amounts.cpus ?? 0,
  mem: amounts.mem ?? 0,
  disk: amounts.disk ?? 0,
  gpus: amounts.gpus ?? 0,
});

const endCounter = (state: TaskState) =>
  taskStateName(state)
    .toLowerCase()
    .replace(/^task_/, 'tasks_') as CounterName;

function liveTasks({ counters, frameworks }: MasterState, taskState: TaskState): number {
  if (taskState !== TaskState.TASK_UNREACHABLE) {
    return counters.tasksByState[taskState] ?? 0;
  }
  let unreachable = 0;
  for (const { unreachableTasks } of frameworks.registered.values()) {
    unreachable += unreachableTasks.size;
  }
  return unreachable;
}

function agentCounts({ agents }: MasterState): Point['agents'] {
  const counts = { active: 0, draining: 0, deactivated: 0, disconnected: 0 };
  for (const agent of agents.registered.values()) {
    counts[dutyOf(agents, agent)]++;
  }
  return { ...counts, recovered: agents.recovered.size, unreachable: agents.unreachable.size };
}

function dutyOf(
  { draining, deactivated }: MasterState['agents'],
  { id, connected }: Agent,
): 'active' | 'draining' | 'deactivated' | 'disconnected' {
  if (draining.get(id)?.state === DrainState.DRAINING) {
    return 'draining';
  }
  if (deactivated.has(id) || draining.has(id)) {
    return 'deactivated';
  }
  return connected ? 'active' : 'disconnected';
}

/** The points after a moment in milliseconds, in columns. */
export function historyMessage({ points }: ClusterHistory, sinceMs: number): History {
  const shown = points.filter(({ seconds }) => seconds * 1000 > sinceMs);
  const column = (value: (point: Point) => number) => shown.map(value);
  const tasks = [
    ...LIVE_STATES.map((state, index) => ({
      state,
      ended: false,
      count: column(({ live }) => live[index] ?? 0),
    })),
    ...END_STATES.map((state, index) => ({
      state,
      ended: true,
      count: column(({ ended }) => ended[index] ?? 0),
    })),
  ];
  const resources: History_Amounts[] = RESOURCE_NAMES.map((name) => {
    const sums = (of: keyof Point['resources']) => column((point) => point.resources[of][name]);
    return {
      name,
      total: sums('total'),
      offered: sums('offered'),
      allocated: sums('used'),
      reserved: sums('reserved'),
      revocable: sums('revocable'),
      revocable_allocated: sums('revocableUsed'),
    };
  });
  return {
    interval: { nanoseconds: BigInt(INTERVAL_MS) * 1_000_000n },
    capacity: MAX_POINTS,
    seconds: column(({ seconds }) => seconds),
    resources,
    tasks: tasks.filter(({ count }) => count.some((it) => it > 0)),
    agents: {
      active: column(({ agents }) => agents.active),
      draining: column(({ agents }) => agents.draining),
      deactivated: column(({ agents }) => agents.deactivated),
      disconnected: column(({ agents }) => agents.disconnected),
      recovered: column(({ agents }) => agents.recovered),
      unreachable: column(({ agents }) => agents.unreachable),
    },
  };
}
