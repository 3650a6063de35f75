// What happens to masters and their ensemble, one fault after the other. Each leaves the cluster
// whole, and tells what has to come of it.

import type { Chance } from '../../simulation/chance.ts';
import { ask } from '../../support/requests.ts';
import type { MasterOfSeveral } from '../../support/several-masters.ts';
import type { MastersCluster } from './masters-cluster.ts';

interface Fault {
  /** Whether it takes machines for masters and agents. */
  readonly isOfNetworks?: boolean;
  play(cluster: MastersCluster, leader: MasterOfSeveral, chance: Chance): Promise<void>;
}

const faults = {
  leaderKilled: {
    play: async (cluster, leader) => {
      await leader.program.kill('SIGKILL');
      await cluster.leader(leader);
      await cluster.startMaster(leader.name);
    },
  },
  followerKilled: {
    play: async (cluster, leader, chance) => {
      const follower = chance.pick(cluster.masters.filter((it) => it !== leader));
      await follower.program.kill('SIGKILL');
      await cluster.startMaster(follower.name);
      await staysLeader(leader);
    },
  },
  leaderTerminated: {
    play: async (cluster, leader) => {
      const [status] = await Promise.all([leader.program.kill('SIGTERM'), cluster.leader(leader)]);
      expectEnd(status, 0);
      await cluster.startMaster(leader.name);
    },
  },
  /** For longer than its session lasts. */
  leaderStopped: {
    play: async (cluster, leader) => {
      process.kill(leader.program.pid, 'SIGSTOP');
      await cluster.worksWith(await cluster.leader(leader));
      process.kill(leader.program.pid, 'SIGCONT');
      expectEnd(await leader.program.ended(), 1);
      await cluster.startMaster(leader.name);
    },
  },
  /** Another server of the ensemble takes its sessions over; nobody needs to notice. */
  followingServerKilled: {
    play: (cluster, _leader, chance) => serverKilled(cluster, 'follower', chance),
  },
  /** The ensemble elects another leader of its own. */
  leadingServerKilled: {
    play: (cluster, _leader, chance) => serverKilled(cluster, 'leader', chance),
  },
  /** There is no quorum: who leads cannot be sure of it, and nobody else can. */
  quorumLost: {
    play: async (cluster, leader, chance) => {
      const { ensemble } = cluster;
      const kept = chance.int(1, ensemble.size);
      const killed = serversOf(ensemble.size).filter((id) => id !== kept);
      await Promise.all(killed.map((id) => ensemble.kill(id)));
      expectEnd(await leader.program.ended(), 1);
      for (const id of killed) {
        ensemble.startServer(id);
      }
      await Promise.all(serversOf(ensemble.size).map((id) => ensemble.serves(id)));
      await cluster.leader();
      await cluster.startAllMasters();
    },
  },
  /** It still has agents and frameworks. */
  leaderCutFromZooKeeper: {
    isOfNetworks: true,
    play: async (cluster, leader) => {
      const { machines, ensemble } = cluster;
      const [ip = ''] = ensemble.addresses[0]?.split(':') ?? [];
      const ports = ensemble.addresses.map((address) => Number(address.split(':')[1]));
      await machines.cut(leader.name, ip, ports);
      const [status] = await Promise.all([leader.program.ended(), cluster.leader(leader)]);
      expectEnd(status, 1);
      await machines.heal(leader.name);
      await cluster.startMaster(leader.name);
    },
  },
  /** It goes on to lead, and gives its agents up until they are back. */
  leaderCutFromAgents: {
    isOfNetworks: true,
    play: async (cluster, leader) => {
      const { machines, agentsIp } = cluster;
      await machines.cut(leader.name, agentsIp);
      await cluster.agentsAt(leader, 0);
      await machines.heal(leader.name);
      await staysLeader(leader);
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as readonly FaultName[];

export const isOfNetworks = (name: FaultName): boolean => {
  const fault: Fault = faults[name];
  return fault.isOfNetworks === true;
};

/** Resolves when the cluster is whole again. Rejects where it does not behave as it should. */
export async function play(
  name: FaultName,
  cluster: MastersCluster,
  chance: Chance,
): Promise<void> {
  const fault: Fault = faults[name];
  await fault.play(cluster, await cluster.leader(), chance);
  await cluster.startAllMasters();
}

const serversOf = (size: number) => Array.from({ length: size }, (_, index) => index + 1);

async function serverKilled(
  { ensemble }: MastersCluster,
  mode: 'leader' | 'follower',
  chance: Chance,
): Promise<void> {
  const modes = await Promise.all(serversOf(ensemble.size).map((id) => ensemble.ask(id, 'srvr')));
  const ids = serversOf(ensemble.size).filter((id) => modes[id - 1]?.includes(`Mode: ${mode}`));
  const id = chance.pick(ids);
  await ensemble.kill(id);
  const others = serversOf(ensemble.size).filter((it) => it !== id);
  await Promise.all(others.map((it) => ensemble.serves(it)));
  ensemble.startServer(id);
  await ensemble.serves(id);
}

async function staysLeader({ address, name }: MasterOfSeveral): Promise<void> {
  const { status } = await ask(address, '/slaves');
  if (status !== 200) {
    throw new Error(`${name} leads no more: ${status}`);
  }
}

function expectEnd(status: number | string, expected: number): void {
  if (status !== expected) {
    throw new Error(`The master has ended with ${status} instead of ${expected}`);
  }
}
