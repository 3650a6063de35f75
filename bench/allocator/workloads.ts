// The workloads of Apache Mesos's allocator benchmarks, under the names of those, so that figures
// can be compared. Each runs once on a new allocator and returns its measurements.
import type { Holding, SchedulerCore } from '../../src/core/interface.ts';
import {
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
} from '../../src/model/generated/messages.ts';
import type { Measurement } from '../report.ts';
import { resources } from './algebra.ts';
import {
  BenchCluster,
  best,
  median,
  memory,
  ms,
  nameOf,
  type Size,
  timed,
  YEAR_SECONDS,
} from './cluster.ts';
import { insight } from './insight.ts';
import { multiFrameworkAllocations } from './launches.ts';
import { largeAndSmallQuota, nonQuotaVsQuota, quotaCycle } from './quotas.ts';
import { fragments, labels, ports, reserved, scalar, scalars, volume } from './resources.ts';

export interface Workload {
  readonly name: string;
  /** The sizes to run by default. */
  readonly sizes: readonly Size[];
  run(core: SchedulerCore, size: Size): Measurement[];
}

const PORTS = ports([31_000, 32_000]);
const IN_USE = [...scalars({ cpus: 16, mem: 2014, disk: 1024 }), fragments(31_000, 32_000, 16)];
const sizes = (...list: readonly (readonly [number, number])[]): Size[] =>
  list.map(([agents, frameworks]) => ({ agents, frameworks }));
const oneRole = () => ['*'];

/** How often a cycle is repeated: until its code is optimized, and some cycle is undisturbed. */
const repetitions = (agents: number) => Math.max(3, Math.min(100, Math.floor(400_000 / agents)));

/** Agents without anything in use, and one role: figures that the kernel can be compared with. */
function cycle(options: ConstructorParameters<typeof BenchCluster>[1] = {}) {
  return (core: SchedulerCore, { agents, frameworks }: Size): Measurement[] => {
    const cluster = new BenchCluster(core, options);
    const total = [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), PORTS];
    const addAgents = cluster.addAgents(agents, () => total);
    const addFrameworks = cluster.addFrameworks(frameworks, oneRole);
    const first = cluster.cycle();
    const full: number[] = [];
    for (let round = 0; round < repetitions(agents); round++) {
      cluster.giveBack(cluster.offers(total));
      full.push(cluster.cycle());
    }
    expectOffers(cluster, agents);
    // Before the bench makes its own copy of the offers.
    const used = memory();
    const before = cluster.megabytes;
    let refusing = cluster.offers(total);
    const quiet = Array.from({ length: 15 }, () => cluster.cycle());
    const refused: number[] = [];
    for (let round = 0; round < Math.min(10, frameworks - 1, 2_000_000 / agents); round++) {
      cluster.giveBack(refusing, 300 * 24 * 3600);
      refused.push(cluster.cycle());
      refusing = cluster.offers(total);
    }
    return [
      ms('add.agents', addAgents),
      ms('add.frameworks', addFrameworks),
      ms('cycle.first', first),
      ms('cycle.full', best(full)),
      ms('cycle.quiet', best(quiet)),
      ...(refused.length === 0 ? [] : [ms('cycle.refused', refused.at(-1) ?? 0)]),
      used,
      { metric: 'memory.state', unit: 'MB', value: before },
      { metric: 'memory.refusals', unit: 'MB', value: cluster.megabytes - before },
    ];
  };
}

/** Every framework refuses every agent; then nothing is left to offer or to look at. */
function saturated(core: SchedulerCore, { agents, frameworks }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  const total = [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), PORTS];
  cluster.addAgents(agents, () => total);
  cluster.addFrameworks(frameworks, oneRole);
  const before = cluster.megabytes;
  for (let round = 0; round < frameworks; round++) {
    cluster.cycle();
    cluster.giveBack(cluster.offers(total), YEAR_SECONDS);
  }
  const first = cluster.cycle();
  expectOffers(cluster, 0);
  const quiet = Array.from({ length: 15 }, () => cluster.cycle());
  const refusals = { metric: 'refusals', unit: '', value: agents * frameworks };
  const used = cluster.megabytes - before;
  return [
    ms('cycle.first', first),
    ms('cycle.quiet', best(quiet)),
    refusals,
    { metric: 'memory.refusals', unit: 'MB', value: used },
  ];
}

