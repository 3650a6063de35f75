// Roles, weights, quotas and maintenance, as they are read.
import {
  type ClusterStatus,
  type InverseOfferStatus,
  MachineInfo_Mode,
  type MasterResponse_GetRoles,
  type QuotaStatus,
  type Role,
  type Schedule,
  Value_Type,
  type WeightInfo,
} from '../../model/generated/messages.ts';
import type { Json } from '../../wire/v0-json/writing.ts';
import { agentMachineKey } from '../agents/machines.ts';
import { quotaConfig } from '../roles/quota.ts';
import { frameworksByRole, holdersOf, holdingsOfRole, knownRoles } from '../roles/roles.ts';
import type { Framework, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { seesFramework, seesFrameworkId, seesRole } from './visibility.ts';

const DEFAULT_WEIGHT = 1;

const scalarResources = (amounts: Readonly<Record<string, number>>) =>
  Object.entries(amounts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, type: Value_Type.SCALAR, scalar: { value } }));

export function getRoles(state: MasterState, viewer: Viewer): MasterResponse_GetRoles {
  const held = holdersOf(state, { counted: false });
  const members = frameworksByRole(state, held);
  const roles: Role[] = [];
  for (const name of knownRoles(state, held, members)) {
    if (!seesRole(viewer, name)) {
      continue;
    }
    const role: Role = { name, weight: state.weights.get(name) ?? DEFAULT_WEIGHT };
    const frameworks = visibleMembers(members, name, viewer).map(({ idMessage }) => idMessage);
    const resources = scalarResources(holdingsOfRole(held, name).held);
    if (frameworks.length > 0) {
      role.frameworks = frameworks;
    }
    if (resources.length > 0) {
      role.resources = resources;
    }
    roles.push(role);
  }
  return roles.length === 0 ? {} : { roles };
}

export function rolesView(state: MasterState, viewer: Viewer): Json {
  const held = holdersOf(state, { counted: true });
  const members = frameworksByRole(state, held);
  const roles = knownRoles(state, held, members).filter((name) => seesRole(viewer, name));
  return {
    roles: roles.map((name) => {
      const quota = state.quotas.get(name);
      const of = holdingsOfRole(held, name);
      return {
        name,
        weight: state.weights.get(name) ?? DEFAULT_WEIGHT,
        quota: {
          role: name,
          guarantee: quota?.guarantees ?? {},
          limit: quota?.limits ?? {},
          consumed: of.consumed,
        },
        resources: of.held,
        allocated: of.used,
        offered: of.offered,
        reserved: of.reserved,
        frameworks: visibleMembers(members, name, viewer).map(({ id }) => id),
      };
    }),
  };
}

const visibleMembers = (
  members: ReadonlyMap<string, readonly Framework[]>,
  role: string,
  viewer: Viewer,
) => (members.get(role) ?? []).filter((it) => seesFramework(viewer, it));

export function visibleWeights(state: MasterState, viewer: Viewer): WeightInfo[] {
  return [...state.weights]
    .filter(([role]) => seesRole(viewer, role))
    .map(([role, weight]) => ({ role, weight }));
}

const seesQuota = ({ principal, authorizer }: Viewer, role: string) =>
  authorizer.authorize(principal, 'GET_QUOTA', { value: role });

/** Who may set a quota that it may not see must not take it for none. */
export const hasUnseenQuotas = ({ quotas }: MasterState, viewer: Viewer): boolean =>
  [...quotas.keys()].some((role) => !seesQuota(viewer, role));

export function quotaStatus(state: MasterState, viewer: Viewer): QuotaStatus {
  const visible = [...state.quotas].filter(([role]) => seesQuota(viewer, role));
  if (visible.length === 0) {
    return {};
  }
  return {
    infos: visible.map(([role, { guarantees }]) => {
      const guarantee = scalarResources(guarantees);
      return guarantee.length === 0 ? { role } : { role, guarantee };
    }),
    configs: visible.map(([role, amounts]) => quotaConfig(role, amounts)),
  };
}

export function maintenanceSchedule(state: MasterState, viewer: Viewer): Schedule {
  const { principal, authorizer } = viewer;
  const windows = [];
  for (const window of state.schedules[0]?.windows ?? []) {
    const machine_ids = (window.machine_ids ?? []).filter((id) =>
      authorizer.authorize(principal, 'GET_MAINTENANCE_SCHEDULE', { value: id.hostname }),
    );
    if (machine_ids.length > 0) {
      windows.push({ ...window, machine_ids });
    }
  }
  return windows.length === 0 ? {} : { windows };
}

export function maintenanceStatus(state: MasterState, viewer: Viewer): ClusterStatus {
  const { principal, authorizer } = viewer;
  const answers = inverseAnswers(state, viewer);
  const draining = [];
  const down = [];
  for (const [key, { info }] of state.machines) {
    if (!authorizer.authorize(principal, 'GET_MAINTENANCE_STATUS', { value: info.id.hostname })) {
      continue;
    }
    if (info.mode === MachineInfo_Mode.DRAINING) {
      const statuses = answers.get(key);
      draining.push(statuses === undefined ? { id: info.id } : { id: info.id, statuses });
    } else if (info.mode === MachineInfo_Mode.DOWN) {
      down.push(info.id);
    }
  }
  return {
    ...(draining.length > 0 && { draining_machines: draining }),
    ...(down.length > 0 && { down_machines: down }),
  };
}

function inverseAnswers(state: MasterState, viewer: Viewer): Map<string, InverseOfferStatus[]> {
  const answers = new Map<string, InverseOfferStatus[]>();
  if (state.machines.size > 0) {
    for (const agent of state.agents.registered.values()) {
      if (agent.inverseAnswers !== undefined) {
        const key = agentMachineKey(agent.info.hostname, agent.ip);
        const visible = agent.inverseAnswers
          .values()
          .filter(({ framework_id }) => seesFrameworkId(state, viewer, framework_id));
        answers.set(key, [...(answers.get(key) ?? []), ...visible]);
      }
    }
  }
  return answers;
}
