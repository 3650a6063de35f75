// `mesoscale maintenance down` and `up`.
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import { MasterCall_Type } from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId } from '../connection/things.ts';
import { perform } from '../deeds.ts';
import { tasksText } from '../ending-tasks.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Asked } from '../verb.ts';
import type { MAINTENANCE_DEED_FLAGS, MAINTENANCE_DOWN_FLAGS } from './flags.ts';
import { Machines, scheduleOf } from './machines.ts';
import { machineName } from './windows.ts';

export async function takeDown({
  words,
  values,
}: Asked<typeof MAINTENANCE_DOWN_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const all = await Machines.of(cluster, await scheduleOf(cluster));
  const machines = all.named(words);
  for (const id of machines) {
    if (all.isDown(id)) {
      throw new CommandError(EXIT.failed, `${machineName(id)} is down already`);
    }
  }
  const ids = new Set(all.agentsOn(machines).map(agentId));
  const ends = await tasksText(cluster, ({ agent_id }) => ids.has(agent_id.value));
  const who = machines.map(machineName).join(', ');
  await perform(
    cluster,
    {
      consequence: `Takes ${who} down: ${counted(ids.size, 'agent')} there and ${ends.text} end, and no agent is let in from there until it is brought up.`,
      calls: [{ type: MasterCall_Type.START_MAINTENANCE, start_maintenance: { machines } }],
      done: `${who} is down`,
    },
    values,
  ).catch((error: unknown) => {
    const other = machines.find((id) => !all.isScheduled(id));
    throw refused(
      error,
      other && `no maintenance of ${machineName(other)} is scheduled: maintenance add comes first`,
    );
  });
}

export async function bringUp({
  words,
  values,
}: Asked<typeof MAINTENANCE_DEED_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const all = await Machines.of(cluster, await scheduleOf(cluster));
  const machines = all.named(words);
  const who = machines.map(machineName).join(', ');
  await perform(
    cluster,
    {
      consequence: `Brings ${who} up: agents there are let in again.`,
      calls: [{ type: MasterCall_Type.STOP_MAINTENANCE, stop_maintenance: { machines } }],
      done: `${who} is up; agents there are let in again when they are started`,
    },
    values,
  ).catch((error: unknown) => {
    const other = machines.find((id) => !all.isDown(id));
    throw refused(error, other && `${machineName(other)} is not down`);
  });
}

const BAD_REQUEST = 400;

/** The master names machines and modes as its API does. */
const refused = (error: unknown, why: string | undefined): unknown =>
  error instanceof CallRefusedError && error.status === BAD_REQUEST && why !== undefined
    ? new CommandError(EXIT.failed, why)
    : error;
