// `mesoscale volume create`, `destroy`, `grow` and `shrink`.
import { BYTES_PER_MEGABYTE, parseBytes } from '../../../model/bytes.ts';
import { closestName } from '../../../model/closest-name.ts';
import {
  type AgentID,
  type MasterCall,
  MasterCall_Type,
  type Resource,
  Volume_Mode,
} from '../../../model/generated/messages.ts';
import {
  isPersistentVolume,
  reservationRole,
  toReservationLists,
  withoutVolume,
} from '../../../model/resource-format.ts';
import { FlagError } from '../../flags/faults.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { agentName } from '../agent/chosen-agents.ts';
import { performOn } from '../agent-deed.ts';
import { amountText, resourceAlgebra } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentNamed, agentsOf } from '../connection/things.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Asked } from '../verb.ts';
import type { VOLUME_CREATE_FLAGS, VOLUME_DANGER_FLAGS, VOLUME_GROW_FLAGS } from './flags.ts';
import { type Volume, volumeId, volumesOn } from './list.ts';

export async function createVolume({
  words: [text = '', id = ''],
  values,
  faults,
}: Asked<typeof VOLUME_CREATE_FLAGS>): Promise<void> {
  const role = faults.required('role', values.role, 'the role that has the disk reserved');
  const bytes = faults.required('size', values.size, 'how large it is, such as 512MB');
  faults.end();
  const scalar = { value: bytes.value / BYTES_PER_MEGABYTE };
  const cluster = await Cluster.of(values);
  const agent = agentNamed(await agentsOf(cluster), text);
  const algebra = await resourceAlgebra();
  const whole = toReservationLists(agent.total_resources).find(
    (resource) =>
      resource.name === 'disk' &&
      reservationRole(resource) === role.value &&
      !isPersistentVolume(resource) &&
      algebra.contains([resource], [{ ...resource, scalar }]),
  );
  const size = amountText('disk', scalar.value);
  if (whole === undefined) {
    throw new CommandError(
      EXIT.notFound,
      `${agentName(agent)} has no ${size} of disk reserved for role ${role.value}: mesoscale reservation add ${agent.agent_info.hostname} ${role.value} disk:${scalar.value}`,
    );
  }
  const principal = cluster.credential?.principal;
  const volume: Resource = {
    ...whole,
    scalar,
    disk: {
      ...whole.disk,
      persistence: { id, ...(principal !== undefined && { principal }) },
      volume: { mode: Volume_Mode.RW, container_path: values.path ?? id },
    },
    ...(values.shared && { shared: {} }),
  };
  await performOn(
    cluster,
    { agent, role: role.value },
    {
      consequence: `Makes volume ${id} of ${size} on ${agentName(agent)} for role ${role.value}.`,
      calls: [
        {
          type: MasterCall_Type.CREATE_VOLUMES,
          create_volumes: { agent_id: { value: agentId(agent) }, volumes: [volume] },
        },
      ],
      done: `volume ${id} of ${size} is on ${agentName(agent)} for role ${role.value}`,
    },
    values,
  );
}

export const destroyVolume = ({
  words: [id = ''],
  values,
}: Asked<typeof VOLUME_DANGER_FLAGS>): Promise<void> =>
  change(id, values, ({ onAgent, volume, name, used }) => ({
    consequence: `Destroys ${name}: what is in it is lost.${used}`,
    call: {
      type: MasterCall_Type.DESTROY_VOLUMES,
      destroy_volumes: { ...onAgent, volumes: [volume] },
    },
    done: `${name} is destroyed; its disk stays reserved`,
  }));

export async function growVolume({
  words: [id = '', by = ''],
  values,
}: Asked<typeof VOLUME_GROW_FLAGS>): Promise<void> {
  const scalar = { value: megabytesIn(by) };
  const size = amountText('disk', scalar.value);
  await change(id, values, ({ onAgent, volume, name }) => ({
    consequence: `Adds ${size} to ${name}.`,
    call: {
      type: MasterCall_Type.GROW_VOLUME,
      grow_volume: { ...onAgent, volume, addition: { ...withoutVolume(volume), scalar } },
    },
    done: `${name} has ${size} more`,
  }));
}

export async function shrinkVolume({
  words: [id = '', by = ''],
  values,
}: Asked<typeof VOLUME_DANGER_FLAGS>): Promise<void> {
  const subtract = { value: megabytesIn(by) };
  const size = amountText('disk', subtract.value);
  await change(id, values, ({ onAgent, volume, name, used }) => ({
    consequence: `Takes ${size} from ${name}: what is in it must fit in the rest.${used}`,
    call: { type: MasterCall_Type.SHRINK_VOLUME, shrink_volume: { ...onAgent, volume, subtract } },
    done: `${name} has ${size} less`,
  }));
}

/** A volume that is there, as calls and sentences have it. */
interface Meant {
  readonly onAgent: { readonly agent_id: AgentID };
  readonly volume: Resource;
  readonly name: string;
  /** A sentence more where a task uses it; else ''. */
  readonly used: string;
}

interface Change {
  readonly consequence: string;
  readonly call: MasterCall;
  readonly done: string;
}

async function change(
  id: string,
  values: FlagValues<typeof VOLUME_GROW_FLAGS>,
  changeOf: (meant: Meant) => Change,
): Promise<void> {
  const cluster = await Cluster.of(values);
  const found = await volumeNamed(cluster, id, values.agent);
  const { agent, resource, isUsed } = found;
  const { call, ...words } = changeOf({
    onAgent: { agent_id: { value: agentId(agent) } },
    volume: resource,
    name: nameOf(found),
    used: isUsed ? ' A task uses it now: the master refuses it as long as that is so.' : '',
  });
  const from = { agent, role: reservationRole(resource) };
  await performOn(cluster, from, { ...words, calls: [call] }, values);
}

const nameOf = (volume: Volume): string =>
  `volume ${volumeId(volume)} (${amountText('disk', volume.resource.scalar?.value)} of role ${reservationRole(volume.resource)}) on ${agentName(volume.agent)}`;

/** Throws FlagError. */
function megabytesIn(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined || bytes === 0) {
    throw new FlagError(`SIZE expects a size such as 128MB, got '${text}'`);
  }
  return bytes / BYTES_PER_MEGABYTE;
}

/** Rejects with CommandError where there is none, or more than one. */
async function volumeNamed(
  cluster: Cluster,
  id: string,
  onAgent: string | undefined,
): Promise<Volume> {
  const agents = await agentsOf(cluster);
  const looked = onAgent === undefined ? agents : [agentNamed(agents, onAgent)];
  const all = looked.flatMap(volumesOn);
  const [first, ...others] = all.filter((volume) => volumeId(volume) === id);
  if (first === undefined) {
    const close = closestName(id, all.map(volumeId));
    const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
    throw new CommandError(
      EXIT.notFound,
      `no volume '${id}'${meant}: mesoscale volume list shows them`,
    );
  }
  if (others.length > 0) {
    throw new CommandError(
      EXIT.notFound,
      onAgent === undefined
        ? `there are ${others.length + 1} volumes '${id}', on ${agentName(first.agent)} and others: say --agent`
        : `${agentName(first.agent)} has ${others.length + 1} volumes '${id}', of several roles: only Mesos's API tells them apart`,
    );
  }
  return first;
}
