// All agents, searched, filtered and sorted.
import { useState } from 'preact/hooks';
import { type AgentLine, AgentMap, useShare } from '../components/agent-map.tsx';
import { ConditionBadge } from '../components/badge.tsx';
import { Chips, Choice, type Option, Pills, SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { Share } from '../components/share.tsx';
import { type Orders, sorting } from '../components/sorting.ts';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { ActionBar } from '../dialogs/action-bar.tsx';
import { actionsForAgents } from '../dialogs/agents-actions.tsx';
import { ScheduleButton } from '../dialogs/maintenance-actions.tsx';
import { href, type Query } from '../locations/location.ts';
import { AGENT_FILTERS, agentPasses, attributeText, placeText } from '../store/agent-filter.ts';
import type { RefusedAgent } from '../store/away-agents.ts';
import type { Cluster } from '../store/cluster.ts';
import type { AgentRow } from '../store/rows.ts';
import { byText } from '../store/task-list.ts';
import { counted, countText } from '../words/amounts.ts';
import {
  AGENT_CONDITIONS,
  AWAY_CONDITIONS,
  agentCondition,
  agentName,
  type Condition,
} from '../words/conditions.ts';
import { plainName } from '../words/names.ts';
import { REFUSED, RefusedAgents, refusedPasses } from './refused-agents.tsx';

const ORDERS: Orders<AgentLine> = {
  host: (left, right) => byText(left.agent.hostname, right.agent.hostname),
  state: (left, right) => byText(agentCondition(left.agent).text, agentCondition(right.agent).text),
  place: (left, right) => byText(placeText(left.agent), placeText(right.agent)),
  tasks: (left, right) => left.use.sums.live - right.use.sums.live,
  cpus: (left, right) => useShare(left, 'cpus') - useShare(right, 'cpus'),
  mem: (left, right) => useShare(left, 'mem') - useShare(right, 'mem'),
  since: (left, right) => (left.agent.loss?.sinceMs ?? 0) - (right.agent.loss?.sinceMs ?? 0),
  registered: (left, right) => left.agent.registeredMs - right.agent.registeredMs,
};

export function AgentsView() {
  const cluster = useCluster();
  return (
    <>
      <div class="view-head">
        <h1>Agents</h1>
      </div>
      {cluster === undefined ? <Loading what="agents" lines={12} /> : <Agents cluster={cluster} />}
    </>
  );
}

function Agents({ cluster }: { cluster: Cluster }) {
  // It is the same cluster when it has changed: with that alone this would not be drawn again.
  useCluster();
  const { query } = place.value;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { sort, onSort, sorted } = sorting(ORDERS, { key: 'host', isDescending: false });
  const all = [...cluster.agents.values()];
  // The numbers beside states are those of the list with the other filters.
  const { state, ...others } = query;
  const passing = all.filter((agent) => agentPasses(agent, others));
  const lost = [...cluster.away.lost.values()].filter((agent) => agentPasses(agent, others));
  const refused = cluster.away.refused.filter((agent) => refusedPasses(agent, others));
  const shown = state !== undefined && state in AWAY_CONDITIONS ? lost : passing;
  const rows = sorted(
    shown
      .filter((agent) => agentPasses(agent, query))
      .map((agent) => ({ agent, use: cluster.use(agent.id) })),
  );
  // Of what is chosen, that which is shown: nobody does something to what they do not see.
  const those = rows.flatMap(({ agent }) => (chosen.has(agent.id) ? [agent] : []));
  return (
    <>
      <div class="filters">
        <SearchField label="Search hosts, ids, attributes" />
        <Choice name="place" label="Place" options={optionsOf(all.map(placeText))} />
        <Choice
          name="attribute"
          label="Attribute"
          options={optionsOf(all.flatMap(({ attributes }) => attributes.map(attributeText)))}
        />
        <Chips names={['version']} />
      </div>
      <div class="filters">
        <Pills name="state" label="State" options={stateOptions(passing, lost, refused.length)} />
        {shown === lost || state === REFUSED ? null : (
          <Pills name="view" label="Shown as" options={SHOWN_AS} />
        )}
        {query.view === 'map' && shown !== lost && state !== REFUSED ? (
          <>
            <Choice name="by" label="Grouped by" unset="place" options={groupings(all)} />
            <Choice name="heat" label="Heat" unset="CPUs" options={HEATS} />
          </>
        ) : null}
      </div>
      {state === REFUSED ? (
        <RefusedAgents agents={refused} />
      ) : rows.length === 0 ? (
        <NoAgents all={all} lost={lost} refused={refused} isOfLost={shown === lost} />
      ) : shown === lost ? (
        <>
          <TableCount text={counted(rows.length, 'agent')} />
          <Table
            label="Agents"
            columns={LOST_COLUMNS}
            rows={rows}
            keyOf={({ agent }) => agent.id}
            hrefOf={({ agent }) => href(['agents', agent.id])}
            sort={sort}
            onSort={onSort}
          />
        </>
      ) : query.view === 'map' ? (
        <AgentMap
          lines={rows}
          groupOf={grouping(query.by)}
          heat={query.heat === 'mem' ? 'mem' : 'cpus'}
        />
      ) : (
        <>
          <ChosenAgents agents={those} count={rows.length} onNone={() => setChosen(new Set())} />
          <Table
            label="Agents"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ agent }) => agent.id}
            hrefOf={({ agent }) => href(['agents', agent.id])}
            sort={sort}
            onSort={onSort}
            selection={{
              chosen,
              onChoose: setChosen,
              nameOf: ({ agent }) => plainName(agentName(agent)),
            }}
          />
        </>
      )}
    </>
  );
}

