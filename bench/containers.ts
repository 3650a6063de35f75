// Many containers on one agent: launched, looked at, found again after a kill -9 of the agent, and
// destroyed. Beside them the same processes without an agent.
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { UsageError, whole } from './arguments.ts';
import type { AgentProcess } from './containers/agent-process.ts';
import { ContainerLoad, TASK_PROGRAM } from './containers/load.ts';
import { memoryOf } from './containers/memory.ts';
import {
  fastest,
  reportRuns,
  type SharedOptions,
  sharedOptions,
  sharedValues,
  withAgent,
} from './containers/one-agent.ts';
import { beside, plainProcesses, runtimeContainers } from './containers/rivals.ts';
import { HealthProbe } from './e2e/health-probe.ts';
import { usageOf } from './e2e/master-process.ts';
import { longest } from './loop/stretches.ts';
import { type Measurement, quantile } from './report.ts';

export const USAGE = `usage: npm run bench -- containers [options]

  --tasks=N           tasks, a container each (1000)
  --group=K           in groups of K tasks, a pod each; 0: each task by itself (0)
  --launcher=posix    or linux, which needs root and an OCI runtime
  --isolation=LIST    the agent's isolators, where not the usual ones
  --runtime=PATH      the OCI runtime, which is compared with: crun (/usr/bin/crun)
  --port=P            port of the master; that of the agent is the next (16160)
  --timeout=S         give up after that long (300)
  --runs=R            runs, for median, min and max (1)
  --json              one object a line`;

/** As much as the rival's containers have: files and processes of their own. */
const LINUX_ISOLATION = 'filesystem/linux,namespaces/pid,posix/cpu,posix/mem';

/** How long after its registration an agent is still taken to be recovering. */
const RECOVERED_MS = 1_000;

interface RunOptions extends SharedOptions {
  readonly tasks: number;
  readonly group: number;
  readonly launcher: 'posix' | 'linux';
  readonly isolation: string | undefined;
}

export async function run({ args, json }: { args: string[]; json: boolean }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      tasks: { type: 'string', default: '1000' },
      group: { type: 'string', default: '0' },
      launcher: { type: 'string', default: 'posix' },
      isolation: { type: 'string' },
      ...sharedOptions(16_160),
    },
  });
  const { launcher } = values;
  if (launcher !== 'posix' && launcher !== 'linux') {
    throw new UsageError(`--launcher expects posix or linux, got '${launcher}'`);
  }
  const options: RunOptions = {
    ...sharedValues(values),
    tasks: whole('tasks', values.tasks, 1),
    group: whole('group', values.group),
    launcher,
    isolation: values.isolation ?? (launcher === 'linux' ? LINUX_ISOLATION : undefined),
  };
  const pods = options.group === 0 ? '' : `-groups-of-${options.group}`;
  const workload = `${launcher}-${options.tasks}${pods}`;
  await reportRuns({ suite: 'containers', workload, count: options.runs, json }, () =>
    measure(options),
  );
}

async function measure(options: RunOptions): Promise<Measurement[]> {
  const { launcher, isolation, tasks, runtime } = options;
  const flags = [
    `--launcher=${launcher}`,
    ...(isolation === undefined ? [] : [`--isolation=${isolation}`]),
    ...(launcher === 'linux' ? [`--oci_runtime=${runtime}`] : []),
  ];
  return withAgent(options, flags, async (agent) => {
    const own = await play(options, agent);
    const [name, rival] =
      launcher === 'linux'
        ? [basename(runtime), runtimeContainers(runtime, tasks)]
        : ['spawn', plainProcesses(tasks)];
    return [...own, ...beside(own, name, await rival)];
  });
}

async function play(options: RunOptions, agent: AgentProcess): Promise<Measurement[]> {
  const { tasks, group, port } = options;
  const found: Measurement[] = [];
  const add = (metric: string, unit: string, value: number) => found.push({ metric, unit, value });
  const memory = () => memoryOf(agent.pid, agent.folder, TASK_PROGRAM);
  const address = { host: '127.0.0.1', port: port + 1 };
  await agent.start();
  const before = memory();
  let probe = new HealthProbe(address);
  const load = new ContainerLoad({ master: `127.0.0.1:${port}`, tasks, group });
  let sinceMs = Date.now();
  const launchedMs = await load.launched();
  add('launch.all', 's', launchedMs / 1000);
  add('launch.rate', 'tasks/s', (tasks * 1000) / launchedMs);
  add('launch.agent-cpu', 'ms/task', ((usageOf(agent.pid)?.cpuSeconds ?? 0) * 1000) / tasks);
  found.push(...longest('launch', agent.busySince(sinceMs)));
  const launching = await probe.stop();
  // What is read of its memory is locked meanwhile.
  add('memory.each', 'MB', (memory() - before) / tasks);
  sinceMs = Date.now();
  add('statistics', 'ms', await fastest(`http://127.0.0.1:${port + 1}/monitor/statistics`));
  add('containers', 'ms', await fastest(`http://127.0.0.1:${port + 1}/containers`));
  found.push(...longest('statistics', agent.busySince(sinceMs)));
  await agent.crash();
  const crashedMs = Date.now();
  sinceMs = await agent.start();
  add('recover', 's', (Date.now() - crashedMs) / 1000);
  add('recover.answers', 's', (sinceMs - crashedMs) / 1000);
  probe = new HealthProbe(address);
  // What follows from its registration is part of it.
  await delay(RECOVERED_MS);
  found.push(...longest('recover', agent.busySince(sinceMs)));
  sinceMs = Date.now();
  add('destroy.all', 's', (await load.killed()) / 1000);
  found.push(...longest('destroy', agent.busySince(sinceMs)));
  const destroying = await probe.stop();
  const health = [...launching.answered, ...destroying.answered].toSorted((a, b) => a - b);
  add('health.p99', 'ms', quantile(health, 0.99));
  add('health.max', 'ms', health.at(-1) ?? 0);
  await load.end();
  return found;
}
