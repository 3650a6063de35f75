// What EXPLAIN, PLAN and a point of the history cost: saving the live allocator, for which a
// master's loop waits, and the rest, which a thread does.
import { answerInsight } from '../../src/core/insight/insight.ts';
import type { LiveAllocator, SchedulerCore } from '../../src/core/interface.ts';
import { PlanChange_Type } from '../../src/model/generated/messages.ts';
import type { Measurement } from '../report.ts';
import { BenchCluster, best, ms, type Size, timed } from './cluster.ts';
import { scalars } from './resources.ts';

const ROUNDS = 9;

/** Agents half of which have a task, while all that is free is on offer. */
export function insight(core: SchedulerCore, { agents, frameworks }: Size): Measurement[] {
  const cluster = new BenchCluster(core);
  cluster.addAgents(
    agents,
    () => scalars({ cpus: 24, mem: 4096, disk: 4096 }),
    (agent) => ({
      framework: agent % frameworks,
      role: `role-${agent % frameworks}`,
      resources: scalars({ cpus: 1, mem: 512 }),
    }),
  );
  cluster.addFrameworks(frameworks, (index) => [`role-${index}`]);
  cluster.cycle();
  const { allocator } = cluster;
  const times = (work: () => void) => Array.from({ length: ROUNDS }, () => timed(work));
  const save = times(() => allocator.save());
  const sums = times(() => allocator.clusterSums());
  return [
    ms('save.first', save[0] ?? 0),
    ms('save', best(save)),
    ms('sums', best(sums)),
    ms('explain', best([1, 2, 3].map(() => timed(() => explain(core, allocator, cluster))))),
    ms('plan', best([1, 2, 3].map(() => timed(() => plan(core, allocator))))),
  ];
}

function explain(core: SchedulerCore, allocator: LiveAllocator, { frameworks }: BenchCluster) {
  const [id] = frameworks;
  if (id === undefined) {
    throw new Error('a framework is expected');
  }
  answerInsight(core, allocator.save(), {
    kind: 'explain',
    nowMs: 0,
    frameworkId: id,
    roles: ['role-0'],
    demand: { cpus: 4, mem: 1024 },
    onOffer: {},
    quotas: {},
  });
}

/** Drains a tenth of the agents. */
function plan(core: SchedulerCore, allocator: LiveAllocator): void {
  const ids = allocator.agentIds();
  const agent_ids = ids.slice(0, ids.length / 10).map((value) => ({ value }));
  const changes = [{ type: PlanChange_Type.DRAIN_AGENTS, drain_agents: { agent_ids } }];
  answerInsight(core, allocator.save(), { kind: 'plan', changes, quotas: {}, weights: {} });
}
