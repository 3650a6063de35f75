// What is planned for machines, and how each of them is, from the master's answers.
import { type Machine, machineName, type Schedule } from '../calls/maintenance.ts';
import { byText } from './task-list.ts';

/** Of `GET_MAINTENANCE_STATUS`. */
export interface StatusAnswer {
  readonly status?: {
    readonly draining_machines?: readonly {
      readonly id?: Machine;
      readonly statuses?: readonly { readonly status?: string }[];
    }[];
    readonly down_machines?: readonly Machine[];
  };
}

export interface WindowRow {
  /** In the schedule. */
  readonly index: number;
  readonly machines: readonly string[];
  readonly startMs: number;
  /** Undefined where nobody has said when it ends. */
  readonly endMs: number | undefined;
}

export interface MachineRow {
  readonly id: Machine;
  readonly name: string;
  /** `draining` before and in its window, until somebody has taken it down. */
  readonly mode: 'draining' | 'down';
  readonly window: WindowRow | undefined;
  /** Of the frameworks that were asked to leave it. */
  readonly accepted: number;
  readonly declined: number;
}

/** The first to begin comes first. */
export function windowRows({ windows = [] }: Schedule): readonly WindowRow[] {
  return windows
    .map(({ machine_ids, unavailability: { start, duration } }, index) => {
      const startMs = Number(start.nanoseconds) / 1e6;
      return {
        index,
        machines: machine_ids.map(machineName),
        startMs,
        endMs: duration === undefined ? undefined : startMs + Number(duration.nanoseconds) / 1e6,
      };
    })
    .sort((left, right) => left.startMs - right.startMs);
}

export function machineRows(
  { status = {} }: StatusAnswer,
  windows: readonly WindowRow[],
): readonly MachineRow[] {
  const windowOf = new Map(
    windows.flatMap((window) => window.machines.map((name) => [name, window] as const)),
  );
  const rowOf = (id: Machine) => ({
    ...{ id, name: machineName(id), window: windowOf.get(machineName(id)) },
  });
  const draining = (status.draining_machines ?? []).map(({ id = {}, statuses = [] }) => ({
    ...{ ...rowOf(id), mode: 'draining' as const },
    accepted: statuses.filter((each) => each.status === 'ACCEPT').length,
    declined: statuses.filter((each) => each.status === 'DECLINE').length,
  }));
  const down = (status.down_machines ?? []).map((id) => ({
    ...{ ...rowOf(id), mode: 'down' as const },
    ...{ accepted: 0, declined: 0 },
  }));
  return [...down, ...draining].sort((left, right) => byText(left.name, right.name));
}

const HOUR_MS = 3_600_000;

interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a line of time has to show: all windows, the present, and some room at the right. */
export function spanOf(windows: readonly WindowRow[], nowMs: number): TimeSpan {
  const fromMs = windows.reduce((from, { startMs }) => Math.min(from, startMs), nowMs);
  const lastMs = windows.reduce(
    (last, { startMs, endMs }) => Math.max(last, endMs ?? startMs + HOUR_MS),
    nowMs,
  );
  return { fromMs, toMs: lastMs + Math.max(HOUR_MS / 4, (lastMs - fromMs) / 20) };
}

/** Moments at equal distances, for labels below the line: from its beginning to its end. */
export const ticksOf = ({ fromMs, toMs }: TimeSpan, count: number): readonly number[] =>
  Array.from(
    { length: count },
    (_, index) => fromMs + ((toMs - fromMs) * index) / Math.max(1, count - 1),
  );
