// The operator, who drains agents, deactivates them, marks them gone, and in the end restores
// everything.
import {
  type AgentID,
  DrainState,
  type MachineID,
  MachineInfo_Mode,
  type MasterCall,
  MasterCall_Type,
  type Offer_Operation,
  type PlanChange,
  PlanChange_Type,
  type QuotaConfig,
  type Window,
} from '../../src/model/generated/messages.ts';
import { fail } from './breach.ts';
import { conversionOf } from './conversions.ts';
import type { Simulation } from './simulation.ts';

export class Operator {
  readonly #simulation: Simulation;
  #volumes = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  #ask(what: string, call: MasterCall, expected: readonly number[] = [200]): void {
    const { master } = this.#simulation;
    this.#simulation.note('operator', () => what);
    master.operate(call, (status, text) => {
      this.#simulation.note('operator', () => `is answered ${status} ${text ?? ''}`);
      // A new master shows nothing until it has read its registry.
      if (
        !expected.includes(status) &&
        !(status === 503 && master.life?.state.recovered !== true)
      ) {
        fail(`${what}: ${status} ${text ?? ''}`);
      }
    });
  }

  /** Does something with an agent that the master knows. */
  interfere(): void {
    const { chance, agents } = this.#simulation;
    const id = chance.pick(agents).life?.state.id;
    if (id === undefined) {
      return;
    }
    const agent_id = { value: id };
    const kind = chance.int(0, 9);
    // An agent that has just come or gone may be unknown, or about to be.
    const expected = [200, 400, 404, 409, 503];
    if (kind < 4) {
      const drain_agent = {
        agent_id,
        ...(chance.of(0.5) ? { max_grace_period: { seconds: chance.int(0, 20) } } : {}),
        ...(chance.of(0.2) ? { mark_gone: true } : {}),
      };
      this.#ask(`drains ${id}`, { type: MasterCall_Type.DRAIN_AGENT, drain_agent }, expected);
    } else if (kind < 6) {
      const call = { type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } };
      this.#ask(`deactivates ${id}`, call, expected);
    } else if (kind < 9) {
      const call = { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } };
      this.#ask(`reactivates ${id}`, call, expected);
    } else {
      const call = { type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } };
      this.#ask(`declares ${id} gone`, call, expected);
    }
  }

  changeQuota(): void {
    const { chance } = this.#simulation;
    const scalars = () => ({
      cpus: { value: chance.int(0, 8) },
      ...(chance.of(0.5) ? { mem: { value: chance.int(0, 4_000) } } : {}),
    });
    const limits = scalars();
    const guarantees = chance.of(0.5) ? {} : { cpus: { value: chance.int(0, limits.cpus.value) } };
    const role = chance.pick(['eng', 'ops', '*']);
    // '*' has no quota, and roles may have hierarchies that conflict: such quotas are refused.
    this.#wonder({ role, limits, guarantees });
    this.#setQuota({ role, limits, guarantees }, [200, 400]);
  }

  /** Asks what the quota would do, and why a framework gets nothing. */
  #wonder(config: QuotaConfig): void {
    const { frameworks, agents } = this.#simulation;
    const changes: PlanChange[] = [
      { type: PlanChange_Type.SET_QUOTAS, set_quotas: { quota_configs: [config] } },
    ];
    const id = agents[0]?.life?.state.id;
    if (id !== undefined) {
      const drain_agents = { agent_ids: [{ value: id }] };
      changes.push({ type: PlanChange_Type.DRAIN_AGENTS, drain_agents });
    }
    // Who is asked about may be unknown, and a master that ends has no time to answer.
    const expected = [200, 400, 503];
    this.#ask(
      `plans a quota of ${config.role}`,
      { type: MasterCall_Type.PLAN, plan: { changes } },
      expected,
    );
    const framework_id = { value: frameworks[0]?.id ?? '' };
    const call = { type: MasterCall_Type.EXPLAIN, explain: { framework_id } };
    this.#ask(`asks why ${framework_id.value} gets nothing`, call, expected);
  }

  #setQuota(config: QuotaConfig, expected: readonly number[]): void {
    const update_quota = { force: true, quota_configs: [config] };
    const call = { type: MasterCall_Type.UPDATE_QUOTA, update_quota };
    this.#ask(`sets the quota of ${config.role}`, call, expected);
  }

  changeWeights(): void {
    const { chance } = this.#simulation;
    const weight_infos = [
      { role: chance.pick(['eng', 'ops', '*']), weight: chance.int(1, 40) / 8 },
    ];
    const update_weights = { weight_infos };
    this.#ask('changes a weight', { type: MasterCall_Type.UPDATE_WEIGHTS, update_weights });
  }

  /** Reserves something on an agent, or creates a volume, or undoes either. */
  convert(): void {
    const { chance, master } = this.#simulation;
    const agent = chance.pick([
      ...(master.life?.state.agents.registered.values() ?? []),
      undefined,
    ]);
    if (agent === undefined) {
      return;
    }
    const role = chance.pick(['eng', 'ops', 'eng/dev']);
    const offer = {
      id: { value: '' },
      framework_id: { value: '' },
      agent_id: { value: agent.id },
      hostname: agent.info.hostname,
      allocation_info: { role },
      resources: [...agent.total],
    };
    const operation = conversionOf(chance, offer, {
      volume: `operator-v${this.#volumes++}`,
      operation: undefined,
      resizes: this.#simulation.settings.resizesVolumes,
    });
    const call = operation === undefined ? undefined : operatorCallOf(offer.agent_id, operation);
    if (call !== undefined) {
      // The resources may be in use, or gone with their agent.
      this.#ask(`converts resources of ${agent.info.hostname}`, call, [202, 400, 409]);
    }
  }

  /** Schedules maintenance of a machine, or starts or ends it. */
  maintain(): void {
    const { chance, agenda } = this.#simulation;
    const host = chance.pick(this.#simulation.agents);
    const id = { hostname: host.name, ip: host.address.split(':')[0] ?? '' };
    const kind = chance.int(0, 3);
    // Only scheduled maintenance can be started, and only started one ended.
    const expected = [200, 400];
    if (kind < 2) {
      const startMs = agenda.nowMs + chance.int(-10_000, 100_000);
      const unavailability = {
        start: { nanoseconds: BigInt(startMs) * 1_000_000n },
        ...(chance.of(0.5) ? { duration: { nanoseconds: 60_000_000_000n } } : {}),
      };
      this.#schedule([{ machine_ids: [id], unavailability }], expected);
    } else if (kind === 2) {
      const start_maintenance = { machines: [id] };
      const call = { type: MasterCall_Type.START_MAINTENANCE, start_maintenance };
      this.#ask(`starts maintenance of ${host.name}`, call, expected);
    } else {
      this.#endMaintenance([id], expected);
    }
  }

  #schedule(windows: Window[], expected: readonly number[]): void {
    const call = {
      type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
      update_maintenance_schedule: { schedule: { windows } },
    };
    this.#ask(`plans maintenance of ${windows.length} machines`, call, expected);
  }

  #endMaintenance(machines: MachineID[], expected: readonly number[]): void {
    const call = { type: MasterCall_Type.STOP_MAINTENANCE, stop_maintenance: { machines } };
    this.#ask(
      `ends maintenance of ${machines.map((it) => it.hostname).join(', ')}`,
      call,
      expected,
    );
  }

  /** Restores everything: maintenance, quotas, and agents that get no offers. */
  restore(): void {
    const state = this.#simulation.master.life?.state;
    if (state?.recovered !== true) {
      return;
    }
    const down = [...state.machines.values()]
      .filter(({ info }) => info.mode === MachineInfo_Mode.DOWN)
      .map(({ info }) => info.id);
    if (down.length > 0) {
      this.#endMaintenance(down, [200]);
    } else if (state.schedules.some(({ windows }) => (windows?.length ?? 0) > 0)) {
      this.#schedule([], [200]);
    }
    for (const role of [...state.quotas.keys()]) {
      this.#setQuota({ role }, [200]);
    }
    this.#reactivateAll();
  }

  /** Reactivates drained and deactivated agents. */
  #reactivateAll(): void {
    const agents = this.#simulation.master.life?.state.agents;
    for (const id of [...(agents?.deactivated ?? [])]) {
      const isDraining = agents?.draining.get(id)?.state === DrainState.DRAINING;
      if (agents?.registered.get(id)?.connected === true && !isDraining) {
        const reactivate_agent = { agent_id: { value: id } };
        const call = { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent };
        this.#ask(`reactivates ${id}`, call, [200, 409]);
      }
    }
  }

  /** Tears down frameworks whose schedulers are gone for good, which a new master cannot know. */
  tearDownForgotten(): void {
    const { frameworks, master } = this.#simulation;
    const living = new Set(
      frameworks.filter(({ phase }) => phase === 'running').map(({ id }) => id),
    );
    for (const { id } of [...(master.life?.state.frameworks.registered.values() ?? [])]) {
      if (!living.has(id)) {
        const teardown = { framework_id: { value: id } };
        this.#ask(`tears down ${id}`, { type: MasterCall_Type.TEARDOWN, teardown });
      }
    }
  }
}

