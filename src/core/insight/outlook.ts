// What a cluster comes to after changes: they are made on a copy of the allocator, which then makes
// offers until it makes no more.
import {
  AgentInfo_Capability_Type,
  type Forecast_FrameworkOutlook,
  type Forecast_Outlook,
  type Forecast_RoleOutlook,
  type Forecast_Uncovered,
  type Forecast_UnmetGuarantee,
  type PlanChange,
  type PlanChange_AddAgents,
  PlanChange_Type,
} from '../../model/generated/messages.ts';
import { type AgentId, agentId, type FrameworkId, frameworkId } from '../../model/ids.ts';
import { roleAncestors } from '../../model/role.ts';
import type { HeldOnAgent, LiveAllocator, Quantities, Quota } from '../interface.ts';
import { ownValue } from '../own-value.ts';
import { amountsField, isLess, rest, sum } from './amounts.ts';

interface Settings {
  readonly quotas: Readonly<Record<string, Quota>>;
  readonly weights: Readonly<Record<string, number>>;
}

/** Runs after which a copy that still makes offers is left as it is. */
const MAX_RUNS = 20;
const DEFAULT_WEIGHT = 1;

/** What is read and changed of one copy. */
interface Trial {
  readonly allocator: LiveAllocator;
  readonly quotas: Map<string, Quota>;
  readonly weights: Map<string, number>;
  /** Roles by framework: those of its terms, and those in which it holds something. */
  readonly roles: Map<FrameworkId, Set<string>>;
}

/** Changes the allocator, which is a copy of the live one. */
export function outlook(
  allocator: LiveAllocator,
  settings: Settings,
  changes: readonly PlanChange[],
): Forecast_Outlook {
  const trial: Trial = {
    allocator,
    quotas: new Map(Object.entries(settings.quotas)),
    weights: new Map(Object.entries(settings.weights)),
    roles: new Map(allocator.frameworkRoles().map(([id, roles]) => [id, new Set(roles)])),
  };
  takeOffersBack(trial);
  for (const change of changes) {
    make(trial, change);
  }
  const before = readHeld(trial);
  const { runs, settled, agents } = offerAll(allocator);
  return report(trial, before, { runs, settled, agents });
}

function takeOffersBack({ allocator, roles }: Trial): void {
  for (const id of allocator.agentIds()) {
    for (const held of allocator.holdings(id)) {
      if (held.used.length > 0) {
        roles.get(held.frameworkId)?.add(held.role);
      }
      if (held.offered.length > 0) {
        giveBack(allocator, id, held, 'offered');
      }
    }
  }
}

function giveBack(
  allocator: LiveAllocator,
  id: AgentId,
  held: HeldOnAgent,
  kind: 'offered' | 'used',
): void {
  allocator.recover({
    frameworkId: held.frameworkId,
    agentId: id,
    role: held.role,
    resources: held[kind],
    wasUsed: kind === 'used',
    refuseSeconds: 0,
  });
}

function make(trial: Trial, change: PlanChange): void {
  const { allocator, quotas, weights, roles } = trial;
  switch (change.type) {
    case PlanChange_Type.DRAIN_AGENTS:
      for (const { value } of change.drain_agents?.agent_ids ?? []) {
        drain(allocator, agentId(value));
      }
      break;
    case PlanChange_Type.ADD_AGENTS:
      if (change.add_agents !== undefined) {
        addAgents(allocator, change.add_agents);
      }
      break;
    case PlanChange_Type.SET_QUOTAS:
      for (const config of change.set_quotas?.quota_configs ?? []) {
        const quota = {
          guarantees: plainAmounts(config.guarantees),
          limits: plainAmounts(config.limits),
        };
        quotas.set(config.role, quota);
        allocator.updateQuota(config.role, quota);
      }
      break;
    case PlanChange_Type.SET_WEIGHTS:
      for (const { role = '', weight } of change.set_weights?.weight_infos ?? []) {
        weights.set(role, weight);
        allocator.updateWeights({ [role]: weight });
      }
      break;
    case PlanChange_Type.REMOVE_FRAMEWORK: {
      const id = frameworkId(change.remove_framework?.framework_id.value ?? '');
      if (roles.delete(id)) {
        allocator.removeFramework(id);
      }
      break;
    }
    case PlanChange_Type.UNKNOWN:
      break;
    default:
      change.type satisfies never;
  }
}

const plainAmounts = (scalars: Readonly<Record<string, { readonly value: number }>> = {}) =>
  Object.fromEntries(Object.entries(scalars).map(([name, { value }]) => [name, value]));

/** The agent's tasks end, and it is offered no more. One that is drained already stays so. */
function drain(allocator: LiveAllocator, id: AgentId): void {
  for (const held of allocator.holdings(id)) {
    if (held.used.length > 0) {
      giveBack(allocator, id, held, 'used');
    }
  }
  allocator.deactivateAgent(id);
}

const EVERY_CAPABILITY = Object.values(AgentInfo_Capability_Type).filter(
  (type) => type !== AgentInfo_Capability_Type.UNKNOWN,
);

function addAgents(allocator: LiveAllocator, added: PlanChange_AddAgents): void {
  const { count, resources = [], attributes = [], domain } = added;
  const taken = new Set(allocator.agentIds());
  let number = 1;
  for (let made = 0; made < count; made++) {
    while (taken.has(agentId(`plan-${number}`))) {
      number++;
    }
    const id = agentId(`plan-${number++}`);
    allocator.addAgent({
      id,
      facts: {
        hostname: id,
        attributes,
        region: domain?.fault_domain?.region.name,
        zone: domain?.fault_domain?.zone.name,
      },
      capabilities: EVERY_CAPABILITY,
      total: resources,
      used: [],
    });
  }
}

