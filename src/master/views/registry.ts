// /registrar(1)/registry: what the registry holds, which is what the master would know after a
// crash.
import type { AgentInfo } from '../../model/generated/messages.ts';
import { type AgentId, agentId } from '../../model/ids.ts';
import type { Json } from '../../wire/v0-json/writing.ts';
import { quotaConfig } from '../roles/quota.ts';
import type { MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { maintenanceSchedule } from './roles.ts';
import { lazily } from './state-endpoints.ts';
import { seesResource, seesRole } from './visibility.ts';

export function registryView(state: MasterState, viewer: Viewer): Json {
  const { principal, authorizer } = viewer;
  const { jsonOf } = state.options;
  const { agents } = state;
  const since = (map: ReadonlyMap<AgentId, bigint>, withDuty: boolean) => ({
    slaves: lazily(
      () => map,
      ([id, nanoseconds]) => ({
        id: { value: id },
        timestamp: jsonOf('TimeInfo', { nanoseconds }),
        ...(withDuty && duty(state, id)),
      }),
    ),
  });
  const machines = [...state.machines.values()].filter(({ info }) =>
    authorizer.authorize(principal, 'GET_MAINTENANCE_STATUS', { value: info.id.hostname }),
  );
  const schedule = maintenanceSchedule(state, viewer);
  return {
    master: { info: jsonOf('MasterInfo', state.info) },
    slaves: {
      slaves: lazily(
        () => admitted(state),
        (info) => ({
          info: jsonOf('AgentInfo', {
            ...info,
            resources: (info.resources ?? []).filter((it) => seesResource(viewer, it)),
          }),
          ...duty(state, agentId(info.id?.value ?? '')),
        }),
      ),
    },
    unreachable: since(agents.unreachable, true),
    gone: since(agents.gone, false),
    machines: { machines: machines.map(({ info }) => ({ info: jsonOf('MachineInfo', info) })) },
    schedules: schedule.windows === undefined ? [] : [jsonOf('Schedule', schedule)],
    quota_configs: [...state.quotas]
      .filter(([role]) => authorizer.authorize(principal, 'GET_QUOTA', { value: role }))
      .map(([role, amounts]) => jsonOf('QuotaConfig', quotaConfig(role, amounts))),
    weights: [...state.weights]
      .filter(([role]) => seesRole(viewer, role))
      .map(([role, weight]) => ({ info: { role, weight } })),
    minimum_capabilities: minimumCapabilities(state),
  };
}

function* admitted({ agents }: MasterState): Iterable<AgentInfo> {
  for (const { info } of agents.registered.values()) {
    yield info;
  }
  yield* agents.recovered.values();
}

function duty({ agents, options }: MasterState, id: AgentId): Json {
  const drain = agents.draining.get(id);
  return {
    ...(drain !== undefined && { drain_info: options.jsonOf('DrainInfo', drain) }),
    deactivated: agents.deactivated.has(id),
  };
}

/** What a master must be able to do to take the registry over. */
function minimumCapabilities({ agents, quotas }: MasterState): Json[] {
  const needed = [
    ...(agents.draining.size > 0 || agents.deactivated.size > 0 ? ['AGENT_DRAINING'] : []),
    ...(quotas.size > 0 ? ['QUOTA_V2'] : []),
  ];
  return needed.map((capability) => ({ capability }));
}
