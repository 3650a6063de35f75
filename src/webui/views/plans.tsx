// The changes that “What if?” can be asked about: their fields, what the master is told of them,
// and how they are done in earnest.
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
import { Chips, Choice, SearchField } from '../components/filters.tsx';
import { QueryField } from '../components/query-field.tsx';
import type { Action } from '../dialogs/action.tsx';
import { drainAgents, MAX_AT_ONCE } from '../dialogs/agents-actions.tsx';
import { teardown } from '../dialogs/framework-actions.tsx';
import { setQuota, setWeight } from '../dialogs/quota-actions.tsx';
import { AGENT_FILTERS, agentPasses, agentsNamed } from '../store/agent-filter.ts';
import type { Cluster } from '../store/cluster.ts';
import { knownRoles, topRoles } from '../store/known-roles.ts';
import { own } from '../store/own.ts';
import type { AgentRow } from '../store/rows.ts';
import { AMOUNT_NAMES } from '../store/sums.ts';
import { counted, RESOURCE_TITLES } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';

/** What is planned: the change that the master is told, and how it is done in earnest. */
export interface Plan {
  readonly change: object;
  readonly says: string;
  readonly action?: Action;
  /** Flags to do it with, where no call does. */
  readonly line?: string;
}

export type PlanQuery = Readonly<Record<string, string>>;

interface Kind {
  readonly title: string;
  readonly Fields: (props: { cluster: Cluster }) => ComponentChildren;
  /** Why it makes no sense as it is said. */
  readonly problem?: (query: PlanQuery, cluster: Cluster) => string | undefined;
  /** Undefined until enough is said. */
  readonly planOf: (cluster: Cluster, query: PlanQuery) => Plan | undefined;
}

/** Those that a query says, where it says any. */
function agentsMeant(cluster: Cluster, query: PlanQuery): readonly AgentRow[] {
  const { agents: named } = query;
  const isSaid = [named, ...AGENT_FILTERS.map((name) => query[name])].some(Boolean);
  const ids = named === undefined ? undefined : new Set(named.split(','));
  return [...cluster.agents.values()].filter(
    (agent) =>
      isSaid && !agent.isRecovered && ids?.has(agent.id) !== false && agentPasses(agent, query),
  );
}

export const KINDS: Readonly<Record<string, Kind>> = {
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
    problem: (query, cluster) => {
      const agents = agentsMeant(cluster, query);
      return agents.length > 0 && agents.every(({ drainState }) => drainState !== 0)
        ? `${counted(agents.length, 'agent')} of these: drained already, or about to be.`
        : undefined;
    },
    planOf: (cluster, query) => {
      const agents = agentsMeant(cluster, query).filter(({ drainState }) => drainState === 0);
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
      <div class="query-fields">
        <QueryField name="count" label="How many" type="number" placeholder="0" />
        <QueryField name="attributes" label="Attributes" type="text" placeholder="rack:7; zone:a" />
        <AmountFields prefix="" label="" />
      </div>
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
    Fields: ({ cluster }) => (
      <div class="query-fields">
        <RoleField proposals={topRoles(cluster)} />
        <AmountFields prefix={AT_LEAST} label="at least" />
        <AmountFields prefix={AT_MOST} label="at most" />
      </div>
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
    Fields: ({ cluster }) => (
      <div class="query-fields">
        <RoleField proposals={knownRoles(cluster)} />
        <QueryField name="weight" label="Weight" type="number" placeholder="1" />
      </div>
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

const RoleField = ({ proposals }: { proposals: readonly string[] }) => (
  <QueryField name="role" label="Role" type="text" placeholder="its name" proposals={proposals} />
);

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

/** Of places that do not say one. */
export const USUAL_KIND = 'drain';

export const kindOf = (query: PlanQuery): Kind =>
  own(KINDS, query.kind ?? USUAL_KIND) ?? (KINDS[USUAL_KIND] as Kind);

/** Undefined where it makes no sense, or not enough is said. */
export function planOf(cluster: Cluster, query: PlanQuery): Plan | undefined {
  const kind = kindOf(query);
  return kind.problem?.(query, cluster) === undefined ? kind.planOf(cluster, query) : undefined;
}
