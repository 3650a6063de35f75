// Roles with guarantees and limits.
import type { SchedulerCore } from '../../src/core/interface.ts';
import type { Measurement } from '../report.ts';
import { BenchCluster, best, memory, ms, type Size } from './cluster.ts';
import { ports, scalars } from './resources.ts';

const PORTS = ports([31_000, 32_000]);

/** Many roles with small guarantees and a few with large ones, one framework each. */
export function largeAndSmallQuota(core: SchedulerCore, { frameworks }: Size): Measurement[] {
  const small = Math.round((frameworks * 5) / 6);
  const large = frameworks - small;
  const cluster = new BenchCluster(core);
  const agents = Math.floor(small / 5) + large * 5;
  const addAgents = cluster.addAgents(agents, () => scalars({ cpus: 2, mem: 2048, disk: 2048 }));
  for (let role = 0; role < frameworks; role++) {
    const guarantees =
      role < small ? { cpus: 1, mem: 1024, disk: 1024 } : { cpus: 4, mem: 4096, disk: 4096 };
    cluster.allocator.updateQuota(`role-${role}`, { guarantees, limits: guarantees });
  }
  const addFrameworks = cluster.addFrameworks(frameworks, (index) => [`role-${index}`]);
  return [
    ms('add.agents', addAgents),
    ms('add.frameworks', addFrameworks),
    ...firstAndQuiet(cluster),
  ];
}

function firstAndQuiet(cluster: BenchCluster): Measurement[] {
  const first = cluster.cycle();
  const offered = cluster.offered;
  const quiet = Array.from({ length: 9 }, () => cluster.cycle());
  return [
    ms('cycle.first', first),
    ms('cycle.quiet', best(quiet)),
    { metric: 'offers', unit: '', value: offered },
    memory(),
  ];
}

/**
 * Two agents and two frameworks for each role; with quota, a role has a guarantee of two whole
 * agents.
 */
export const nonQuotaVsQuota =
  (hasQuota: boolean) =>
  (core: SchedulerCore, { agents, frameworks }: Size) => {
    const cluster = new BenchCluster(core);
    const total = scalars({ cpus: 2, mem: 1024, disk: 1024 });
    const addAgents = cluster.addAgents(agents, () => total);
    const guarantees = { cpus: 4, mem: 2048, disk: 2048 };
    for (let role = 0; hasQuota && role < frameworks / 2; role++) {
      cluster.allocator.updateQuota(`role-${role}`, { guarantees, limits: guarantees });
    }
    const addFrameworks = cluster.addFrameworks(frameworks, (index) => [
      `role-${Math.floor(index / 2)}`,
    ]);
    return [
      ms('add.agents', addAgents),
      ms('add.frameworks', addFrameworks),
      ...firstAndQuiet(cluster),
    ];
  };

/** As many roles as agents, each with a guarantee and a limit of half its share. */
export function quotaCycle(core: SchedulerCore, { agents, frameworks }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  const total = [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), PORTS];
  const addAgents = cluster.addAgents(agents, () => total);
  const half = (amount: number) => Math.floor((amount * agents * 500) / frameworks) / 1000;
  const guarantees = { cpus: half(24), mem: half(4096) };
  for (let role = 0; role < frameworks; role++) {
    cluster.allocator.updateQuota(`role-${role}`, { guarantees, limits: guarantees });
  }
  const addFrameworks = cluster.addFrameworks(frameworks, (index) => [`role-${index}`]);
  const first = cluster.cycle();
  const full = Array.from({ length: 5 }, () => {
    cluster.giveBack(cluster.offers());
    return cluster.cycle();
  });
  const quiet = Array.from({ length: 9 }, () => cluster.cycle());
  return [
    ms('add.agents', addAgents),
    ms('add.frameworks', addFrameworks),
    ms('cycle.first', first),
    ms('cycle.full', best(full)),
    ms('cycle.quiet', best(quiet)),
    memory(),
  ];
}
