// `mesoscale volume list`, and finding the volume that is meant.

import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  type Resource,
  Resource_DiskInfo_Source_Type as SourceType,
} from '../../../model/generated/messages.ts';
import {
  isPersistentVolume,
  reservationRole,
  toReservationLists,
} from '../../../model/resource-format.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { amountText } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentsOf } from '../connection/things.ts';
import { presentList } from '../output/present.ts';
import type { VOLUME_LIST_FLAGS } from './flags.ts';

export interface Volume {
  readonly agent: Agent;
  readonly resource: Resource;
  /** A task has it. */
  readonly isUsed: boolean;
}

export const volumeId = ({ resource }: Volume): string => resource.disk?.persistence?.id ?? '';

const sourceName = enumNames(SourceType);

export async function listVolumes(values: FlagValues<typeof VOLUME_LIST_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList<Volume>(values, async () => ({
    rows: (await agentsOf(cluster)).flatMap(volumesOn),
    columns: [
      { title: 'ID', text: volumeId },
      { title: 'ROLE', text: ({ resource }) => reservationRole(resource) },
      {
        title: 'SIZE',
        text: ({ resource }) => amountText('disk', resource.scalar?.value),
        order: ({ resource }) => resource.scalar?.value ?? 0,
        sizeUnit: 'MB',
        isRight: true,
      },
      { title: 'AGENT', text: ({ agent }) => agent.agent_info.hostname },
      { title: 'USED', text: ({ isUsed }) => (isUsed ? 'yes' : '') },
      { title: 'PATH', text: ({ resource }) => resource.disk?.volume?.container_path ?? '' },
      { title: 'PRINCIPAL', text: ({ resource }) => resource.disk?.persistence?.principal ?? '' },
      {
        title: 'SHARED',
        text: ({ resource }) => (resource.shared === undefined ? '' : 'yes'),
        isWide: true,
      },
      {
        title: 'DISK',
        text: ({ resource: { disk } }) =>
          disk?.source === undefined ? '' : (sourceName(disk.source.type ?? 0) ?? ''),
        isWide: true,
      },
      { title: 'AGENT ID', text: ({ agent }) => agentId(agent), isWide: true },
    ],
    nameOf: volumeId,
    jsonOf: ({ agent, resource }) =>
      jsonValue(types.MasterCall_DestroyVolumes, {
        agent_id: { value: agentId(agent) },
        volumes: [resource],
      }),
    none: 'there are no volumes',
  }));
}

export function volumesOn(agent: Agent): readonly Volume[] {
  const key = (resource: Resource) =>
    JSON.stringify([reservationRole(resource), resource.disk?.persistence?.id]);
  const used = new Set(
    toReservationLists(agent.allocated_resources).filter(isPersistentVolume).map(key),
  );
  return toReservationLists(agent.total_resources)
    .filter(isPersistentVolume)
    .map((resource) => ({ agent, resource, isUsed: used.has(key(resource)) }));
}