/** Six cycles over agents with a volume each; after each cycle everything is given back. */
const persistentVolumes =
  (sharing: 'regular' | 'shared' | 'mixed') =>
  (core: SchedulerCore, { agents, frameworks }: Size) => {
    const cluster = new BenchCluster(core);
    const addFrameworks = cluster.addFrameworks(frameworks, () => ['role']);
    const addAgents = cluster.addAgents(
      agents,
      (agent) => {
        const own = volume(`volume-${agent}`, 'role', 1024);
        const isShared = sharing === 'shared' || (sharing === 'mixed' && agent % 2 === 0);
        return [
          ...scalars({ cpus: 24, mem: 4096, disk: 3072 }),
          PORTS,
          isShared ? { ...own, shared: {} } : own,
        ];
      },
      (agent) => ({
        framework: agent % frameworks,
        role: 'role',
        resources: [...scalars({ cpus: 16, mem: 1024, disk: 1024 }), fragments(31_000, 32_000, 16)],
      }),
    );
    const cycles = Array.from({ length: 6 }, () => {
      const time = cluster.cycle();
      cluster.giveBack(cluster.offers());
      return time;
    });
    return [
      ms('add.agents', addAgents),
      ms('add.frameworks', addFrameworks),
      ms('cycle.first', cycles[0] ?? 0),
      ms('cycle.full', median(cycles)),
      memory(),
    ];
  };

/** Agents are added with something in use; then each gets revocable cpus. */
function addAndUpdateAgent(core: SchedulerCore, { agents, frameworks }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  const total = [...scalars({ cpus: 2, mem: 1024, disk: 4096 }), PORTS];
  const addFrameworks = cluster.addFrameworks(frameworks, oneRole);
  const addAgents = cluster.addAgents(
    agents,
    () => total,
    (agent) => ({
      framework: agent % frameworks,
      role: '*',
      resources: [
        ...scalars({ cpus: 1, mem: 128, disk: 1024 }),
        ports([31_126, 31_510], [31_512, 31_623]),
      ],
    }),
  );
  const first = cluster.cycle();
  const oversubscribed = [...total, { ...scalar('cpus', 10), revocable: {} }];
  const ids = Array.from({ length: agents }, (_, agent) => `agent-${agent}` as Holding['agentId']);
  const update = timed(() => {
    for (const id of ids) {
      cluster.allocator.updateAgent(id, { total: oversubscribed });
    }
  });
  const full = cluster.cycle();
  return [
    ms('add.agents', addAgents),
    ms('add.frameworks', addFrameworks),
    ms('cycle.first', first),
    ms('update.agents', update),
    ms('cycle.full', full),
    memory(),
  ];
}

/** A part of every agent is in use. In each cycle every offer of the rest is refused for a year. */
const declineOffers =
  (extra: (agent: number) => Resource[]) =>
  (core: SchedulerCore, { agents, frameworks }: Size) => {
    const cluster = new BenchCluster(core);
    const addFrameworks = cluster.addFrameworks(frameworks, oneRole);
    const addAgents = cluster.addAgents(
      agents,
      (agent) => [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), PORTS, ...extra(agent)],
      (agent) => ({ framework: agent % frameworks, role: '*', resources: IN_USE }),
    );
    const cycles: number[] = [];
    const rounds = Math.min(2 * frameworks, Math.max(2, Math.floor(500_000 / agents)));
    for (let round = 0; round < rounds; round++) {
      cycles.push(cluster.cycle());
      cluster.giveBack(cluster.offers(), YEAR_SECONDS);
    }
    return [
      ms('add.agents', addAgents),
      ms('add.frameworks', addFrameworks),
      ms('cycle.first', cycles[0] ?? 0),
      ms('cycle.full', median(cycles)),
      ms('cycle.last', cycles.at(-1) ?? 0),
      memory(),
    ];
  };

/**
 * Five cycles with more and more suppressed frameworks; after each cycle everything is given back.
 */
const suppressOffers =
  (share: number, step: number) =>
  (core: SchedulerCore, { agents, frameworks }: Size) => {
    const cluster = new BenchCluster(core);
    const addFrameworks = cluster.addFrameworks(frameworks, oneRole);
    const addAgents = cluster.addAgents(
      agents,
      () => [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), PORTS],
      (agent) => ({ framework: agent % frameworks, role: '*', resources: IN_USE }),
    );
    let suppressed = 0;
    const suppressing: number[] = [];
    const cycles = Array.from({ length: 5 }, (_, round) => {
      const wanted = Math.floor(frameworks * Math.min(1, share + step * round));
      const names = cluster.frameworks.slice(suppressed, wanted);
      suppressing.push(
        timed(() => {
          for (const id of names) {
            cluster.allocator.suppress(id, []);
          }
        }),
      );
      suppressed = Math.max(suppressed, wanted);
      const time = cluster.cycle();
      cluster.giveBack(cluster.offers());
      return time;
    });
    return [
      ms('add.agents', addAgents),
      ms('add.frameworks', addFrameworks),
      ms(
        'suppress',
        suppressing.reduce((sum, time) => sum + time, 0),
      ),
      ms('cycle.first', cycles[0] ?? 0),
      ms('cycle.full', median(cycles)),
      memory(),
    ];
  };