interface NoAgentsProps {
  readonly all: readonly AgentRow[];
  /** Those that pass the other filters. */
  readonly lost: readonly AgentRow[];
  readonly refused: readonly RefusedAgent[];
  /** Whether these are what is looked for. */
  readonly isOfLost: boolean;
}

/** Who looks for an agent that is away is led there. */
function NoAgents({ all, lost, refused, isOfLost }: NoAgentsProps) {
  const elsewhere = [
    ...(isOfLost ? [] : Object.values(AWAY_CONDITIONS)).map(({ key, text }) => ({
      ...{ key, text: `that is ${text.toLowerCase()}` },
      count: lost.filter((agent) => agentCondition(agent).key === key).length,
    })),
    { key: REFUSED, text: 'that may not register', count: refused.length },
  ].filter(({ count }) => count > 0);
  return (
    <Empty title="No agents">
      {all.length === 0 && !isOfLost
        ? 'No agent is registered with this master. Start one with the address of the master.'
        : 'No agent passes these filters.'}
      {elsewhere.map(({ key, text, count }) => (
        <span key={key}>
          {' '}
          <a href={href(['agents'], { ...place.value.query, state: key })}>
            {count === 1 ? `One ${text}` : `${countText(count)} ${text.replace(' is ', ' are ')}`}
          </a>
          .
        </span>
      ))}
    </Empty>
  );
}

interface ChosenAgentsProps {
  readonly agents: readonly AgentRow[];
  /** Of all that are shown. */
  readonly count: number;
  readonly onNone: () => void;
}

/** What can be done to those that are chosen. */
function ChosenAgents({ agents, count, onNone }: ChosenAgentsProps) {
  const said = counted(count, 'agent');
  const planned = plannedOf(agents);
  return (
    <div class="table-chosen">
      <TableCount
        text={agents.length === 0 ? said : `${said}, ${countText(agents.length)} chosen`}
      />
      {agents.length === 0 ? null : (
        <>
          <ActionBar actions={actionsForAgents(agents)} />
          <ScheduleButton agents={agents} />
          <button type="button" class="button" onClick={onNone}>
            Choose none
          </button>
        </>
      )}
      {planned === undefined ? null : (
        <a class="button" href={href(['what-if'], planned)}>
          What if they go?
        </a>
      )}
    </div>
  );
}

/** Those that are chosen, or else what a filter has left; undefined where that is too much. */
function plannedOf(agents: readonly AgentRow[]): Query | undefined {
  if (agents.length === 0) {
    const { query } = place.value;
    const filters = AGENT_FILTERS.map((name) => [name, query[name]] as const);
    return filters.some(([, value]) => value !== undefined)
      ? Object.fromEntries(filters)
      : undefined;
  }
  return agents.length > MAX_LINKED ? undefined : { agents: agents.map(({ id }) => id).join(',') };
}

/** More would make too long a link. */
const MAX_LINKED = 100;

const SHOWN_AS: readonly Option[] = [
  { value: '', text: 'Table' },
  { value: 'map', text: 'Map' },
];
const HEATS: readonly Option[] = [{ value: 'mem', text: 'Memory' }];

