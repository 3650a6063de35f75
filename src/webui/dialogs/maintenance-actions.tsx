// What an operator can do about maintenance: windows of the schedule, machines taken down and
// brought up again.
import type { Chosen } from '../calls/chosen.ts';
import {
  chosenOfWindow,
  localText,
  type Machine,
  machineKey,
  machineName,
  machinesOf,
  readSchedule,
  type Schedule,
  windowOf,
  windowProblem,
  withoutWindow,
  withWindow,
} from '../calls/maintenance.ts';
import type { Cluster } from '../store/cluster.ts';
import type { WindowRow } from '../store/maintenance.ts';
import type { AgentRow, TaskRow } from '../store/rows.ts';
import { callText } from '../stream/requests.ts';
import { counted } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';
import { type Action, askAfter, type OperatorCall } from './action.tsx';
import { MachineField, machineOf } from './machine-field.tsx';
import type { Option } from './options.tsx';
import { TasksByFramework } from './tasks-by-framework.tsx';

const HOUR_MS = 3_600_000;

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const TIMES: readonly Option[] = [
  { name: 'start', kind: 'time', label: `It begins (${ZONE} time)` },
  {
    ...{ name: 'hours', kind: 'amount', label: 'For how many hours' },
    placeholder: 'nobody knows yet',
  },
];

const NEW_DONE = 'It is scheduled. Frameworks are asked to leave the machines.';

export const askSchedule = async (signal?: AbortSignal): Promise<Schedule> =>
  readSchedule(await callText('GET_MAINTENANCE_SCHEDULE', signal));

const scheduleCall = (schedule: Schedule): OperatorCall => ({
  type: 'UPDATE_MAINTENANCE_SCHEDULE',
  body: { update_maintenance_schedule: { schedule } },
});

/**
 * The call replaces the whole schedule, and the API knows no versions: what somebody else has
 * scheduled meanwhile would be lost.
 */
const scheduleGuard = (schedule: Schedule) => async () =>
  JSON.stringify(await askSchedule()) === JSON.stringify(schedule)
    ? undefined
    : 'The schedule has been changed since this was opened. Close this, and look at it again.';

const permissionFor = (type: string, machines: readonly Machine[]) =>
  [type, ...machines.map(machineKey)].join(' ');

/** Tasks of all agents on the machines. */
function tasksOn(cluster: Cluster, machines: readonly Machine[]): readonly TaskRow[] {
  const keys = new Set(machines.map(machineKey));
  return [...cluster.agents.values()].flatMap((agent) =>
    keys.has(machineKey(machineOf(agent))) ? [...cluster.use(agent.id).tasks] : [],
  );
}

function windowAction(schedule: Schedule, index?: number): Omit<Action, 'title' | 'initial'> {
  const before = index === undefined ? undefined : schedule.windows?.[index];
  return {
    ...{ verb: 'Schedule maintenance', isGrave: false },
    permission: (chosen) => permissionFor('UPDATE_MAINTENANCE_SCHEDULE', machinesOf(chosen)),
    effects: (cluster, chosen) => (
      <>
        <p>
          Frameworks are asked to leave the machines, and are told when they will be away. No task
          ends by this; the machines are taken down by somebody when it is time.
        </p>
        {machinesOf(chosen).length === 0 ? null : (
          <TasksByFramework
            cluster={cluster}
            tasks={tasksOn(cluster, machinesOf(chosen))}
            verb="run on"
          />
        )}
      </>
    ),
    Fields: MachineField,
    options: TIMES,
    problem: windowProblem,
    guard: scheduleGuard(schedule),
    calls: (chosen) => [scheduleCall(withWindow(schedule, windowOf(chosen, before), index))],
    done: NEW_DONE,
  };
}

/** For the machines of agents, beside what is scheduled now. */
async function scheduleFor(agents: readonly AgentRow[]): Promise<Action> {
  const machines = new Map(agents.map(machineOf).map((machine) => [machineKey(machine), machine]));
  return scheduleWindow(await askSchedule(), [...machines.values()]);
}

/** The schedule is asked for when it is pressed. */
export const ScheduleButton = ({ agents }: { agents: readonly AgentRow[] }) => (
  <button type="button" class="button" onClick={() => askAfter(() => scheduleFor(agents))}>
    Schedule maintenance
  </button>
);

export const scheduleWindow = (schedule: Schedule, machines: readonly Machine[] = []): Action => ({
  ...windowAction(schedule),
  title: 'Schedule maintenance',
  initial: {
    machines: JSON.stringify(machines),
    start: localText(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS),
    hours: '2',
  },
});

export function changeWindow(schedule: Schedule, { index, machines }: WindowRow): Action {
  const before = schedule.windows?.[index];
  const initial: Chosen = before === undefined ? {} : chosenOfWindow(before);
  return {
    ...windowAction(schedule, index),
    title: `Change the window of ${namesOf(machines)}`,
    verb: 'Change',
    initial,
    done: 'The window is changed.',
  };
}

export function removeWindow(schedule: Schedule, { index, machines }: WindowRow): Action {
  return {
    ...{ title: `Remove the window of ${namesOf(machines)}`, verb: 'Remove' },
    isGrave: false,
    permission: permissionFor(
      'UPDATE_MAINTENANCE_SCHEDULE',
      schedule.windows?.[index]?.machine_ids ?? [],
    ),
    effects: () => (
      <p>
        The maintenance of {namesOf(machines)} is called off. Frameworks are no longer asked to
        leave.
      </p>
    ),
    guard: scheduleGuard(schedule),
    calls: () => [scheduleCall(withoutWindow(schedule, index))],
    done: 'The window is removed.',
  };
}

/** One is named; more are counted. */
const namesOf = (names: readonly string[]) =>
  names.length === 1 ? plainName(names[0] ?? '') : counted(names.length, 'machine');

export function takeDown(machines: readonly Machine[]): Action {
  return {
    title: `Take down ${namesOf(machines.map(machineName))}`,
    ...{ verb: 'Take down', isGrave: true },
    permission: permissionFor('START_MAINTENANCE', machines),
    effects: (cluster) => (
      <>
        <p>
          The agents there are told to end and are removed, and none is let in from there until it
          is brought up again. Their tasks are lost.
        </p>
        <TasksByFramework cluster={cluster} tasks={tasksOn(cluster, machines)} verb="end" />
      </>
    ),
    calls: () => [{ type: 'START_MAINTENANCE', body: { start_maintenance: { machines } } }],
    done: 'Maintenance has begun.',
  };
}

export function bringUp(machines: readonly Machine[]): Action {
  return {
    title: `Bring up ${namesOf(machines.map(machineName))}`,
    ...{ verb: 'Bring up', isGrave: false },
    permission: permissionFor('STOP_MAINTENANCE', machines),
    effects: () => (
      <p>
        The maintenance is over, also in the schedule: agents from there are let in again. Nobody
        starts them but you.
      </p>
    ),
    calls: () => [{ type: 'STOP_MAINTENANCE', body: { stop_maintenance: { machines } } }],
    done: 'Maintenance has ended.',
  };
}
