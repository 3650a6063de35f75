// What would come of a change: the master makes it on a copy of its allocator, and the page shows
// the cluster before and after. Then it can be done, where there is a call for it.
import type { ComponentChildren } from 'preact';
import { addedAgents, addedAgentsProblem, agentFlags } from '../calls/added-agents.ts';
import {
  AT_LEAST,
  AT_MOST,
  chosenOfConfig,
  quotaConfigOf,
  quotaProblem,
  weightProblem,
} from '../calls/quotas.ts';
import { CopyButton } from '../components/copy-button.tsx';
import { Chips, Choice, Pills, SearchField } from '../components/filters.tsx';
import { ForecastTable } from '../components/forecast-table.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { QueryField } from '../components/query-field.tsx';
import { useReading } from '../components/reading.ts';
import { type Action, actionsDone } from '../dialogs/action.tsx';
import { ActionBar } from '../dialogs/action-bar.tsx';
import { drainAgents, MAX_AT_ONCE } from '../dialogs/agents-actions.tsx';
import { teardown } from '../dialogs/framework-actions.tsx';
import { setQuota, setWeight } from '../dialogs/quota-actions.tsx';
import { href } from '../locations/location.ts';
import { AGENT_FILTERS, agentPasses, agentsNamed } from '../store/agent-filter.ts';
import type { Cluster } from '../store/cluster.ts';
import { own } from '../store/own.ts';
import { AMOUNT_NAMES } from '../store/sums.ts';
import { call } from '../stream/requests.ts';
import { counted, RESOURCE_TITLES } from '../words/amounts.ts';
import {
  clusterLines,
  type Forecast,
  type ForecastLine,
  forecastWarnings,
  roomWords,
  shareLines,
} from '../words/forecasts.ts';
import { plainName, plainText } from '../words/names.ts';

/** It takes a thread of the master for a while. */
const EVERY_MS = 15_000;
/** Those of a framework that are named. */
const MAX_TASKS = 8;

/** What is planned: the change that the master is told, and how it is done in earnest. */
interface Plan {
  readonly change: object;
  readonly says: string;
  readonly action?: Action;
  /** Flags to do it with, where no call does. */
  readonly line?: string;
}

type Query = Readonly<Record<string, string>>;

interface Kind {
  readonly title: string;
  readonly Fields: (props: { cluster: Cluster }) => ComponentChildren;
  /** Why it makes no sense as it is said. */
  readonly problem?: (query: Query) => string | undefined;
  /** Undefined until enough is said. */
  readonly planOf: (cluster: Cluster, query: Query) => Plan | undefined;
}

const KINDS: Readonly<Record<string, Kind>> = {
  drain: {
    title: 'Drain agents',
    Fields: ({ cluster }) => (
      <>
        <SearchField label="Agents: hosts, ids, attributes" />
        <Chips
          names={['agents', ...AGENT_FILTERS.slice(1)]}
          nameOf={(name, value) => (name === 'agents' ? agentsNamed(cluster, value) : value)}
        />
      </>
    ),
    planOf: (cluster, query) => {
      const { agents: named } = query;
      const isSaid = [named, ...AGENT_FILTERS.map((name) => query[name])].some(Boolean);
      const ids = named === undefined ? undefined : new Set(named.split(','));
      const agents = [...cluster.agents.values()].filter(
        (agent) =>
          isSaid && !agent.isRecovered && ids?.has(agent.id) !== false && agentPasses(agent, query),
      );
      const agent_ids = agents.map(({ id }) => ({ value: id }));
      const drained = `${counted(agents.length, 'agent')} drained`;
      return agents.length === 0
        ? undefined
        : {
            change: { type: 'DRAIN_AGENTS', drain_agents: { agent_ids } },
            ...(agents.length > MAX_AT_ONCE
              ? { says: `${drained} (from the page ${MAX_AT_ONCE} are drained at once at most)` }
              : { says: drained, action: drainAgents(agents) }),
          };
    },
  },
  add: {
    title: 'Add agents',
    Fields: () => (
      <>
        <QueryField name="count" label="How many" type="number" placeholder="0" />
        <AmountFields prefix="" label="" />
        <QueryField name="attributes" label="Attributes" type="text" placeholder="rack:7; zone:a" />
      </>
    ),
    problem: addedAgentsProblem,
    planOf: (_, query) => {
      const add_agents = addedAgents(query);
      return add_agents === undefined
        ? undefined
        : {
            change: { type: 'ADD_AGENTS', add_agents },
            says: `${counted(add_agents.count, 'agent')} more`,
            line: agentFlags(query),
          };
    },
  },
  quota: {
    title: 'Set a quota',
    Fields: () => (
      <>
        <QueryField name="role" label="Role" type="text" placeholder="its name" />
        <AmountFields prefix={AT_LEAST} label="at least" />
        <AmountFields prefix={AT_MOST} label="at most" />
      </>
    ),
    problem: (query) => (query.role === undefined ? undefined : quotaProblem(query)),
    planOf: (_, query) => {
      const quota = quotaConfigOf(query);
      return quota.role === ''
        ? undefined
        : {
            change: { type: 'SET_QUOTAS', set_quotas: { quota_configs: [quota] } },
            says: `The quota of ${quota.role} replaced by this`,
            action: setQuota(chosenOfConfig(quota)),
          };
    },
  },
  weight: {
    title: 'Set a weight',
    Fields: () => (
      <>
        <QueryField name="role" label="Role" type="text" placeholder="its name" />
        <QueryField name="weight" label="Weight" type="number" placeholder="1" />
      </>
    ),
    problem: (query) => (query.weight === undefined ? undefined : weightProblem(query)),
    planOf: (_, { role = '', weight = '' }) =>
      role === '' || !(Number(weight) > 0)
        ? undefined
        : {
            change: {
              type: 'SET_WEIGHTS',
              set_weights: { weight_infos: [{ role, weight: Number(weight) }] },
            },
            says: `The weight of ${role} set to ${weight}`,
            action: setWeight({ role, weight }),
          },
  },
  remove: {
    title: 'Remove a framework',
    Fields: ({ cluster }) => (
      <Choice
        name="framework"
        label="Framework"
        options={[...cluster.frameworks.values()]
          .filter(({ isCompleted }) => !isCompleted)
          .map(({ id, name }) => ({ value: id, text: `${plainName(name)} (${id})` }))}
      />
    ),
    planOf: (cluster, { framework: id = '' }) => {
      const framework = cluster.frameworks.get(id);
      return framework === undefined || framework.isCompleted
        ? undefined
        : {
            change: { type: 'REMOVE_FRAMEWORK', remove_framework: { framework_id: { value: id } } },
            says: `${framework.name} removed`,
            action: teardown(framework),
          };
    },
  },
};

