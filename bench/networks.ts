// Containers with networks of their own on one agent, in a network of the bench's own. Beside them
// the same containers by a bare OCI runtime and the same plugin.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { whole } from './arguments.ts';
import type { AgentProcess } from './containers/agent-process.ts';
import { ContainerLoad } from './containers/load.ts';
import {
  fastest,
  reportRuns,
  type SharedOptions,
  sharedOptions,
  sharedValues,
  withAgent,
} from './containers/one-agent.ts';
import { beside, runtimeContainers } from './containers/rivals.ts';
import { longest } from './loop/stretches.ts';
import { crossed } from './networks/crossing.ts';
import { isSeparate } from './networks/separate.ts';
import { throughput } from './networks/throughput.ts';
import type { Measurement } from './report.ts';

export const USAGE = `usage: npm run bench -- networks [options]

Needs root, an OCI runtime, iproute2, python3 and the plugins of CNI.

  --containers=N   containers of a bridge network (200)
  --plugins=PATH   folder of the plugins (/usr/lib/cni)
  --runtime=PATH   the OCI runtime (/usr/bin/crun)
  --port=P         port of the master; that of the agent is the next (16180)
  --timeout=S      give up after that long (300)
  --runs=R         runs, for median, min and max (1)
  --json           one object a line`;

/** As much as the rival's containers have. */
const ISOLATION = 'filesystem/linux,namespaces/pid,network/cni,posix/cpu,posix/mem';
const NETWORK = 'bench';
const LOOK_MS = 10;

interface RunOptions extends SharedOptions {
  readonly containers: number;
  readonly plugins: string;
  /** For the network's configuration and leases. */
  readonly folder: string;
}

export async function run({ args, json }: { args: string[]; json: boolean }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      containers: { type: 'string', default: '200' },
      plugins: { type: 'string', default: '/usr/lib/cni' },
      ...sharedOptions(16_180),
    },
  });
  const shared = sharedValues(values);
  const containers = whole('containers', values.containers, 1);
  if (!(await isSeparate())) {
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-bench-networks-'));
  try {
    const options = { ...shared, containers, plugins: values.plugins, folder };
    const workload = `bridge-${containers}`;
    await reportRuns({ suite: 'networks', workload, count: shared.runs, json }, () =>
      measure(options),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bridge = (folder: string) => ({
  cniVersion: '0.4.0',
  name: NETWORK,
  type: 'bridge',
  bridge: 'bench0',
  isGateway: true,
  ipam: { type: 'host-local', dataDir: join(folder, 'leases'), subnet: '10.88.0.0/16' },
});

async function measure(options: RunOptions): Promise<Measurement[]> {
  const { folder, plugins, runtime, containers } = options;
  const configurations = join(folder, 'configurations');
  mkdirSync(configurations, { recursive: true });
  writeFileSync(join(configurations, 'bench.conf'), JSON.stringify(bridge(folder)));
  const flags = [
    '--launcher=linux',
    `--isolation=${ISOLATION}`,
    `--oci_runtime=${runtime}`,
    `--network_cni_config_dir=${configurations}`,
    `--network_cni_plugins_dir=${plugins}`,
  ];
  const own = await withAgent(options, flags, (agent) => play(options, agent));
  const network = { configuration: bridge(folder), plugins };
  return [
    ...own,
    ...beside(own, basename(runtime), await runtimeContainers(runtime, containers, network)),
    ...(await throughput(options)),
  ];
}

async function play(options: RunOptions, agent: AgentProcess): Promise<Measurement[]> {
  const { port, containers, folder } = options;
  const found: Measurement[] = [];
  const add = (metric: string, unit: string, value: number) => found.push({ metric, unit, value });
  const master = `127.0.0.1:${port}`;
  await agent.start();
  let sinceMs = Date.now();
  const load = new ContainerLoad({ master, tasks: containers, group: 0, network: NETWORK });
  add('launch.all', 's', (await load.launched()) / 1000);
  found.push(...longest('launch', agent.busySince(sinceMs)));
  sinceMs = Date.now();
  add('statistics', 'ms', await fastest(`http://127.0.0.1:${port + 1}/monitor/statistics`));
  add('containers', 'ms', await fastest(`http://127.0.0.1:${port + 1}/containers`));
  found.push(...longest('statistics', agent.busySince(sinceMs)));
  add('crossed', 's', (await crossed(master, agent.folder)) / 1000);
  sinceMs = Date.now();
  await load.killed();
  // The network of the last one goes after the status of its end.
  while (leftOf(folder).length > 0) {
    await delay(LOOK_MS);
  }
  add('destroy.all', 's', (Date.now() - sinceMs) / 1000);
  found.push(...longest('destroy', agent.busySince(sinceMs)));
  await load.end();
  return found;
}

/** Links and leases of containers. */
const leftOf = (folder: string): string[] => [
  ...readdirSync('/proc/self/net/dev_snmp6').filter((link) => link.startsWith('veth')),
  ...readdirSync(join(folder, 'leases', NETWORK)).filter((file) => isIPv4(file)),
];