/** What is held by framework and role, and by role with those below it. */
interface Held {
  readonly byFramework: ReadonlyMap<FrameworkId, ReadonlyMap<string, Quantities>>;
  readonly byRole: ReadonlyMap<string, Quantities>;
}

function readHeld({ allocator, roles, quotas, weights }: Trial): Held {
  const byFramework = new Map<FrameworkId, Map<string, Quantities>>();
  const known = new Set<string>([...quotas.keys(), ...weights.keys()]);
  for (const [id, own] of roles) {
    const byOwnRole = new Map<string, Quantities>();
    for (const role of own) {
      known.add(role);
      byOwnRole.set(role, allocator.held(id, role));
    }
    byFramework.set(id, byOwnRole);
  }
  const byRole = new Map<string, Quantities>();
  for (const role of [...known].flatMap((it) => [it, ...roleAncestors(it)])) {
    const { plainHeld, reservedHeld } = allocator.roleSums(role);
    byRole.set(role, sum(plainHeld, reservedHeld));
  }
  return { byFramework, byRole };
}

interface Offering {
  readonly runs: number;
  readonly settled: boolean;
  /** By framework and role: of which agents it got offers. */
  readonly agents: ReadonlyMap<string, ReadonlySet<AgentId>>;
}

const leafKey = (id: FrameworkId, role: string) => JSON.stringify([id, role]);

/** Shared volumes are offered in every run anew: with nothing else, a run has offered nothing. */
function offerAll(allocator: LiveAllocator): Offering {
  const agents = new Map<string, Set<AgentId>>();
  let runs = 0;
  let settled = false;
  while (!settled && runs < MAX_RUNS) {
    const batch = allocator.runBatch();
    runs++;
    settled = true;
    for (let index = 0; index < batch.count; index++) {
      const key = leafKey(batch.frameworkId(index), batch.role(index));
      const known = agents.get(key) ?? new Set();
      agents.set(key, known.add(batch.agentId(index)));
      settled &&= batch.resources(index).every(({ shared }) => shared !== undefined);
    }
  }
  return { runs, settled, agents };
}

function report(trial: Trial, before: Held, offering: Offering): Forecast_Outlook {
  const { allocator } = trial;
  const after = readHeld(trial);
  const { total, used, offered } = allocator.clusterSums({ onlyActive: true });
  const roles = rolesReport(trial, before, after);
  const frameworks = frameworksReport(before, after, offering);
  const unmet = unmetGuarantees(trial);
  const uncovered = uncoveredGuarantees(trial, total);
  return {
    agents: allocator.agentIds({ onlyActive: true }).length,
    ...amountsField('capacity', total),
    ...amountsField('allocated', used),
    ...amountsField('offered', offered),
    ...(roles.length > 0 && { roles }),
    ...(frameworks.length > 0 && { frameworks }),
    ...(unmet.length > 0 && { unmet_guarantees: unmet }),
    ...(uncovered.length > 0 && { uncovered }),
    runs: offering.runs,
    settled: offering.settled,
    paused: allocator.paused,
  };
}

function rolesReport(
  { quotas, weights }: Trial,
  before: Held,
  after: Held,
): Forecast_RoleOutlook[] {
  return [...before.byRole.keys()].sort().map((role) => {
    const allocated = before.byRole.get(role) ?? {};
    const { guarantees = {}, limits = {} } = quotas.get(role) ?? {};
    return {
      role,
      weight: weights.get(role) ?? DEFAULT_WEIGHT,
      ...amountsField('allocated', allocated),
      ...amountsField('offered', rest(after.byRole.get(role) ?? {}, allocated)),
      ...amountsField('guarantees', guarantees),
      ...amountsField('limits', limits),
    };
  });
}

function frameworksReport(
  before: Held,
  after: Held,
  { agents }: Offering,
): Forecast_FrameworkOutlook[] {
  const rows: Forecast_FrameworkOutlook[] = [];
  for (const id of [...before.byFramework.keys()].sort()) {
    const byRole = before.byFramework.get(id) ?? new Map<string, Quantities>();
    for (const role of [...byRole.keys()].sort()) {
      const allocated = byRole.get(role) ?? {};
      const held = after.byFramework.get(id)?.get(role) ?? {};
      rows.push({
        framework_id: { value: id },
        role,
        ...amountsField('allocated', allocated),
        ...amountsField('offered', rest(held, allocated)),
        offered_agents: agents.get(leafKey(id, role))?.size ?? 0,
      });
    }
  }
  return rows;
}

function unmetGuarantees({ allocator, quotas }: Trial): Forecast_UnmetGuarantee[] {
  return [...quotas.keys()].sort().flatMap((role) => {
    const { plainHeld, reserved } = allocator.roleSums(role);
    const held = sum(plainHeld, reserved);
    return Object.entries(quotas.get(role)?.guarantees ?? {})
      .filter(([resource, guarantee]) => isLess(held, resource, guarantee))
      .map(([resource, guarantee]) => ({
        role,
        resource,
        guarantee,
        held: held[resource] ?? 0,
      }));
  });
}

function uncoveredGuarantees({ quotas }: Trial, capacity: Quantities): Forecast_Uncovered[] {
  let guaranteed: Quantities = {};
  for (const { guarantees } of quotas.values()) {
    guaranteed = sum(guaranteed, guarantees);
  }
  return Object.entries(guaranteed)
    .filter(([resource, amount]) => isLess(capacity, resource, amount))
    .map(([resource, amount]) => ({
      resource,
      guaranteed: amount,
      capacity: ownValue(capacity, resource) ?? 0,
    }));
}