function AmountFields({ prefix, label }: { prefix: string; label: string }) {
  return AMOUNT_NAMES.map((name) => (
    <QueryField
      key={name}
      name={`${prefix}${name}`}
      label={`${RESOURCE_TITLES[name]}${name === 'mem' || name === 'disk' ? ', MB' : ''} ${label}`}
      type="number"
      placeholder={prefix === '' ? '0' : 'any'}
    />
  ));
}

const USUAL_KIND = 'drain';

export function WhatIfView() {
  const cluster = useCluster();
  const { query } = place.value;
  const kind = own(KINDS, query.kind ?? USUAL_KIND) ?? KINDS[USUAL_KIND];
  if (cluster === undefined || kind === undefined) {
    return <Loading what="the cluster" />;
  }
  const problem = kind.problem?.(query);
  const plan = problem === undefined ? kind.planOf(cluster, query) : undefined;
  return (
    <>
      <div class="view-head">
        <h1>What if?</h1>
        {plan?.action === undefined ? null : <ActionBar actions={[plan.action]} />}
      </div>
      <div class="filters">
        <Pills
          name="kind"
          label="What is changed"
          options={Object.entries(KINDS).map(([key, { title }]) => ({
            value: key === USUAL_KIND ? '' : key,
            text: title,
          }))}
        />
      </div>
      <div class="filters" key={query.kind}>
        <kind.Fields cluster={cluster} />
      </div>
      {plan === undefined ? (
        <Empty title="Nothing is planned">
          {problem === undefined ? (
            'Say what would be changed. Nothing is done by asking: a button of its own does it.'
          ) : (
            <Name text={problem} />
          )}
        </Empty>
      ) : (
        <Outcome cluster={cluster} plan={plan} />
      )}
    </>
  );
}

function Outcome({ cluster, plan: { change, says, line } }: { cluster: Cluster; plan: Plan }) {
  const about = `plan ${JSON.stringify(change)} ${actionsDone.value}`;
  const { value, failure } = useReading(about, EVERY_MS, (signal) =>
    call<Forecast>('PLAN', { plan: { changes: [change] } }, signal),
  );
  if (value === undefined) {
    return failure === undefined ? <Loading what="the outcome" /> : <Failed failure={failure} />;
  }
  const nameOf = (id: string) => cluster.frameworks.get(id)?.name || id;
  const ending = value.ending_tasks ?? [];
  const shares = shareLines(value, nameOf);
  const isDrain = 'drain_agents' in change;
  const room = roomWords(value);
  return (
    <div class="stack">
      <section class="panel">
        <h2>
          <Name text={says} />
        </h2>
        <p>
          <strong>
            {ending.length === 0
              ? 'No task ends.'
              : `Tasks that end: ${counted(
                  ending.reduce((sum, { tasks }) => sum + tasks, 0),
                  'task',
                )}.`}
          </strong>
        </p>
        <ul class="lines">
          {ending.map(({ framework_id: { value: id }, tasks, examples = [] }) => (
            <li key={id}>
              {counted(tasks, 'task')} of{' '}
              <a href={href(['frameworks', id])}>
                <Name text={nameOf(id)} title={id} />
              </a>
              {examples.slice(0, MAX_TASKS).map(({ value }, index) => (
                <span key={value}>
                  {index === 0 ? ': ' : ', '}
                  <a href={href(['tasks', id, value])}>
                    <Name text={cluster.task(id, value)?.name || value} title={value} />
                  </a>
                </span>
              ))}
              {examples.length > 0 && tasks > MAX_TASKS ? ' …' : ''}
            </li>
          ))}
        </ul>
        {isDrain && room !== undefined && ending.length > 0 ? <p>{room}</p> : null}
        {line === undefined ? null : (
          <p>
            To do it, start agents with <code class="fixed">{plainText(line)}</code>{' '}
            <CopyButton text={line} what="these flags" />
          </p>
        )}
        {forecastWarnings(value).map((warning) => (
          <p key={warning} class="bar" data-kind="warn">
            <Name text={warning} />
          </p>
        ))}
      </section>
      <Lines title="The cluster" lines={clusterLines(value)} />
      <p class="quiet">
        What is offered is as of this moment: it follows who has declined what a second ago.
      </p>
      {shares.length === 0 ? null : <Lines title="Roles and frameworks" lines={shares} />}
    </div>
  );
}

function Lines(props: { title: string; lines: readonly ForecastLine[] }) {
  return (
    <section class="panel files-panel">
      <ForecastTable {...props} />
    </section>
  );
}
