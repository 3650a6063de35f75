// Frameworks of several kinds launch tasks until all of them run.
import type { Holding, SchedulerCore } from '../../src/core/interface.ts';
import type { Resource } from '../../src/model/generated/messages.ts';
import type { Measurement } from '../report.ts';
import { BenchCluster, median, memory, ms, type Size, timed, YEAR_SECONDS } from './cluster.ts';
import { scalars } from './resources.ts';

interface FrameworkProfile {
  readonly roles: (index: number) => string;
  readonly count: number;
  readonly tasks: number;
  readonly task: Readonly<Record<string, number>>;
  readonly perOffer: number;
}

const PROFILES: readonly FrameworkProfile[] = [
  {
    roles: (i) => `service-${i}`,
    count: 4,
    tasks: 4000,
    task: { cpus: 0.07, mem: 400 },
    perOffer: 100,
  },
  { roles: () => 'ci', count: 500, tasks: 5, task: { cpus: 0.1, mem: 4000 }, perOffer: 1 },
  { roles: (i) => `batch-${i}`, count: 50, tasks: 20, task: { cpus: 1, mem: 1000 }, perOffer: 5 },
];

/**
 * Services, build jobs and batch jobs launch tasks from offers, and refuse the rest, until all
 * tasks run.
 */
export function multiFrameworkAllocations(core: SchedulerCore, { agents }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  const addAgents = cluster.addAgents(agents, () => scalars({ cpus: 64, mem: 488_000 }));
  const left = new Map<string, { tasks: number; profile: FrameworkProfile }>();
  let addFrameworks = 0;
  for (const profile of PROFILES) {
    const first = cluster.frameworks.length;
    addFrameworks += cluster.addFrameworks(profile.count, (index) => [
      profile.roles(index - first),
    ]);
    for (const id of cluster.frameworks.slice(first)) {
      left.set(id, { tasks: profile.tasks, profile });
    }
  }
  const cycles: number[] = [];
  const accepting: number[] = [];
  while (left.size > 0) {
    cycles.push(cluster.cycle());
    const offers = cluster.offers();
    accepting.push(
      timed(() => {
        for (const offer of offers) {
          launchTasks(cluster, core, offer, left);
        }
      }),
    );
    if (cycles.length > 10_000) {
      throw new Error('the tasks do not fit');
    }
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return [
    ms('add.agents', addAgents),
    ms('add.frameworks', addFrameworks),
    ms('cycle.first', cycles[0] ?? 0),
    ms('cycle.full', median(cycles)),
    ms('cycles.total', sum(cycles)),
    ms('launches.total', sum(accepting)),
    { metric: 'rounds', unit: '', value: cycles.length },
    memory(),
  ];
}

function launchTasks(
  cluster: BenchCluster,
  core: SchedulerCore,
  offer: Holding,
  left: Map<string, { tasks: number; profile: FrameworkProfile }>,
): void {
  const wanted = left.get(offer.frameworkId);
  if (wanted === undefined) {
    cluster.giveBack([offer], YEAR_SECONDS);
    return;
  }
  const { profile } = wanted;
  const offered = core.algebra.quantities(offer.resources);
  const fitting = Math.min(
    ...Object.entries(profile.task).map(([name, size]) =>
      Math.floor((1000 * (offered[name] ?? 0)) / (1000 * size)),
    ),
  );
  const tasks = Math.min(wanted.tasks, profile.perOffer, fitting);
  const task = Object.fromEntries(
    Object.entries(profile.task).map(([name, size]) => [name, size * tasks]),
  );
  const launched = tasks === 0 ? [] : core.algebra.add(scalars(task), []);
  const rest = core.algebra.subtract(offer.resources.map(withoutRole), launched);
  wanted.tasks -= tasks;
  if (wanted.tasks === 0) {
    left.delete(offer.frameworkId);
  }
  if (launched.length > 0) {
    cluster.launch([{ ...offer, resources: launched }]);
  }
  if (rest.length > 0) {
    cluster.giveBack([{ ...offer, resources: rest }], wanted.tasks === 0 ? YEAR_SECONDS : 0);
  }
}

function withoutRole({ allocation_info: _role, ...resource }: Resource): Resource {
  return resource;
}
