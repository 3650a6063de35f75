// `mesoscale agent list`.
import { formatAttributes } from '../../../model/attribute-text.ts';
import { DrainState } from '../../../model/generated/messages.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { amountText, type QuantitiesOf, quantitiesOf, sizeUnitOf } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentJson, type PerhapsMissing } from '../connection/missing-agents.ts';
import { agentId, allAgentsOf, idOrPid, isRecovered } from '../connection/things.ts';
import { ageColumn } from '../output/age-column.ts';
import type { Column, Listing } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import { msOf } from '../times.ts';
import type { AGENT_LIST_FLAGS } from './flags.ts';

type Values = FlagValues<typeof AGENT_LIST_FLAGS>;

/** What operators ask first: does it take tasks? */
export function stateOf(agent: PerhapsMissing): string {
  const { active, deactivated, drain_info, missing } = agent;
  if (missing !== undefined) {
    return missing.state;
  }
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

function columns(amountsOf: QuantitiesOf, nowMs: number): readonly Column<PerhapsMissing>[] {
  const amount = (title: string, name: string, isWide = false): Column<PerhapsMissing> => ({
    title,
    text: ({ total_resources, allocated_resources }) => {
      const total = amountsOf(total_resources)[name];
      const used = amountsOf(allocated_resources)[name] ?? 0;
      return total === undefined ? '' : `${amountText(name, used)}/${amountText(name, total)}`;
    },
    order: ({ allocated_resources }) => amountsOf(allocated_resources)[name] ?? 0,
    sizeUnit: sizeUnitOf(name),
    isRight: true,
    isWide,
  });
  const sinceMs = ({ registered_time, reregistered_time, missing }: PerhapsMissing) =>
    msOf(missing?.since ?? reregistered_time ?? registered_time);
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
    { title: 'WHY', text: ({ missing }) => missing?.why ?? '', isWide: true },
  ];
}

/** What `agent list` shows, and what --filter of others looks at. */
export const agentListing = (
  agents: readonly PerhapsMissing[],
  amountsOf: QuantitiesOf,
  nowMs: number,
): Listing<PerhapsMissing> => ({
  rows: agents,
  columns: columns(amountsOf, nowMs),
  nameOf: idOrPid,
  jsonOf: agentJson,
  none: 'no agents are registered',
});

export async function listAgents(values: Values): Promise<void> {
  const cluster = await Cluster.of(values);
  const amountsOf = await quantitiesOf();
  await presentList(values, async () =>
    agentListing(await listedAgents(cluster, values.all), amountsOf, Date.now()),
  );
}

/** Those that are gone stay known for long, and are asked for seldom. */
async function listedAgents(cluster: Cluster, withGone: boolean) {
  const all = await allAgentsOf(cluster);
  return withGone ? all : all.filter(({ missing }) => missing?.state !== 'gone');
}
