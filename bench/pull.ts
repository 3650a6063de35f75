// Images on one agent: pulled from a registry and unpacked, and containers that have their files.
// Beside it skopeo, umoci and a bare OCI runtime.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whole } from './arguments.ts';
import type { AgentProcess } from './containers/agent-process.ts';
import { ContainerLoad, TASK_PROGRAM } from './containers/load.ts';
import { memoryOf } from './containers/memory.ts';
import {
  reportRuns,
  type SharedOptions,
  sharedOptions,
  sharedValues,
  withAgent,
} from './containers/one-agent.ts';
import { usageOf } from './e2e/master-process.ts';
import { longest } from './loop/stretches.ts';
import { bareRuns, RegistryWithImage, umociUnpack } from './pull/image.ts';
import { type Measurement, quantile } from './report.ts';

export const USAGE = `usage: npm run bench -- pull [options]

Needs root, docker-registry, skopeo, umoci, busybox-static and an OCI runtime.

  --folders=LIST    folders of this machine, of which each is a layer
                    (/usr/share/doc,/usr/lib/python3,/usr/lib/git-core)
  --megabytes=N     one more layer, of one file of so many (0)
  --containers=N    containers of the image that are launched at once (200; 0: none)
  --runtime=PATH    the OCI runtime (/usr/bin/crun)
  --port=P          port of the master; agent and registry have the next two (16170)
  --folder=PATH     where all is written (the system's folder for temporary files)
  --timeout=S       give up after that long (300)
  --runs=R          runs, for median, min and max (1)
  --json            one object a line`;

const ISOLATION = 'filesystem/linux,docker/runtime,namespaces/pid,posix/cpu,posix/mem';
/** How often one more container is started, and a bare one. */
const SAMPLES = 9;

interface RunOptions extends SharedOptions {
  readonly registry: RegistryWithImage;
  readonly folder: string;
  readonly containers: number;
}

export async function run({ args, json }: { args: string[]; json: boolean }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      folders: { type: 'string', default: '/usr/share/doc,/usr/lib/python3,/usr/lib/git-core' },
      megabytes: { type: 'string', default: '0' },
      containers: { type: 'string', default: '200' },
      folder: { type: 'string', default: tmpdir() },
      ...sharedOptions(16_170),
    },
  });
  const shared = sharedValues(values);
  const containers = whole('containers', values.containers);
  const folder = mkdtempSync(join(values.folder, 'mesoscale-bench-pull-'));
  const content = {
    folders: values.folders.split(',').filter(Boolean),
    megabytes: whole('megabytes', values.megabytes),
  };
  const kept = join(folder, 'registry');
  mkdirSync(kept);
  let registry: RegistryWithImage | undefined;
  try {
    registry = await RegistryWithImage.start(kept, shared.port + 2, content);
    const options = { ...shared, registry, folder, containers };
    const layers = content.folders.length + (content.megabytes > 0 ? 2 : 1);
    const workload = `${Math.round(registry.bytes / 1e6)} MB in ${layers} layers`;
    await reportRuns({ suite: 'pull', workload, count: shared.runs, json }, () => measure(options));
  } finally {
    registry?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(options: RunOptions): Promise<Measurement[]> {
  const { registry, runtime } = options;
  const flags = [
    '--launcher=linux',
    `--isolation=${ISOLATION}`,
    '--image_providers=DOCKER',
    `--docker_registry=http://${registry.host}`,
    `--oci_runtime=${runtime}`,
  ];
  return withAgent(options, flags, async (agent) => {
    await agent.start();
    const pulled = await pull(options, agent);
    const beside = rivals(options);
    return [...pulled, ...beside, ...(await contain(options, agent, beside))];
  });
}

async function pull({ registry, port }: RunOptions, agent: AgentProcess): Promise<Measurement[]> {
  const sinceMs = Date.now();
  const before = usageOf(agent.pid)?.cpuSeconds ?? 0;
  const rested = mostMemory(agent.pid);
  const image = { type: 'DOCKER', docker: { name: registry.image } };
  const answer = await fetch(`http://127.0.0.1:${port + 1}/api/v1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ type: 'PULL_IMAGE', pull_image: { image } }),
  });
  const text = await answer.text();
  if (answer.status !== 200) {
    throw new Error(`the image was not pulled: ${answer.status} ${text}`);
  }
  const ms = Date.now() - sinceMs;
  return [
    { metric: 'pull', unit: 's', value: ms / 1000 },
    { metric: 'pull.rate', unit: 'MB/s', value: registry.bytes / 1000 / ms },
    { metric: 'pull.agent-cpu', unit: 's', value: (usageOf(agent.pid)?.cpuSeconds ?? 0) - before },
    { metric: 'pull.memory', unit: 'MB', value: mostMemory(agent.pid) },
    { metric: 'pull.memory before', unit: 'MB', value: rested },
    ...longest('pull', agent.busySince(sinceMs)),
  ];
}

/** The most that a process has ever had in memory, in MB. */
const mostMemory = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;

function rivals({ registry, folder, runtime }: RunOptions): Measurement[] {
  const own = mkdtempSync(join(folder, 'rival-'));
  const layout = join(own, 'layout');
  const bundle = join(own, 'bundle');
  const beganMs = performance.now();
  registry.copyTo(layout);
  const copiedMs = performance.now();
  umociUnpack(layout, bundle);
  const endMs = performance.now();
  const bare = bareRuns(runtime, bundle, SAMPLES);
  rmSync(own, { recursive: true });
  return [
    { metric: 'skopeo + umoci', unit: 's', value: (endMs - beganMs) / 1000 },
    { metric: 'skopeo copy', unit: 's', value: (copiedMs - beganMs) / 1000 },
    { metric: 'bare run', unit: 'ms', value: bare * 1000 },
  ];
}

/** Containers of an image that is there. */
async function contain(
  { registry, port, containers }: RunOptions,
  agent: AgentProcess,
  beside: readonly Measurement[],
): Promise<Measurement[]> {
  const shared = { master: `127.0.0.1:${port}`, group: 0, image: registry.image };
  const times: number[] = [];
  for (let i = 0; i <= SAMPLES; i++) {
    const one = new ContainerLoad({ ...shared, tasks: 1, command: 'true' });
    times.push(await one.finished());
    await one.end();
  }
  // The first one warms everything up.
  const another = quantile(
    times.slice(1).toSorted((a, b) => a - b),
    0.5,
  );
  const bare = beside.find(({ metric }) => metric === 'bare run')?.value ?? 0;
  const found: Measurement[] = [
    { metric: 'one more', unit: 'ms', value: another },
    { metric: 'one more - bare run', unit: 'ms', value: another - bare },
  ];
  if (containers > 0) {
    const before = memoryOf(agent.pid, agent.folder, TASK_PROGRAM);
    const sinceMs = Date.now();
    const all = new ContainerLoad({ ...shared, tasks: containers });
    found.push({ metric: 'launch.all', unit: 's', value: (await all.launched()) / 1000 });
    found.push(...longest('launch', agent.busySince(sinceMs)));
    const more = memoryOf(agent.pid, agent.folder, TASK_PROGRAM) - before;
    found.push({ metric: 'memory.each', unit: 'MB', value: more / containers });
    found.push({ metric: 'destroy.all', unit: 's', value: (await all.killed()) / 1000 });
    await all.end();
  }
  return found;
}
