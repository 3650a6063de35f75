// A schedule of maintenance and what is changed in it. The operator API takes the whole of it, so
// that what nobody has touched must come out as it went in: times are kept as texts, for as numbers
// of JavaScript nanoseconds since 1970 are not exact.
import { type Chosen, numberError } from './chosen.ts';

export interface Machine {
  readonly hostname?: string;
  readonly ip?: string;
}

interface Nanoseconds {
  readonly nanoseconds: string;
}

export interface Window {
  readonly machine_ids: readonly Machine[];
  readonly unavailability: { readonly start: Nanoseconds; readonly duration?: Nanoseconds };
}

export interface Schedule {
  readonly windows?: readonly Window[];
}

/** The schedule in the JSON that `GET_MAINTENANCE_SCHEDULE` answers. */
export function readSchedule(json: string): Schedule {
  // Quotes in names are escaped, so that no name reads as this.
  const exact = json.replaceAll(/"nanoseconds":(-?\d+)/g, '"nanoseconds":"$1"');
  const answer = JSON.parse(exact) as {
    get_maintenance_schedule?: { schedule?: Schedule };
  };
  return answer.get_maintenance_schedule?.schedule ?? {};
}

/** Host names are compared as the master does. */
export const machineKey = ({ hostname = '', ip = '' }: Machine): string =>
  `${hostname.toLowerCase()}|${ip}`;

/** `host (ip)`, or what there is of it. */
export const machineName = ({ hostname = '', ip = '' }: Machine): string =>
  hostname === '' ? ip : ip === '' ? hostname : `${hostname} (${ip})`;

/** The schedule with this window instead of that at `index`, or after all others. */
export function withWindow(schedule: Schedule, window: Window, index?: number): Schedule {
  const { windows = [] } = schedule;
  return {
    windows: index === undefined ? [...windows, window] : windows.with(index, window),
  };
}

export const withoutWindow = ({ windows = [] }: Schedule, index: number): Schedule => ({
  windows: windows.toSpliced(index, 1),
});

const MS = 1_000_000n;
const NANOSECONDS_PER_MILLIHOUR = 3_600_000_000n;

/** What is in the form for a window. */
export function chosenOfWindow({ machine_ids, unavailability }: Window): Chosen {
  const { start, duration } = unavailability;
  return {
    machines: JSON.stringify(machine_ids),
    start: localText(Number(BigInt(start.nanoseconds) / MS)),
    hours: duration === undefined ? '' : hoursText(BigInt(duration.nanoseconds)),
  };
}

const hoursText = (nanoseconds: bigint) =>
  String(Number(nanoseconds / NANOSECONDS_PER_MILLIHOUR) / 1000);

/** As a field for a local time has it, to the minute. */
export function localText(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offsetMs).toISOString().slice(0, 16);
}

export const machinesOf = ({ machines = '[]' }: Chosen): readonly Machine[] =>
  JSON.parse(machines) as readonly Machine[];

/**
 * The window that is chosen. `before`: the one that the form was filled from, whose times stay
 * exactly as they are where nobody has changed them.
 */
export function windowOf(chosen: Chosen, before?: Window): Window {
  const { start = '', hours = '' } = chosen;
  const old = before === undefined ? undefined : chosenOfWindow(before);
  const duration =
    old?.hours === hours
      ? before?.unavailability.duration
      : hours === ''
        ? undefined
        : { nanoseconds: String(milli(hours) * NANOSECONDS_PER_MILLIHOUR) };
  return {
    machine_ids: machinesOf(chosen),
    unavailability: {
      start:
        before !== undefined && old?.start === start
          ? before.unavailability.start
          : { nanoseconds: String(BigInt(new Date(start).getTime()) * MS) },
      ...(duration === undefined ? {} : { duration }),
    },
  };
}

/** Of a number with three decimals at most, by its digits. */
function milli(text: string): bigint {
  const [whole = '', part = ''] = text.split('.');
  return BigInt(whole || '0') * 1000n + BigInt(part.padEnd(3, '0'));
}

/** Why it is no window. */
export function windowProblem(chosen: Chosen): string | undefined {
  const { start = '', hours = '' } = chosen;
  if (machinesOf(chosen).length === 0) {
    return 'Choose the machines.';
  }
  if (Number.isNaN(new Date(start).getTime())) {
    return 'Say when it begins.';
  }
  return /^(\d+(\.\d*)?|\.\d+)?$/.test(hours)
    ? numberError(hours)
    : (numberError(hours) ?? `“${hours}” is no amount.`);
}