/** Everything is in use, and every framework revives; each time there is nothing to offer. */
function allocatorBacklog(core: SchedulerCore, { agents, frameworks }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  const total = [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), PORTS];
  const addFrameworks = cluster.addFrameworks(frameworks, oneRole);
  const addAgents = cluster.addAgents(
    agents,
    () => total,
    (agent) => ({ framework: agent % frameworks, role: '*', resources: total }),
  );
  const first = cluster.cycle();
  expectOffers(cluster, 0);
  const backlog = timed(() => {
    for (const id of cluster.frameworks) {
      cluster.allocator.revive(id, []);
      cluster.allocator.runPending();
    }
  });
  const merged = timed(() => {
    for (const id of cluster.frameworks) {
      cluster.allocator.revive(id, []);
    }
    cluster.allocator.runPending();
  });
  return [
    ms('add.agents', addAgents),
    ms('add.frameworks', addFrameworks),
    ms('cycle.first', first),
    ms('backlog', backlog),
    ms('backlog.merged', merged),
    memory(),
  ];
}

/**
 * One agent with four labelled reservations for each role; one of them is unreserved and reserved.
 */
function updateAllocation(core: SchedulerCore, { frameworks }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  const roleOf = (index: number) => `role-${index}`;
  const reservation = (role: number, index: number) =>
    reserved(scalar('cpus', 1), roleOf(role), labels(3, `${role}-${index}`));
  const total = Array.from({ length: frameworks }, (_, role) =>
    Array.from({ length: 4 }, (_unused, index) => reservation(role, index)),
  ).flat();
  cluster.addAgents(1, () => [...scalars({ cpus: 4, mem: 4096 }), ...total]);
  cluster.addFrameworks(frameworks, (index) => [roleOf(index)]);
  const first = cluster.cycle();
  const offer = cluster.offers().find(({ frameworkId }) => frameworkId === nameOf(0));
  if (offer === undefined) {
    throw new Error('the first role gets its reservations');
  }
  const resources = [reservation(0, 0)];
  const unreserve: Offer_Operation = {
    type: Offer_Operation_Type.UNRESERVE,
    unreserve: { resources },
  };
  const reserve: Offer_Operation = { type: Offer_Operation_Type.RESERVE, reserve: { resources } };
  let held: Holding = offer;
  const pairs = timed(() => {
    for (let pair = 0; pair < 20; pair++) {
      for (const operation of [unreserve, reserve]) {
        const { offered, dropped } = cluster.allocator.convert(held, [operation]);
        if (dropped.length > 0) {
          throw new Error('the reservation is in the offer');
        }
        held = { ...held, resources: offered };
      }
    }
  });
  return [ms('cycle.first', first), ms('convert', pairs / 40), memory()];
}

/**
 * The clients of one sorter: resources are added to them, they are sorted, and both are removed.
 */
function fullSort(core: SchedulerCore, { agents, frameworks }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  const used = [...scalars({ cpus: 16, mem: 2014, disk: 1024 }), fragments(1, 32_000, 100)];
  const addFrameworks = cluster.addFrameworks(frameworks, oneRole);
  const addAgents = cluster.addAgents(
    agents,
    () => [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), ports([1, 32_000])],
    (agent) => ({ framework: agent % frameworks, role: '*', resources: used }),
  );
  const sort = cluster.cycle();
  const again = cluster.cycle();
  const holdings = Array.from({ length: agents }, (_, agent) => ({
    frameworkId: nameOf(agent % frameworks),
    agentId: `agent-${agent}` as Holding['agentId'],
    role: '*',
    resources: used,
    wasUsed: true,
  }));
  const unallocate = timed(() => {
    for (const holding of holdings) {
      cluster.allocator.recover(holding);
    }
  });
  const remove = timed(() => {
    for (const id of cluster.frameworks) {
      cluster.allocator.removeFramework(id);
    }
  });
  return [
    ms('add.agents', addAgents),
    ms('add.frameworks', addFrameworks),
    ms('cycle.first', sort),
    ms('cycle.quiet', again),
    ms('unallocate', unallocate),
    ms('remove.frameworks', remove),
    memory(),
  ];
}

/**
 * The same with a tree of roles and one framework at each leaf; `frameworks` is how many leaves.
 */
