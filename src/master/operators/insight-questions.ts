// What EXPLAIN and PLAN ask, made into questions of the core; or why it cannot be asked.
import type {
  ExplainQuestion,
  InsightQuestion,
  PlanQuestion,
  Quantities,
} from '../../core/interface.ts';
import {
  type MasterCall_Explain,
  type MasterCall_Plan,
  type PlanChange,
  type PlanChange_AddAgents,
  PlanChange_Type,
  type Value_Scalar,
} from '../../model/generated/messages.ts';
import { agentId, type FrameworkId, frameworkId } from '../../model/ids.ts';
import { toReservationLists } from '../../model/resource-format.ts';
import { configuredResourcesError } from '../../model/resource-validation.ts';
import { amountsOf, recordOf } from '../roles/quantities.ts';
import { quotaConfigsError } from '../roles/quota.ts';
import { weightError } from '../roles/weights.ts';
import type { Framework, MasterState } from '../state.ts';
import { countError, MAX_AGENT_RESOURCES, MAX_ENTRIES } from '../validation/count.ts';
import { scalarError } from '../validation/framework.ts';
import { seesFramework, seesRole } from '../views/visibility.ts';
import type { Viewer } from '../views.ts';

/** Agents that an EXPLAIN names, or that a PLAN drains or adds; resource names of a demand. */
const MAX_NAMED_AGENTS = 50_000;
const MAX_ADDED_AGENTS = 20_000;
const MAX_DEMANDED = 100;
const MAX_CHANGES = 100;
const MAX_ATTRIBUTES = 1_000;

export type Judged =
  | { readonly question: InsightQuestion }
  | { readonly status: 400 | 403; readonly refusal: string };

/** Refuses as one that does not exist a framework that the viewer may not see. */
export function explainQuestion(
  state: MasterState,
  call: MasterCall_Explain | undefined,
  viewer: Viewer,
): Judged {
  const framework = visibleFramework(state, frameworkId(call?.framework_id.value ?? ''), viewer);
  if (framework === undefined) {
    return invalid(NO_FRAMEWORK);
  }
  const named = call?.agent_ids ?? [];
  const unknown = named.find(({ value }) => !state.agents.registered.has(agentId(value)));
  const error =
    countError("'agent_ids'", named.length, MAX_NAMED_AGENTS) ??
    (unknown && `No registered agent found with ID '${unknown.value}'`) ??
    demandError(call?.demand);
  if (error !== undefined) {
    return invalid(error);
  }
  const agentIds =
    named.length === 0 ? undefined : [...new Set(named.map(({ value }) => agentId(value)))];
  const asked = call?.role === undefined ? [...framework.roles].sort() : [call.role];
  const question: ExplainQuestion = {
    kind: 'explain',
    nowMs: state.nowMs,
    frameworkId: framework.id,
    roles: asked.filter((role) => seesRole(viewer, role)),
    agentIds,
    demand: call?.demand === undefined ? undefined : demandOf(call.demand),
    onOffer: onOffer(framework, agentIds && new Set<string>(agentIds)),
    quotas: recordOf(state.quotas),
  };
  return { question };
}

const invalid = (refusal: string): Judged => ({ status: 400, refusal });

const NO_FRAMEWORK = 'No framework found with specified ID';

function visibleFramework(
  state: MasterState,
  id: FrameworkId,
  viewer: Viewer,
): Framework | undefined {
  const framework = state.frameworks.registered.get(id);
  return framework !== undefined && seesFramework(viewer, framework) ? framework : undefined;
}

const demandOf = (demand: Record<string, Value_Scalar>): Quantities => amountsOf(demand);

function demandError(demand: Record<string, Value_Scalar> = {}): string | undefined {
  const entries = Object.entries(demand);
  for (const [name, { value }] of entries) {
    const error = scalarError(value);
    if (error !== undefined) {
      return `Invalid demand of '${name}': ${error}`;
    }
  }
  return countError("'demand'", entries.length, MAX_DEMANDED);
}

function onOffer(
  { offers }: Framework,
  agentIds: ReadonlySet<string> | undefined,
): Record<string, number> {
  const agents = new Map<string, Set<string>>();
  for (const { role, agent } of offers) {
    if (agentIds?.has(agent.id) !== false) {
      agents.set(role, (agents.get(role) ?? new Set()).add(agent.id));
    }
  }
  return recordOf([...agents].map(([role, ids]) => [role, ids.size]));
}