function operatorCallOf(agent_id: AgentID, operation: Offer_Operation): MasterCall | undefined {
  const { reserve, unreserve, create, destroy, grow_volume, shrink_volume } = operation;
  if (reserve !== undefined) {
    const reserve_resources = { agent_id, resources: reserve.resources ?? [] };
    return { type: MasterCall_Type.RESERVE_RESOURCES, reserve_resources };
  }
  if (unreserve !== undefined) {
    const unreserve_resources = { agent_id, resources: unreserve.resources ?? [] };
    return { type: MasterCall_Type.UNRESERVE_RESOURCES, unreserve_resources };
  }
  if (create !== undefined) {
    const create_volumes = { agent_id, volumes: create.volumes ?? [] };
    return { type: MasterCall_Type.CREATE_VOLUMES, create_volumes };
  }
  if (destroy !== undefined) {
    const destroy_volumes = { agent_id, volumes: destroy.volumes ?? [] };
    return { type: MasterCall_Type.DESTROY_VOLUMES, destroy_volumes };
  }
  if (grow_volume !== undefined) {
    return { type: MasterCall_Type.GROW_VOLUME, grow_volume: { agent_id, ...grow_volume } };
  }
  if (shrink_volume !== undefined) {
    return { type: MasterCall_Type.SHRINK_VOLUME, shrink_volume: { agent_id, ...shrink_volume } };
  }
  return undefined;
}
