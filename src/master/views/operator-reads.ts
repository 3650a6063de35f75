// The read calls of the operator API.
import {
  type MasterCall,
  MasterCall_Type,
  type MasterResponse,
  MasterResponse_Type,
} from '../../model/generated/messages.ts';
import type { MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { metricsView } from './metrics.ts';
import { missingAgentsView } from './missing-agents.ts';
import { namedBy } from './named.ts';
import { getOffers } from './offers.ts';
import {
  getRoles,
  hasUnseenQuotas,
  maintenanceSchedule,
  maintenanceStatus,
  quotaStatus,
  visibleWeights,
} from './roles.ts';
import {
  getAgents,
  getExecutors,
  getFrameworks,
  getOperations,
  getState,
  getTasks,
} from './state-message.ts';

/** The answer of a read call; undefined for a call that is none. */
export function readCall(
  state: MasterState,
  call: MasterCall,
  viewer: Viewer,
): MasterResponse | undefined {
  const type = MasterResponse_Type;
  switch (call.type) {
    case MasterCall_Type.GET_HEALTH:
      return { type: type.GET_HEALTH, get_health: { healthy: true } };
    case MasterCall_Type.GET_FLAGS:
      return getFlags(state, viewer);
    case MasterCall_Type.GET_VERSION:
      return { type: type.GET_VERSION, get_version: { version_info: state.options.version } };
    case MasterCall_Type.GET_METRICS:
      return getMetrics(state);
    case MasterCall_Type.GET_STATE:
      return { type: type.GET_STATE, get_state: getState(state, viewer) };
    case MasterCall_Type.GET_AGENTS:
      return {
        type: type.GET_AGENTS,
        get_agents: {
          ...getAgents(state, viewer, {
            withHeld: call.get_agents?.totals_only !== true,
            named: namedBy(call.get_agents),
          }),
          ...(call.get_agents?.missing && missingAgentsView(state, viewer)),
        },
      };
    case MasterCall_Type.GET_FRAMEWORKS:
      return {
        type: type.GET_FRAMEWORKS,
        get_frameworks: getFrameworks(state, viewer, {
          withHeld: call.get_frameworks?.infos_only !== true,
        }),
      };
    case MasterCall_Type.GET_EXECUTORS:
      return { type: type.GET_EXECUTORS, get_executors: getExecutors(state, viewer) };
    case MasterCall_Type.GET_OPERATIONS:
      return { type: type.GET_OPERATIONS, get_operations: getOperations(state, viewer) };
    case MasterCall_Type.GET_TASKS:
      return { type: type.GET_TASKS, get_tasks: getTasks(state, viewer, namedBy(call.get_tasks)) };
    case MasterCall_Type.GET_ROLES:
      return { type: type.GET_ROLES, get_roles: getRoles(state, viewer) };
    case MasterCall_Type.GET_WEIGHTS:
      return getWeights(state, viewer);
    case MasterCall_Type.GET_MASTER:
      return getMaster(state);
    case MasterCall_Type.GET_MAINTENANCE_STATUS:
      return {
        type: type.GET_MAINTENANCE_STATUS,
        get_maintenance_status: { status: maintenanceStatus(state, viewer) },
      };
    case MasterCall_Type.GET_MAINTENANCE_SCHEDULE:
      return {
        type: type.GET_MAINTENANCE_SCHEDULE,
        get_maintenance_schedule: { schedule: maintenanceSchedule(state, viewer) },
      };
    case MasterCall_Type.GET_QUOTA:
      return {
        type: type.GET_QUOTA,
        get_quota: {
          status: quotaStatus(state, viewer),
          ...(call.get_quota?.unseen && { has_unseen: hasUnseenQuotas(state, viewer) }),
        },
      };
    case MasterCall_Type.GET_OFFERS:
      return { type: type.GET_OFFERS, get_offers: getOffers(state, call.get_offers ?? {}, viewer) };
    default:
      return undefined;
  }
}

function getFlags(state: MasterState, viewer: Viewer): MasterResponse | undefined {
  if (!viewer.authorizer.authorize(viewer.principal, 'VIEW_FLAGS')) {
    return undefined;
  }
  const flags = Object.entries(state.options.flags).map(([name, value]) => ({ name, value }));
  return { type: MasterResponse_Type.GET_FLAGS, get_flags: { flags } };
}

function getMetrics(state: MasterState): MasterResponse {
  const metrics = Object.entries(metricsView(state, state.nowMs));
  return {
    type: MasterResponse_Type.GET_METRICS,
    get_metrics: { metrics: metrics.map(([name, value]) => ({ name, value })) },
  };
}

function getWeights(state: MasterState, viewer: Viewer): MasterResponse {
  const weight_infos = visibleWeights(state, viewer);
  return weight_infos.length === 0
    ? { type: MasterResponse_Type.GET_WEIGHTS }
    : { type: MasterResponse_Type.GET_WEIGHTS, get_weights: { weight_infos } };
}

function getMaster(state: MasterState): MasterResponse {
  return {
    type: MasterResponse_Type.GET_MASTER,
    get_master: {
      master_info: state.info,
      start_time: state.options.startTimeMs / 1000,
      elected_time: state.electedMs / 1000,
    },
  };
}
