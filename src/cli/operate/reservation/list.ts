// `mesoscale reservation list`.
import type {
  MasterResponse_GetAgents_Agent as Agent,
  Resource,
} from '../../../model/generated/messages.ts';
import {
  isPersistentVolume,
  isReserved,
  toReservationLists,
} from '../../../model/resource-format.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentsOf } from '../connection/things.ts';
import { presentList } from '../output/present.ts';
import { bareText, isDynamic, labelsText, stackText } from '../resource-words.ts';
import type { RESERVATION_LIST_FLAGS } from './flags.ts';

interface Row {
  readonly agent: Agent;
  /** All of one stack of reservations. */
  readonly resources: readonly Resource[];
}

const stackOf = ({ resources: [first] }: Row) => first?.reservations ?? [];
const lastOf = (row: Row) => stackOf(row).at(-1);
const volumesOf = ({ resources }: Row) => resources.filter(isPersistentVolume);

export async function listReservations(
  values: FlagValues<typeof RESERVATION_LIST_FLAGS>,
): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList<Row>(values, async () => ({
    rows: (await agentsOf(cluster)).flatMap(rowsOf),
    columns: [
      { title: 'AGENT', text: ({ agent }) => agent.agent_info.hostname },
      { title: 'ROLE', text: (row) => lastOf(row)?.role ?? '' },
      {
        title: 'TYPE',
        text: (row) => (stackOf(row).slice(-1).every(isDynamic) ? 'dynamic' : 'static'),
      },
      {
        title: 'RESOURCES',
        text: ({ resources }) => bareText(resources.filter((each) => !isPersistentVolume(each))),
      },
      {
        title: 'VOLUMES',
        text: (row) =>
          volumesOf(row)
            .map(({ disk }) => disk?.persistence?.id)
            .join(','),
      },
      { title: 'PRINCIPAL', text: (row) => lastOf(row)?.principal ?? '' },
      { title: 'LABELS', text: (row) => labelsText(lastOf(row)?.labels) },
      { title: 'OUT OF', text: (row) => stackText(stackOf(row).slice(0, -1)), isWide: true },
      { title: 'AGENT ID', text: ({ agent }) => agentId(agent), isWide: true },
    ],
    nameOf: ({ agent }) => agentId(agent),
    jsonOf: ({ agent, resources }) =>
      jsonValue(types.MasterCall_UnreserveResources, {
        agent_id: { value: agentId(agent) },
        resources: [...resources],
      }),
    none: 'nothing is reserved',
  }));
}

function rowsOf(agent: Agent): readonly Row[] {
  const reserved = toReservationLists(agent.total_resources).filter(isReserved);
  const groups = Map.groupBy(reserved, ({ reservations }) => JSON.stringify(reservations));
  return [...groups.values()].map((resources) => ({ agent, resources }));
}