export function planQuestion(
  state: MasterState,
  call: MasterCall_Plan | undefined,
  viewer: Viewer,
): Judged {
  const changes = call?.changes ?? [];
  const error = countError("'changes'", changes.length, MAX_CHANGES) ?? addedError(changes);
  if (error !== undefined) {
    return invalid(error);
  }
  for (const [index, change] of changes.entries()) {
    const wrong = changeError(state, change, viewer);
    if (wrong !== undefined) {
      return invalid(`Invalid change ${index}: ${wrong}`);
    }
  }
  const hidden = changes.flatMap(rolesOf).find((role) => !seesRole(viewer, role));
  if (hidden !== undefined) {
    return { status: 403, refusal: `The role '${hidden}' may not be viewed` };
  }
  const question: PlanQuestion = {
    kind: 'plan',
    changes: changes.map(normalized),
    quotas: recordOf(state.quotas),
    weights: recordOf(state.weights),
  };
  return { question };
}

function addedError(changes: readonly PlanChange[]): string | undefined {
  const added = changes.reduce((sum, { add_agents }) => sum + (add_agents?.count ?? 0), 0);
  return added > MAX_ADDED_AGENTS
    ? `The changes add ${added} agents, which is more than ${MAX_ADDED_AGENTS}`
    : undefined;
}

/** Resources in the form that the core counts. */
const normalized = (change: PlanChange): PlanChange =>
  change.add_agents === undefined
    ? change
    : {
        ...change,
        add_agents: {
          ...change.add_agents,
          resources: toReservationLists(change.add_agents.resources),
        },
      };

function changeError(state: MasterState, change: PlanChange, viewer: Viewer): string | undefined {
  switch (change.type) {
    case PlanChange_Type.DRAIN_AGENTS:
      return change.drain_agents === undefined
        ? missing('drain_agents')
        : drainError(state, change.drain_agents.agent_ids ?? []);
    case PlanChange_Type.ADD_AGENTS:
      return change.add_agents === undefined ? missing('add_agents') : addError(change.add_agents);
    case PlanChange_Type.SET_QUOTAS: {
      const { quota_configs = [] } = change.set_quotas ?? {};
      return change.set_quotas === undefined
        ? missing('set_quotas')
        : quotaConfigsError(quota_configs);
    }
    case PlanChange_Type.SET_WEIGHTS: {
      const { weight_infos = [] } = change.set_weights ?? {};
      return change.set_weights === undefined ? missing('set_weights') : weightsError(weight_infos);
    }
    case PlanChange_Type.REMOVE_FRAMEWORK: {
      if (change.remove_framework === undefined) {
        return missing('remove_framework');
      }
      const id = frameworkId(change.remove_framework.framework_id.value);
      return visibleFramework(state, id, viewer) === undefined ? NO_FRAMEWORK : undefined;
    }
    case PlanChange_Type.UNKNOWN:
      return 'its type is not known';
    default:
      return change.type satisfies never;
  }
}

/** Those that are named must be seen: what becomes of others would tell what they hold and want. */
const rolesOf = ({ set_quotas, set_weights }: PlanChange): readonly string[] =>
  [...(set_quotas?.quota_configs ?? []), ...(set_weights?.weight_infos ?? [])].map(
    ({ role = '' }) => role,
  );

const missing = (field: string) => `Expecting '${field}' to be present`;

function drainError(
  { agents }: MasterState,
  ids: readonly { readonly value: string }[],
): string | undefined {
  const unknown = ids.find(({ value }) => !agents.registered.has(agentId(value)));
  return (
    countError("'agent_ids'", ids.length, MAX_NAMED_AGENTS) ??
    (unknown && `No registered agent found with ID '${unknown.value}'`)
  );
}

const addError = ({ resources = [], attributes = [] }: PlanChange_AddAgents) =>
  countError("'resources'", resources.length, MAX_AGENT_RESOURCES) ??
  countError("'attributes'", attributes.length, MAX_ATTRIBUTES) ??
  configuredResourcesError(toReservationLists(resources));

function weightsError(
  infos: readonly { readonly role?: string; readonly weight: number }[],
): string | undefined {
  const tooMany = countError("'weight_infos'", infos.length, MAX_ENTRIES);
  if (tooMany !== undefined) {
    return tooMany;
  }
  for (const { role = '', weight } of infos) {
    const error = weightError(role, weight);
    if (error !== undefined) {
      return `'weight_infos'${error}`;
    }
  }
  return undefined;
}