/** By region and zone, or by an attribute. */
const grouping = (by: string | undefined) => (agent: AgentRow) =>
  by === undefined
    ? placeText(agent)
    : (agent.attributes.find(({ name }) => name === by)?.text ?? '');

const groupings = (agents: readonly AgentRow[]) =>
  optionsOf(agents.flatMap(({ attributes }) => attributes.map(({ name }) => name)));

/** Where all differ a choice is of no use. */
const MAX_OPTIONS = 500;

function optionsOf(texts: readonly string[]): readonly Option[] {
  const different = [...new Set(texts.filter(Boolean))];
  return different.length > MAX_OPTIONS
    ? []
    : different.sort(byText).map((value) => ({ value, text: plainName(value) }));
}

/** Agents that are there by how they are, and then those that are not. */
function stateOptions(
  agents: readonly AgentRow[],
  lost: readonly AgentRow[],
  refused: number,
): readonly Option[] {
  const counts = Map.groupBy<string, AgentRow>(
    [...agents, ...lost],
    (agent) => agentCondition(agent).key,
  );
  const of = (conditions: Readonly<Record<string, Condition>>) =>
    Object.values(conditions).map(({ key, text }) => ({
      ...{ value: key, text },
      count: counts.get(key)?.length ?? 0,
    }));
  return [
    { value: '', text: 'Registered', count: agents.length },
    ...[
      ...of(AGENT_CONDITIONS),
      ...of(AWAY_CONDITIONS),
      { value: REFUSED, text: 'Refused', count: refused },
    ].filter(({ value, count }) => count > 0 || value === place.value.query.state),
  ];
}

/** Of agents that are unreachable or gone. */
const LOST_COLUMNS: readonly Column<AgentLine>[] = [
  {
    ...{ key: 'host', title: 'Agent', width: '1.8fr', isSortable: true },
    cell: ({ agent }) => <Name text={agentName(agent)} title={agent.id} />,
  },
  {
    ...{ key: 'state', title: 'State', width: '112px' },
    cell: ({ agent }) => <ConditionBadge condition={agentCondition(agent)} />,
  },
  {
    ...{ key: 'why', title: 'Why', width: '2fr', isWide: true },
    phone: 'below',
    cell: ({ agent: { loss } }) => <Name text={loss?.message || '–'} />,
  },
  {
    ...{ key: 'tasks', title: 'Tasks', width: '64px', isNumber: true, isSortable: true },
    phone: 'corner',
    cell: ({ use }) => countText(use.tasks.size),
  },
  {
    ...{ key: 'since', title: 'Since', width: '110px', isNumber: true, isSortable: true },
    phone: 'below',
    cell: ({ agent: { loss } }) => <Ago ms={loss?.sinceMs ?? 0} />,
  },
];

const COLUMNS: readonly Column<AgentLine>[] = [
  {
    ...{ key: 'host', title: 'Agent', width: '1.8fr', isSortable: true },
    cell: ({ agent }) => <Name text={agentName(agent)} title={agent.id} />,
  },
  {
    ...{ key: 'state', title: 'State', width: '112px', isSortable: true },
    cell: ({ agent }) => <ConditionBadge condition={agentCondition(agent)} />,
  },
  {
    ...{ key: 'place', title: 'Place', width: '1fr', isSortable: true, isWide: true },
    phone: 'below',
    cell: ({ agent }) => <Name text={placeText(agent)} />,
  },
  {
    ...{ key: 'attributes', title: 'Attributes', width: '1.2fr', isWide: true },
    cell: ({ agent }) => <Name text={agent.attributes.map(attributeText).join(', ')} />,
  },
  {
    ...{ key: 'tasks', title: 'Tasks', width: '64px', isNumber: true, isSortable: true },
    phone: 'corner',
    cell: ({ use }) => countText(use.sums.live),
  },
  {
    ...{ key: 'cpus', title: 'CPUs', width: '120px', isSortable: true, isWide: true },
    phone: 'below',
    cell: ({ agent, use }) => (
      <Share name="cpus" part={use.sums.amounts[0]} total={agent.total[0]} />
    ),
  },
  {
    ...{ key: 'mem', title: 'Memory', width: '140px', isSortable: true, isWide: true },
    cell: ({ agent, use }) => (
      <Share name="mem" part={use.sums.amounts[1]} total={agent.total[1]} />
    ),
  },
  {
    ...{ key: 'registered', title: 'Registered', width: '110px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    cell: ({ agent }) => <Ago ms={agent.registeredMs} />,
  },
];
