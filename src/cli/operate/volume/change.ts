// `mesoscale volume create`, `destroy`, `grow` and `shrink`.
import { BYTES_PER_MEGABYTE, parseBytes } from '../../../model/bytes.ts';
import { closestName } from '../../../model/closest-name.ts';
import { MasterCall_Type, type Resource, Volume_Mode } from '../../../model/generated/messages.ts';
import {
  isPersistentVolume,
  reservationRole,
  toReservationLists,
  withoutVolume,
} from '../../../model/resource-format.ts';
import { FlagError } from '../../flags/faults.ts';
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

export async function destroyVolume({
  words: [id = ''],
  values,
}: Asked<typeof VOLUME_DANGER_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const volume = await volumeNamed(cluster, id, values.agent);
  await performOn(
    cluster,
    fromOf(volume),
    {
      consequence: `Destroys ${nameOf(volume)}: what is in it is lost.${usedText(volume)}`,
      calls: [
        {
          type: MasterCall_Type.DESTROY_VOLUMES,
          destroy_volumes: {
            agent_id: { value: agentId(volume.agent) },
            volumes: [volume.resource],
          },
        },
      ],
      done: `${nameOf(volume)} is destroyed; its disk stays reserved`,
    },
    values,
  );
}

export async function growVolume({
  words: [id = '', by = ''],
  values,
}: Asked<typeof VOLUME_GROW_FLAGS>): Promise<void> {
  const scalar = { value: megabytesIn(by) };
  const cluster = await Cluster.of(values);
  const volume = await volumeNamed(cluster, id, values.agent);
  const { agent, resource } = volume;
  await performOn(
    cluster,
    fromOf(volume),
    {
      consequence: `Adds ${amountText('disk', scalar.value)} to ${nameOf(volume)}.`,
      calls: [
        {
          type: MasterCall_Type.GROW_VOLUME,
          grow_volume: {
            agent_id: { value: agentId(agent) },
            volume: resource,
            addition: { ...withoutVolume(resource), scalar },
          },
        },
      ],
      done: `${nameOf(volume)} has ${amountText('disk', scalar.value)} more`,
    },
    values,
  );
}

export async function shrinkVolume({
  words: [id = '', by = ''],
  values,
}: Asked<typeof VOLUME_DANGER_FLAGS>): Promise<void> {
  const subtract = { value: megabytesIn(by) };
  const cluster = await Cluster.of(values);
  const volume = await volumeNamed(cluster, id, values.agent);
  const { agent, resource } = volume;
  await performOn(
    cluster,
    fromOf(volume),
    {
      consequence: `Takes ${amountText('disk', subtract.value)} from ${nameOf(volume)}: what is in it must fit in the rest.${usedText(volume)}`,
      calls: [
        {
          type: MasterCall_Type.SHRINK_VOLUME,
          shrink_volume: { agent_id: { value: agentId(agent) }, volume: resource, subtract },
        },
      ],
      done: `${nameOf(volume)} has ${amountText('disk', subtract.value)} less`,
    },
    values,
  );
}

const fromOf = ({ agent, resource }: Volume) => ({ agent, role: reservationRole(resource) });

const nameOf = (volume: Volume): string =>
  `volume ${volumeId(volume)} (${amountText('disk', volume.resource.scalar?.value)} of role ${reservationRole(volume.resource)}) on ${agentName(volume.agent)}`;

const usedText = ({ isUsed }: Volume) =>
  isUsed ? ' A task uses it now: the master refuses it as long as that is so.' : '';

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
