// `mesoscale maintenance schedule` and `maintenance status`.

import { formatDuration } from '../../../model/duration.ts';
import {
  InverseOfferStatus_Status as Answer,
  type ClusterStatus_DrainingMachine as DrainingMachine,
  type MachineID,
  type Unavailability,
} from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { Cluster } from '../connection/cluster.ts';
import { frameworkNames } from '../connection/things.ts';
import type { Column } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import { momentText, msOf } from '../times.ts';
import type { MAINTENANCE_LIST_FLAGS } from './flags.ts';
import { scheduleOf, statusOf } from './machines.ts';
import { machineKey, machineName, type ScheduledMachine, scheduledMachines } from './windows.ts';

type Values = FlagValues<typeof MAINTENANCE_LIST_FLAGS>;

interface Row {
  readonly id: MachineID;
  readonly unavailability?: Unavailability | undefined;
}

const NS_PER_MS = 1e6;

const machineColumns = (): readonly Column<Row>[] => [
  { title: 'HOST', text: ({ id }) => id.hostname ?? '' },
  { title: 'IP', text: ({ id }) => id.ip ?? '' },
];

const timeColumns = (nowMs: number): readonly Column<Row>[] => [
  {
    title: 'FROM',
    text: ({ unavailability }) => momentText(msOf(unavailability?.start), nowMs) ?? '',
    order: ({ unavailability }) => msOf(unavailability?.start) ?? 0,
  },
  {
    title: 'FOR',
    text: ({ unavailability: { duration } = {} as Unavailability }) =>
      duration === undefined ? '' : formatDuration(Number(duration.nanoseconds) / NS_PER_MS),
    order: ({ unavailability }) => msOf(unavailability?.duration) ?? 0,
  },
];

export async function listSchedule(values: Values): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList<ScheduledMachine>(values, async () => ({
    rows: scheduledMachines(await scheduleOf(cluster)),
    columns: [...machineColumns(), ...timeColumns(Date.now())],
    nameOf: ({ id }) => machineName(id),
    jsonOf: ({ id, unavailability }) =>
      jsonValue(types.Window, { machine_ids: [id], unavailability }),
    none: 'no maintenance is scheduled',
  }));
}

interface Status extends Row {
  readonly draining: DrainingMachine | undefined;
}

export async function listStatus(values: Values): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList<Status>(values, async () => {
    const [{ draining_machines = [], down_machines = [] }, schedule, frameworks] =
      await Promise.all([statusOf(cluster), scheduleOf(cluster), frameworkNames(cluster)]);
    const times = new Map(
      scheduledMachines(schedule).map((each) => [machineKey(each.id), each.unavailability]),
    );
    const row = (id: MachineID, draining?: DrainingMachine): Status => ({
      id,
      draining,
      unavailability: times.get(machineKey(id)),
    });
    const answered = (title: string, answer: Answer): Column<Status> => {
      const of = ({ draining }: Status) =>
        (draining?.statuses ?? []).filter(({ status }) => status === answer);
      return {
        title,
        text: (each) => (of(each).length === 0 ? '' : String(of(each).length)),
        order: (each) => of(each).length,
        isRight: true,
      };
    };
    return {
      rows: [
        ...draining_machines.map((each) => row(each.id, each)),
        ...down_machines.map((id) => row(id)),
      ],
      columns: [
        ...machineColumns(),
        { title: 'STATE', text: ({ draining }) => (draining === undefined ? 'down' : 'draining') },
        ...timeColumns(Date.now()),
        answered('ACCEPTED', Answer.ACCEPT),
        answered('DECLINED', Answer.DECLINE),
        {
          title: 'DECLINED BY',
          text: ({ draining }) =>
            (draining?.statuses ?? [])
              .filter(({ status }) => status === Answer.DECLINE)
              .map(({ framework_id }) => frameworks.nameOf(framework_id.value))
              .join(','),
          isWide: true,
        },
      ],
      nameOf: ({ id }) => machineName(id),
      jsonOf: ({ id, draining }) =>
        draining === undefined
          ? { down: true, id: jsonValue(types.MachineID, id) }
          : jsonValue(types.ClusterStatus_DrainingMachine, draining),
      none: 'no machine is scheduled for maintenance or down',
    };
  });
}
