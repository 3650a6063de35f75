// The machines of a cluster: those that agents are on, those that are scheduled, and those that are
// down. Which of them operators mean.
import {
  type MasterResponse_GetAgents_Agent as Agent,
  type ClusterStatus,
  type MachineID,
  MasterCall_Type,
  type Schedule,
} from '../../../model/generated/messages.ts';
import type { Cluster } from '../connection/cluster.ts';
import { isPartOf, named } from '../connection/named.ts';
import { agentId, agentsOf } from '../connection/things.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { machineKey, machineName, scheduledMachines } from './windows.ts';

export async function scheduleOf(cluster: Cluster): Promise<Schedule> {
  const { get_maintenance_schedule } = await cluster.master({
    type: MasterCall_Type.GET_MAINTENANCE_SCHEDULE,
  });
  return get_maintenance_schedule?.schedule ?? {};
}

export async function statusOf(cluster: Cluster): Promise<ClusterStatus> {
  const { get_maintenance_status } = await cluster.master({
    type: MasterCall_Type.GET_MAINTENANCE_STATUS,
  });
  return get_maintenance_status?.status ?? {};
}

interface Machine {
  readonly id: MachineID;
  readonly agents: Agent[];
}

export class Machines {
  readonly #byKey = new Map<string, Machine>();
  readonly #scheduled = new Set<string>();
  readonly #down = new Set<string>();

  /** Of all that is known now. */
  static async of(cluster: Cluster, schedule: Schedule): Promise<Machines> {
    const [agents, { down_machines = [] }] = await Promise.all([
      agentsOf(cluster),
      statusOf(cluster),
    ]);
    const machines = new Machines();
    for (const agent of agents) {
      machines.#machine(machineOf(agent)).agents.push(agent);
    }
    for (const { id } of scheduledMachines(schedule)) {
      machines.#machine(id);
      machines.#scheduled.add(machineKey(id));
    }
    for (const id of down_machines) {
      machines.#machine(id);
      machines.#down.add(machineKey(id));
    }
    return machines;
  }

  /** Each once. `HOST/IP` may be one that nothing is known of. Throws CommandError. */
  named(words: readonly string[]): MachineID[] {
    const all = [...this.#byKey.values()];
    const found = words.map((word) => this.#named(all, word));
    return [...new Map(found.map((id) => [machineKey(id), id])).values()];
  }

  isScheduled(id: MachineID): boolean {
    return this.#scheduled.has(machineKey(id));
  }

  isDown(id: MachineID): boolean {
    return this.#down.has(machineKey(id));
  }

  agentsOn(machines: readonly MachineID[]): readonly Agent[] {
    return machines.flatMap((id) => this.#byKey.get(machineKey(id))?.agents ?? []);
  }

  #named(all: readonly Machine[], word: string): MachineID {
    const [, hostname = '', ip = ''] = /^([^/]*)\/([^/]*)$/.exec(word) ?? [];
    const whole = { ...(hostname !== '' && { hostname }), ...(ip !== '' && { ip }) };
    if (hostname !== '' || ip !== '') {
      return this.#byKey.get(machineKey(whole))?.id ?? whole;
    }
    try {
      return named(all, word, {
        kind: 'machine',
        idOf: ({ id }) => machineName(id),
        namesOf: ({ id, agents }) => [id.hostname ?? '', id.ip ?? '', ...agents.map(agentId)],
        list: 'mesoscale agent list',
      }).id;
    } catch (error) {
      const [machine, ...others] = all.filter(({ agents }) =>
        agents.some((agent) => isPartOf(agentId(agent), word)),
      );
      if (machine !== undefined && others.length === 0) {
        return machine.id;
      }
      if (error instanceof CommandError && error.status === EXIT.notFound) {
        throw new CommandError(
          EXIT.notFound,
          `${error.message}; HOST/IP names one without an agent`,
        );
      }
      throw error;
    }
  }

  #machine(id: MachineID): Machine {
    const key = machineKey(id);
    const machine = this.#byKey.get(key) ?? { id, agents: [] };
    this.#byKey.set(key, machine);
    return machine;
  }
}

/** What an agent is on, as masters tell machines apart. */
export function machineOf({ agent_info, pid = '' }: Agent): MachineID {
  const address = pid.slice(pid.indexOf('@') + 1);
  const ip = address.slice(0, Math.max(0, address.lastIndexOf(':')));
  return { hostname: agent_info.hostname, ...(ip !== '' && { ip }) };
}
