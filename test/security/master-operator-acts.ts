// What operators, and those who would be some, do to a master.
import { type MasterCall, MasterCall_Type } from '../../src/model/generated/messages.ts';
import { types } from '../../src/wire/types.ts';
import { resources } from '../master/harness.ts';
import { isDynamic, type MasterCast } from './master-cast.ts';
import { MASTER_NAMES, type MasterSearch } from './master-search.ts';

export class OperatorActs {
  readonly #cast: MasterCast;
  readonly #search: MasterSearch;

  constructor(cast: MasterCast) {
    this.#cast = cast;
    this.#search = cast.search;
  }

  watch(): void {
    this.#search.dispatch({
      type: 'operatorCall',
      request: this.#search.world.nextRequest(),
      principal: this.#cast.anybody(),
      call: { type: MasterCall_Type.SUBSCRIBE },
    });
  }

  operate(): void {
    const { chance, world } = this.#search;
    const principal = this.#cast.anybody();
    const call = chance.pick(this.#calls(principal?.value));
    const bent = chance.of(0.15)
      ? { ...this.#cast.stranger.mutate(types.MasterCall, call, 0.1), type: call.type }
      : call;
    if (Object.keys(bent).length < 2) {
      return;
    }
    this.#search.dispatch({
      type: 'operatorCall',
      request: world.nextRequest(),
      principal,
      call: bent as MasterCall,
    });
  }

  #calls(asker: string | undefined): MasterCall[] {
    const { chance, world } = this.#search;
    const role = chance.pick(MASTER_NAMES.roles);
    const agent = chance.pick(this.#cast.agents);
    const agent_id = { value: agent.id };
    const total = [...world.master.agents.registered.values()].find(
      ({ id }) => id === agent.id,
    )?.total;
    const reserved = (total ?? []).filter(isDynamic);
    const principal = chance.of(0.8) ? asker : chance.pick(MASTER_NAMES.principals);
    const machines = [{ hostname: agent.hostname, ip: agent.pid.slice(9, 17) }];
    const disk = reserved.find((it) => it.name === 'disk' && it.disk === undefined);
    const { allocation_info: _, ...fresh } = this.#cast.reserved(role, principal, 'disk', 64);
    const start = { nanoseconds: BigInt(world.nowMs) * 1_000_000n };
    const drain = chance.of(0.3) ? { mark_gone: true } : {};
    return [
      {
        type: MasterCall_Type.UPDATE_WEIGHTS,
        update_weights: { weight_infos: [{ role, weight: chance.int(1, 9) }] },
      },
      {
        type: MasterCall_Type.UPDATE_WEIGHTS,
        update_weights: {
          weight_infos: MASTER_NAMES.roles.map((it) => ({ role: it, weight: chance.int(1, 9) })),
        },
      },
      {
        type: MasterCall_Type.UPDATE_QUOTA,
        update_quota: {
          force: true,
          quota_configs: [{ role, limits: { cpus: { value: chance.int(1, 50) } } }],
        },
      },
      {
        type: MasterCall_Type.SET_QUOTA,
        set_quota: { quota_request: { role, force: true, guarantee: resources('cpus:1') } },
      },
      { type: MasterCall_Type.REMOVE_QUOTA, remove_quota: { role } },
      {
        type: MasterCall_Type.RESERVE_RESOURCES,
        reserve_resources: { agent_id, resources: [fresh] },
      },
      {
        type: MasterCall_Type.UNRESERVE_RESOURCES,
        unreserve_resources: { agent_id, resources: reserved.slice(0, 1) },
      },
      {
        type: MasterCall_Type.CREATE_VOLUMES,
        create_volumes: {
          agent_id,
          volumes: [this.#cast.volume(disk ?? fresh, principal)],
        },
      },
      {
        type: MasterCall_Type.DESTROY_VOLUMES,
        destroy_volumes: {
          agent_id,
          volumes: reserved.filter((it) => it.disk !== undefined).slice(0, 1),
        },
      },
      {
        type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
        update_maintenance_schedule: {
          schedule: { windows: [{ machine_ids: machines, unavailability: { start } }] },
        },
      },
      { type: MasterCall_Type.START_MAINTENANCE, start_maintenance: { machines } },
      { type: MasterCall_Type.STOP_MAINTENANCE, stop_maintenance: { machines } },
      { type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id, ...drain } },
      { type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } },
      { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } },
      ...(chance.of(0.3)
        ? [{ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } }]
        : []),
      {
        type: MasterCall_Type.TEARDOWN,
        teardown: { framework_id: { value: chance.pick(this.#cast.schedulers).id } },
      },
    ];
  }
}
