// An agent that is killed (-9) again and again while containers join networks and leave them, at
// moments that a seed decides.
import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from '../../simulation/chance.ts';
import { until } from '../../support/cluster.ts';
import type { NetworkCluster } from './network-cluster.ts';

/** Containers that are launched between two kills. */
const LAUNCHED = 4;
const LONGEST_MS = 400;
const PORTS = { first: 31_001, count: 90 };

export interface Crashes {
  readonly count: number;
  readonly seed: number;
  readonly done?: (crash: number) => void;
}

/** Rejects where something is left in the end. The cluster's agent runs before and after. */
export async function crashes(cluster: NetworkCluster, { count, seed, done }: Crashes) {
  const chance = new Chance(seed);
  let known: readonly string[] = [];
  for (let crash = 0; crash < count; crash++) {
    const launched = Array.from({ length: LAUNCHED }, (_, at) => {
      const host_port = PORTS.first + ((crash * LAUNCHED + at) % PORTS.count);
      const port_mappings = [{ host_port, container_port: 80 }];
      const networks = at % 2 === 0 ? ['one'] : [{ name: 'one', port_mappings }];
      return cluster.launch(`c${crash}-${at}`, 'sleep 1000', networks);
    });
    const ended = known.map((id) => cluster.end(id));
    const answers = Promise.allSettled([...launched, ...ended]);
    await pause(chance.int(0, LONGEST_MS));
    await cluster.agentProgram.kill('SIGKILL');
    await answers;
    await cluster.startAgent(cluster.networks.flags);
    known = await until('it knows its containers', () => cluster.alone());
    done?.(crash);
  }
  await Promise.all(known.map((id) => cluster.end(id)));
  await cluster.empty();
}
