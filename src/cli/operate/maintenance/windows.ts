// Schedules of maintenance, which the API replaces as a whole: machines are put into windows and
// taken out of them, and all else stays as it was.
import type {
  MachineID,
  Schedule,
  Unavailability,
  Window,
} from '../../../model/generated/messages.ts';

/** Host names are compared as the master does. */
export const machineKey = ({ hostname = '', ip = '' }: MachineID): string =>
  `${hostname.toLowerCase()}/${ip}`;

/** `host (ip)`, or what there is of it. */
export const machineName = ({ hostname = '', ip = '' }: MachineID): string =>
  hostname === '' ? ip : ip === '' ? hostname : `${hostname} (${ip})`;

export interface ScheduledMachine {
  readonly id: MachineID;
  readonly unavailability: Unavailability;
}

export const scheduledMachines = ({ windows = [] }: Schedule): readonly ScheduledMachine[] =>
  windows.flatMap(({ machine_ids = [], unavailability }) =>
    machine_ids.map((id) => ({ id, unavailability })),
  );

/** The machines are in no window; one without machines is none. */
export function withoutMachines(
  { windows = [] }: Schedule,
  machines: readonly MachineID[],
): Schedule {
  const keys = new Set(machines.map(machineKey));
  return {
    windows: windows.flatMap((window) => {
      const { machine_ids = [] } = window;
      const left = machine_ids.filter((id) => !keys.has(machineKey(id)));
      if (left.length === machine_ids.length) {
        return [window];
      }
      return left.length === 0 ? [] : [{ ...window, machine_ids: left }];
    }),
  };
}

/** The machines are in this window, and in no other any more. */
export const withWindow = (
  schedule: Schedule,
  machine_ids: MachineID[],
  unavailability: Unavailability,
): Schedule => ({
  windows: [
    ...(withoutMachines(schedule, machine_ids).windows ?? []),
    { machine_ids, unavailability } satisfies Window,
  ],
});

/** Whether both say the same of the same machines, in however many windows. */
export function isSameSchedule(left: Schedule, right: Schedule): boolean {
  const text = (schedule: Schedule) =>
    scheduledMachines(schedule)
      .map(({ id, unavailability: { start, duration } }) =>
        [machineKey(id), start.nanoseconds, duration?.nanoseconds ?? ''].join(' '),
      )
      .toSorted()
      .join('\n');
  return text(left) === text(right);
}
