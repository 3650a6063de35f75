// `npm run bench -- matcher`: thousands of tasks placed on thousands of offers.
import { parseArgs } from 'node:util';
import { buildCore } from '../scripts/build-core.ts';
import { createCore } from '../src/core/core.ts';
import type { Fitness, MatchOffer, TaskDemand } from '../src/core/matcher.ts';
import { Value_Type } from '../src/model/generated/messages.ts';
import { loadCore } from '../src/runtime/load-core.ts';
import { fragments, scalars } from './allocator/resources.ts';
import { UsageError, whole } from './arguments.ts';
import { type Measurement, report } from './report.ts';

interface Workload {
  readonly name: string;
  readonly fitness: Fitness;
  readonly demand: (task: number) => TaskDemand;
}

const simple = (task: number): TaskDemand => ({
  amounts: { cpus: 0.5 + (task % 4) / 2, mem: 128 * (1 + (task % 3)) },
});

const WORKLOADS: readonly Workload[] = [
  { name: 'BinPack', fitness: { type: 'binPack' }, demand: simple },
  { name: 'Spread', fitness: { type: 'spread' }, demand: simple },
  {
    name: 'Ports',
    fitness: { type: 'binPack' },
    demand: (task) => ({ ...simple(task), counts: { ports: 2 } }),
  },
  {
    name: 'Constraints',
    fitness: { type: 'binPack' },
    demand: (task) => ({
      ...simple(task),
      group: `group-${task % 10}`,
      constraints: [
        { type: 'matches', attribute: 'rack', pattern: `rack-[0-9]*${task % 10}` },
        { type: 'groupBy', attribute: '@hostname' },
      ],
    }),
  },
];

const offers = (count: number): MatchOffer[] =>
  Array.from({ length: count }, (_, index) => ({
    hostname: `host-${index}`,
    attributes: [{ name: 'rack', type: Value_Type.TEXT, text: { value: `rack-${index % 50}` } }],
    resources: [
      ...scalars({ cpus: 16 + (index % 3) * 8, mem: 8192 }),
      fragments(31_000, 32_000, 16),
    ],
  }));

export const USAGE = `usage: npm run bench -- matcher [--workload=NAME] [--tasks=10000] [--offers=1000] [--runs=5] [--json]
workloads: ${WORKLOADS.map(({ name }) => name).join(', ')}`;

export async function run({ json, args }: { json: boolean; args: string[] }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      tasks: { type: 'string', default: '10000' },
      offers: { type: 'string', default: '1000' },
      runs: { type: 'string', default: '5' },
      workload: { type: 'string' },
    },
  });
  const tasks = whole('tasks', values.tasks, 1);
  const count = whole('runs', values.runs, 1);
  const available = offers(whole('offers', values.offers, 1));
  const chosen = WORKLOADS.filter(({ name }) => name === (values.workload ?? name));
  if (chosen.length === 0) {
    throw new UsageError(`no workload is called ${values.workload}`);
  }
  await buildCore();
  const { matcher } = createCore(await loadCore());
  for (const { name, fitness, demand } of chosen) {
    const request = {
      tasks: Array.from({ length: tasks }, (_, task) => demand(task)),
      offers: available,
      fitness,
    };
    const runs = Array.from({ length: count }, (): Measurement[] => {
      const start = performance.now();
      const { placed } = matcher.match(request);
      const time = performance.now() - start;
      return [
        { metric: 'match', unit: 'ms', value: time },
        { metric: 'match.task', unit: 'µs', value: (1000 * time) / tasks },
        { metric: 'placed', unit: 'tasks', value: placed.length },
      ];
    });
    report({
      suite: 'matcher',
      workload: name,
      agents: available.length,
      frameworks: 1,
      runs,
      json,
    });
  }
}
