// Who does something to a master: agents, schedulers, operators, and those who are none of these;
// and the marked resources that they speak of.
import type { Framework } from '../../src/master/state.ts';
import {
  type FrameworkInfo,
  type Resource,
  Resource_ReservationInfo_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { frameworkId, type StreamId } from '../../src/model/ids.ts';
import type { Principal } from '../../src/security/principal.ts';
import { resources } from '../master/harness.ts';
import { Stranger } from '../master/strange-message.ts';
import type { Chance } from '../simulation/chance.ts';
import { MASTER_NAMES, type MasterSearch } from './master-search.ts';

export interface Agent {
  readonly pid: string;
  readonly peer: string;
  readonly hostname: string;
  readonly resources: string;
  id: string;
}

export interface Scheduler {
  readonly principal: Principal | undefined;
  info: FrameworkInfo;
  id: string;
  stream: StreamId;
  tasks: string[];
}

export const isDynamic = ({ reservations }: Resource) =>
  reservations?.some(({ type }) => type === Resource_ReservationInfo_Type.DYNAMIC) === true;
export const named = (value: string): Principal => ({ value });

export class MasterCast {
  readonly search: MasterSearch;
  readonly stranger: Stranger;
  readonly agents: readonly Agent[];
  readonly schedulers: Scheduler[] = [];
  readonly #chance: Chance;

  constructor(search: MasterSearch) {
    this.search = search;
    this.#chance = search.chance;
    this.agents = [2, 3, 4].map((n) => ({
      pid: `slave(1)@10.0.0.${n}:5051`,
      peer: `crammd5-authenticatee(1)@10.0.0.${n}:5051`,
      hostname: `n${n}`,
      resources: `cpus:8;mem:8192;disk:8192${n === 3 ? ';cpus(qrb):4;mem(qrb):1024' : ''}`,
      id: '',
    }));
    this.stranger = new Stranger(this.#chance.random, {
      strings: {
        role: MASTER_NAMES.roles,
        roles: MASTER_NAMES.roles,
        user: MASTER_NAMES.users,
        principal: MASTER_NAMES.principals,
        pid: this.agents.map(({ pid }) => pid),
        hostname: this.agents.map(({ hostname }) => hostname),
        AgentID: [0, 1, 2].map((n) => `${search.world.options.id}-S${n}`),
        FrameworkID: [0, 1, 2].map((n) => `${search.world.options.id}-000${n}`),
        version: ['1.11.0'],
      },
    });
  }

  anybody(): Principal | undefined {
    return this.#chance.of(0.15)
      ? this.#chance.pick([undefined, { claims: { cid: 'c' } }, named('stranger')])
      : named(this.#chance.pick(MASTER_NAMES.principals));
  }

  frameworkOf({ id }: Scheduler): Framework | undefined {
    return this.search.world.master.frameworks.registered.get(frameworkId(id));
  }

  part(role: string, name = 'cpus', value = 0.5): Resource {
    return {
      ...resources(`${name}:${value}`)[0],
      name,
      type: 0,
      allocation_info: { role },
    } as Resource;
  }

  reserved(role: string, principal: string | undefined, name = 'cpus', value = 0.5): Resource {
    const mark = this.search.canaries.plant('resource');
    return {
      ...this.part(role, name, value),
      reservations: [
        {
          type: Resource_ReservationInfo_Type.DYNAMIC,
          role,
          ...(principal !== undefined && { principal }),
          labels: { labels: [{ key: mark }] },
        },
      ],
    };
  }

  /** A volume of the resource, or of a reservation that there is not. */
  volume(disk: Resource, principal: string | undefined): Resource {
    const id = this.search.canaries.plant('resource');
    return {
      ...disk,
      disk: {
        persistence: { id, ...(principal !== undefined && { principal }) },
        volume: { container_path: 'v', mode: Volume_Mode.RW },
      },
    };
  }
}
