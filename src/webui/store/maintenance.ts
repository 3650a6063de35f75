// What is planned for machines, and how each of them is, from the master's answers.
import { byText } from './task-list.ts';

interface Machine {
  readonly hostname?: string;
  readonly ip?: string;
}

/** Of `GET_MAINTENANCE_SCHEDULE`; times in nanoseconds. */
export interface ScheduleAnswer {
  readonly schedule?: {
    readonly windows?: readonly {
      readonly machine_ids?: readonly Machine[];
      readonly unavailability?: {
        readonly start?: { readonly nanoseconds?: number };
        readonly duration?: { readonly nanoseconds?: number };
      };
    }[];
  };
}

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
  readonly machines: readonly string[];
  readonly startMs: number;
  /** Undefined where nobody has said when it ends. */
  readonly endMs: number | undefined;
}

export interface MachineRow {
  readonly name: string;
  /** `draining` before and in its window, until somebody has taken it down. */
  readonly mode: 'draining' | 'down';
  readonly window: WindowRow | undefined;
  /** Of the frameworks that were asked to leave it. */
  readonly accepted: number;
  readonly declined: number;
}

/** `host (ip)`, or what there is of it. */
const nameOf = ({ hostname = '', ip = '' }: Machine = {}) =>
  hostname === '' ? ip : ip === '' ? hostname : `${hostname} (${ip})`;

/** The first to begin comes first. */
export function windowRows({ schedule = {} }: ScheduleAnswer): readonly WindowRow[] {
  return (schedule.windows ?? [])
    .map(({ machine_ids = [], unavailability: { start, duration } = {} }) => {
      const startMs = (start?.nanoseconds ?? 0) / 1e6;
      const lengthNs = duration?.nanoseconds;
      return {
        machines: machine_ids.map(nameOf),
        startMs,
        endMs: lengthNs === undefined ? undefined : startMs + lengthNs / 1e6,
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
  const draining = (status.draining_machines ?? []).map(({ id, statuses = [] }) => ({
    ...{ name: nameOf(id), mode: 'draining' as const, window: windowOf.get(nameOf(id)) },
    accepted: statuses.filter((each) => each.status === 'ACCEPT').length,
    declined: statuses.filter((each) => each.status === 'DECLINE').length,
  }));
  const down = (status.down_machines ?? []).map((id) => ({
    ...{ name: nameOf(id), mode: 'down' as const, window: windowOf.get(nameOf(id)) },
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
