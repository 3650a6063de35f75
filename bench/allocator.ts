// `npm run bench -- allocator`: cycles of the allocator on the workloads of Apache Mesos's own
// benchmarks and, in the same run, a kernel of such a cycle in plain C.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildCore } from '../scripts/build-core.ts';
import { best, type Size } from './allocator/cluster.ts';
import { compileKernel, runKernel } from './allocator/kernel.ts';
import { WORKLOADS, type Workload } from './allocator/workloads.ts';
import { UsageError, whole } from './arguments.ts';
import { type Measurement, report } from './report.ts';

const CASE = fileURLToPath(new URL('allocator/case.ts', import.meta.url));

export const USAGE = `usage: npm run bench -- allocator [--workload NAME] [--agents N] [--frameworks M] [--runs R] [--json]
       npm run bench -- allocator --plot [--agents LARGEST]
workloads: ${WORKLOADS.map(({ name }) => name).join(', ')}`;

/**
 * Workloads that the kernel can be compared with, since every agent is offered to one role; and
 * whether agents are shuffled in them.
 */
const COMPARED: ReadonlyMap<string, boolean> = new Map([
  ['Cycle', false],
  ['ShuffledCycle', true],
  ['RandomSorter', true],
]);

interface Options {
  readonly workload: string | undefined;
  readonly agents: number | undefined;
  readonly frameworks: number | undefined;
  readonly runs: number | undefined;
  readonly plot: boolean;
}

function parse(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workload: { type: 'string' },
      agents: { type: 'string' },
      frameworks: { type: 'string' },
      runs: { type: 'string' },
      plot: { type: 'boolean', default: false },
      json: { type: 'boolean' },
    },
  });
  const count = (name: string, text: string | undefined) =>
    text === undefined ? undefined : whole(name, text, 1);
  return {
    workload: values.workload,
    agents: count('agents', values.agents),
    frameworks: count('frameworks', values.frameworks),
    runs: count('runs', values.runs),
    plot: values.plot,
  };
}

function chosen(name: string | undefined): readonly Workload[] {
  if (name === undefined) {
    return WORKLOADS;
  }
  const workload = WORKLOADS.find((candidate) => candidate.name === name);
  if (workload === undefined) {
    throw new UsageError(`no workload is called ${name}`);
  }
  return [workload];
}

/**
 * The sizes of the workload, or the size that was asked for; a number that was not given is that of
 * the workload's first size.
 */
function sizesOf(workload: Workload, { agents, frameworks }: Options): readonly Size[] {
  if (agents === undefined && frameworks === undefined) {
    return workload.sizes;
  }
  const [first = { agents: 1000, frameworks: 200 }] = workload.sizes;
  return [{ agents: agents ?? first.agents, frameworks: frameworks ?? first.frameworks }];
}

function measure(workload: Workload, size: Size, runs: number): Measurement[][] {
  const task = JSON.stringify({ name: workload.name, size, runs });
  // The bench's own messages need room, for up to a million agents.
  const flags = ['--expose-gc', '--max-old-space-size=8192', '--no-warnings'];
  const { status, stdout } = spawnSync(process.execPath, [...flags, CASE, task], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    throw new Error(`${workload.name} failed with status ${status}`);
  }
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Adds the kernel's time for a full cycle, and how many times that the core took. */
function withKernel(runs: readonly Measurement[][], kernel: readonly number[]): Measurement[][] {
  const shortest = best(kernel);
  return runs.map((measurements) => {
    const full = measurements.find(({ metric }) => metric === 'cycle.full')?.value ?? Number.NaN;
    return [
      ...measurements,
      { metric: 'cycle.kernel', unit: 'ms', value: shortest },
      { metric: 'ratio.kernel', unit: 'x', value: full / shortest },
    ];
  });
}

export async function run({ json, args }: { json: boolean; args: string[] }): Promise<void> {
  const options = parse(args);
  await buildCore();
  if (options.plot) {
    const { createCore } = await import('../src/core/core.ts');
    const { loadCore } = await import('../src/runtime/load-core.ts');
    const { plotQuietCycles } = await import('./allocator/plot.ts');
    plotQuietCycles(createCore(await loadCore()), options.agents ?? 1_000_000);
    return;
  }
  const kernel = compileKernel();
  for (const workload of chosen(options.workload)) {
    for (const size of sizesOf(workload, options)) {
      const count = options.runs ?? (size.agents >= 200_000 ? 1 : 3);
      let runs = measure(workload, size, count);
      const shuffled = COMPARED.get(workload.name);
      if (kernel !== undefined && shuffled !== undefined) {
        runs = withKernel(runs, runKernel(kernel, { ...size, runs: 9, shuffled }));
      }
      report({ suite: 'allocator', workload: workload.name, ...size, runs, json });
    }
  }
}