const hierarchyFullSort =
  (height: number, branching: number) =>
  (core: SchedulerCore, { agents }: Size) => {
    const cluster = new BenchCluster(core);
    const leaves = branching ** (height - 1);
    const roleOf = (leaf: number) => {
      const names: string[] = [];
      for (
        let rest = leaf, level = 1;
        level < height;
        level++, rest = Math.floor(rest / branching)
      ) {
        names.unshift(`n${rest % branching}`);
      }
      return names.join('/');
    };
    const addFrameworks = cluster.addFrameworks(leaves, (index) => [roleOf(index)]);
    const total = [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), PORTS];
    const addAgents = cluster.addAgents(agents, () => total);
    const first = cluster.cycle();
    const full = Array.from({ length: 5 }, () => {
      cluster.giveBack(cluster.offers(total));
      return cluster.cycle();
    });
    const quiet = Array.from({ length: 9 }, () => cluster.cycle());
    const remove = timed(() => {
      for (const id of cluster.frameworks) {
        cluster.allocator.removeFramework(id);
      }
    });
    return [
      ms('add.agents', addAgents),
      ms('add.frameworks', addFrameworks),
      ms('cycle.first', first),
      ms('cycle.full', best(full)),
      ms('cycle.quiet', best(quiet)),
      ms('remove.frameworks', remove),
      memory(),
    ];
  };

function expectOffers(cluster: BenchCluster, count: number): void {
  if (cluster.offered !== count) {
    throw new Error(`${cluster.offered} offers, not ${count}`);
  }
}

const labelled = (agent: number): Resource[] =>
  [11, 13].map((count) =>
    reserved(scalar('cpus', 8), 'reserved', labels(count - 1, `${agent}-${count}`)),
  );

const SMALL_GRID = sizes(
  [1_000, 50],
  [1_000, 1_000],
  [10_000, 200],
  [10_000, 1_000],
  [50_000, 1_000],
);
const GRID = sizes([1_000, 200], [10_000, 200]);

export const WORKLOADS: readonly Workload[] = [
  { name: 'Cycle', sizes: SMALL_GRID, run: cycle({ seed: 0 }) },
  { name: 'ShuffledCycle', sizes: SMALL_GRID, run: cycle() },
  {
    name: 'RandomSorter',
    sizes: sizes([10_000, 1_000]),
    run: cycle({ roleSorter: 'random', frameworkSorter: 'random' }),
  },
  {
    name: 'Saturated',
    sizes: sizes([1_000, 50], [1_000, 200], [5_000, 50], [5_000, 200]),
    run: saturated,
  },
  { name: 'MultiFrameworkAllocations', sizes: sizes([80, 554]), run: multiFrameworkAllocations },
  {
    name: 'LargeAndSmallQuota',
    sizes: sizes([30, 30], [300, 300], [3_000, 3_000]),
    run: largeAndSmallQuota,
  },
  {
    name: 'NonQuota',
    sizes: sizes([20, 20], [200, 200], [2_000, 2_000]),
    run: nonQuotaVsQuota(false),
  },
  { name: 'Quota', sizes: sizes([20, 20], [200, 200], [2_000, 2_000]), run: nonQuotaVsQuota(true) },
  { name: 'QuotaCycle', sizes: sizes([3_000, 3_000]), run: quotaCycle },
  { name: 'PersistentVolumes', sizes: GRID, run: persistentVolumes('regular') },
  { name: 'SharedVolumes', sizes: GRID, run: persistentVolumes('shared') },
  { name: 'MixedVolumes', sizes: GRID, run: persistentVolumes('mixed') },
  { name: 'AddAndUpdateAgent', sizes: GRID, run: addAndUpdateAgent },
  { name: 'DeclineOffers', sizes: GRID, run: declineOffers(() => []) },
  { name: 'ResourceLabels', sizes: GRID, run: declineOffers(labelled) },
  { name: 'SuppressOffers', sizes: GRID, run: suppressOffers(0, 0.2) },
  { name: 'ExtremeSuppressOffers', sizes: GRID, run: suppressOffers(0.99, 0) },
  { name: 'AllocatorBacklog', sizes: GRID, run: allocatorBacklog },
  { name: 'UpdateAllocation', sizes: sizes([1, 50], [1, 100], [1, 200]), run: updateAllocation },
  { name: 'Resources', sizes: sizes([1, 1]), run: resources },
  { name: 'Insight', sizes: sizes([10_000, 100], [50_000, 100]), run: insight },
  { name: 'FullSort', sizes: sizes([10_000, 1_000]), run: fullSort },
  { name: 'HierarchyFullSort-3-32', sizes: sizes([10_000, 1_024]), run: hierarchyFullSort(3, 32) },
  { name: 'HierarchyFullSort-7-3', sizes: sizes([10_000, 729]), run: hierarchyFullSort(7, 3) },
  { name: 'HierarchyFullSort-10-2', sizes: sizes([10_000, 512]), run: hierarchyFullSort(10, 2) },
];
