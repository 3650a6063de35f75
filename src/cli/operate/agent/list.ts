// `mesoscale agent list`.
import { formatAttributes } from '../../../model/attribute-text.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  DrainState,
} from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { amountText, type QuantitiesOf, quantitiesOf } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, isRecovered, knownAgentsOf } from '../connection/things.ts';
import { ageColumn } from '../output/age-column.ts';
import type { Column, Listing } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import { msOf } from '../times.ts';
import type { AGENT_LIST_FLAGS } from './flags.ts';

type Values = FlagValues<typeof AGENT_LIST_FLAGS>;

/** What operators ask first: does it take tasks? */
export function stateOf(agent: Agent): string {
  const { active, deactivated, drain_info } = agent;
  switch (drain_info?.state) {
    case DrainState.DRAINING:
      return 'draining';
    case DrainState.DRAINED:
      return 'drained';
    default:
      if (deactivated || active) {
        return deactivated ? 'deactivated' : 'active';
      }
      return isRecovered(agent) ? 'recovered' : 'disconnected';
  }
}

function columns(amountsOf: QuantitiesOf, nowMs: number): readonly Column<Agent>[] {
  const amount = (title: string, name: string, isWide = false): Column<Agent> => ({
    title,
    text: ({ total_resources, allocated_resources }) => {
      const total = amountsOf(total_resources)[name];
      const used = amountsOf(allocated_resources)[name] ?? 0;
      return total === undefined ? '' : `${amountText(name, used)}/${amountText(name, total)}`;
    },
    order: ({ allocated_resources }) => amountsOf(allocated_resources)[name] ?? 0,
    isRight: true,
    isWide,
  });
  const sinceMs = ({ registered_time, reregistered_time }: Agent) =>
    msOf(reregistered_time ?? registered_time);
  return [
    { title: 'ID', text: agentId },
    { title: 'HOST', text: ({ agent_info }) => agent_info.hostname },
    { title: 'STATE', text: stateOf },
    amount('CPUS', 'cpus'),
    amount('MEM', 'mem'),
    amount('DISK', 'disk'),
    amount('GPUS', 'gpus', true),
    ageColumn(nowMs, sinceMs),
    {
      title: 'ATTRIBUTES',
      text: ({ agent_info }) => formatAttributes(agent_info.attributes ?? []),
      isWide: true,
    },
    {
      title: 'REGION',
      text: ({ agent_info }) => agent_info.domain?.fault_domain?.region.name ?? '',
      isWide: true,
    },
    {
      title: 'ZONE',
      text: ({ agent_info }) => agent_info.domain?.fault_domain?.zone.name ?? '',
      isWide: true,
    },
    { title: 'VERSION', text: ({ version }) => version, isWide: true },
  ];
}

/** What `agent list` shows, and what --filter of others looks at. */
export const agentListing = (
  agents: readonly Agent[],
  amountsOf: QuantitiesOf,
  nowMs: number,
): Listing<Agent> => ({
  rows: agents,
  columns: columns(amountsOf, nowMs),
  nameOf: agentId,
  jsonOf: (agent) => jsonValue(types.MasterResponse_GetAgents_Agent, agent),
  none: 'no agents are registered',
});

export async function listAgents(values: Values): Promise<void> {
  const cluster = await Cluster.of(values);
  const amountsOf = await quantitiesOf();
  await presentList(values, async () =>
    agentListing(await knownAgentsOf(cluster), amountsOf, Date.now()),
  );
}
