// `mesoscale maintenance add`, `remove` and `set`: the schedule is read, changed, read once more
// and written, for the API replaces it as a whole and knows no versions.
import { formatDuration } from '../../../model/duration.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  MasterCall_Type,
  type Schedule,
} from '../../../model/generated/messages.ts';
import { parseJson } from '../../../wire/json-text.ts';
import { types } from '../../../wire/types.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { counted } from '../../counted.ts';
import { FlagError } from '../../flags/faults.ts';
import { messageOf } from '../../flags/written.ts';
import { readTextFile, whyUnreadable } from '../../text-file.ts';
import { agentName } from '../agent/chosen-agents.ts';
import { stateOf } from '../agent/list.ts';
import { Cluster } from '../connection/cluster.ts';
import { type Deed, type DeedValues, perform } from '../deeds.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { printable } from '../output/printable.ts';
import { momentText } from '../times.ts';
import type { Asked } from '../verb.ts';
import type {
  MAINTENANCE_ADD_FLAGS,
  MAINTENANCE_DEED_FLAGS,
  MAINTENANCE_SET_FLAGS,
} from './flags.ts';
import { Machines, scheduleOf } from './machines.ts';
import { momentIn } from './moment.ts';
import {
  isSameSchedule,
  machineKey,
  machineName,
  scheduledMachines,
  withoutMachines,
  withWindow,
} from './windows.ts';

/** So much late may still be meant. */
const MS_PER_DAY = 86_400_000;
const NS_PER_MS = 1_000_000n;
const nanoseconds = (ms: number) => ({ nanoseconds: BigInt(Math.round(ms)) * NS_PER_MS });

export async function addWindow({
  words,
  values,
}: Asked<typeof MAINTENANCE_ADD_FLAGS>): Promise<void> {
  const nowMs = Date.now();
  const startMs = momentIn('from', values.from, nowMs);
  const cluster = await Cluster.of(values);
  const before = await scheduleOf(cluster);
  const all = await Machines.of(cluster, before);
  const machines = all.named(words);
  const unavailability = {
    start: nanoseconds(startMs),
    ...(values.for !== undefined && { duration: nanoseconds(values.for) }),
  };
  const keys = new Set(machines.map(machineKey));
  const moved = scheduledMachines(before).filter(({ id }) => keys.has(machineKey(id)));
  const who = namesText(machines.map(machineName));
  const long = values.for === undefined ? '' : ` for ${formatDuration(values.for)}`;
  const text = `maintenance of ${who}${long} from ${momentText(startMs, nowMs)}`;
  if (startMs < nowMs - MS_PER_DAY) {
    process.stderr.write(`--from is in the past: ${who} counts as away from now on\n`);
  }
  const was =
    moved.length === 0 ? '' : `, in place of other times of ${counted(moved.length, 'machine')}`;
  tellDrained(all.agentsOn(machines));
  await replaceSchedule(cluster, before, withWindow(before, machines, unavailability), values, {
    consequence: `Schedules ${text}${was}. Frameworks are asked to leave; no task ends by it.`,
    done: `${text} is scheduled${was}`,
  });
}

/** A schedule asks frameworks to leave what they are offered no more. */
function tellDrained(agents: readonly Agent[]): void {
  for (const agent of agents.filter(({ drain_info }) => drain_info !== undefined)) {
    const text =
      `${agentName(agent)} is ${stateOf(agent)}: it is offered to nobody, scheduled or not, ` +
      'until mesoscale agent undrain puts it back';
    process.stderr.write(`${printable(text)}\n`);
  }
}

export async function removeMachines({
  words,
  values,
}: Asked<typeof MAINTENANCE_DEED_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const before = await scheduleOf(cluster);
  const machines = (await Machines.of(cluster, before)).named(words);
  const scheduled = new Set(scheduledMachines(before).map(({ id }) => machineKey(id)));
  const absent = machines.find((id) => !scheduled.has(machineKey(id)));
  if (absent !== undefined) {
    throw new CommandError(
      EXIT.notFound,
      `no maintenance of ${machineName(absent)} is scheduled: mesoscale maintenance schedule shows what is`,
    );
  }
  const who = namesText(machines.map(machineName));
  await replaceSchedule(cluster, before, withoutMachines(before, machines), values, {
    consequence: `Calls the maintenance of ${who} off.`,
    done: `the maintenance of ${who} is called off`,
  });
}

export async function setSchedule({
  words: [file = ''],
  values,
}: Asked<typeof MAINTENANCE_SET_FLAGS>): Promise<void> {
  const after = scheduleIn(file);
  const expected = values.if_unchanged === undefined ? undefined : scheduleIn(values.if_unchanged);
  const cluster = await Cluster.of(values);
  const before = await scheduleOf(cluster);
  if (expected !== undefined && !isSameSchedule(before, expected)) {
    throw changed(` since ${values.if_unchanged} was written`);
  }
  const [was, is] = [before, after].map((each) => scheduledMachines(each));
  const kept = new Set((is ?? []).map(({ id }) => machineKey(id)));
  const gone = (was ?? []).filter(({ id }) => !kept.has(machineKey(id)));
  const off =
    gone.length === 0 ? '' : ` Called off: ${namesText(gone.map(({ id }) => machineName(id)))}.`;
  await replaceSchedule(cluster, before, after, values, {
    consequence: `Replaces the schedule of ${counted(was?.length ?? 0, 'machine')} by that of ${counted(is?.length ?? 0, 'machine')}.${off}`,
    done: `maintenance of ${counted(is?.length ?? 0, 'machine')} is scheduled`,
  });
}

async function replaceSchedule(
  cluster: Cluster,
  before: Schedule,
  after: Schedule,
  values: DeedValues,
  texts: Pick<Deed, 'consequence' | 'done'>,
): Promise<void> {
  await perform(
    cluster,
    {
      ...texts,
      guard: async () => {
        if (!isSameSchedule(await scheduleOf(cluster), before)) {
          throw changed(' meanwhile');
        }
      },
      calls: [
        {
          type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
          update_maintenance_schedule: { schedule: after },
        },
      ],
    },
    values,
  );
}

const changed = (when: string) =>
  new CommandError(
    EXIT.failed,
    `the schedule was changed by somebody${when}, and nothing was done: mesoscale maintenance schedule shows it`,
  );

const MOST_TOLD = 5;

const namesText = (names: readonly string[]): string =>
  names.length > MOST_TOLD ? counted(names.length, 'machine') : names.join(', ');

/** Throws FlagError. */
function scheduleIn(file: string): Schedule {
  try {
    const json = parseJson(readTextFile(file));
    return messageOf('FILE', types.Schedule, Array.isArray(json) ? { windows: json } : json);
  } catch (error) {
    if (error instanceof FlagError || error instanceof WireError) {
      throw new FlagError(`${file}: ${error.message.replaceAll(/--FILE:? ?/g, '')}`);
    }
    const why = whyUnreadable(error);
    throw new FlagError(`${file} cannot be read (${why})`);
  }
}
