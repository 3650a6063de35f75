// What the launching is compared with: the same processes, started one after the other by nothing
// but Node, or by nothing but an OCI runtime.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Measurement } from '../report.ts';
import { TASK_PROGRAM } from './load.ts';

const execute = promisify(execFile);
const COMMAND = [TASK_PROGRAM, '100000'];

export interface RivalTimes {
  readonly launchedMs: number;
  readonly killedMs: number;
}

/** Rows of the report: the rival's times, and how many times as long ours were. */
export function beside(
  own: readonly Measurement[],
  rival: string,
  { launchedMs, killedMs }: RivalTimes,
): Measurement[] {
  const seconds = (metric: string) => own.find((it) => it.metric === metric)?.value ?? 0;
  return [
    { metric: `launch.${rival}`, unit: 's', value: launchedMs / 1000 },
    { metric: `destroy.${rival}`, unit: 's', value: killedMs / 1000 },
    {
      metric: `launch / ${rival}`,
      unit: 'times',
      value: (seconds('launch.all') * 1000) / launchedMs,
    },
    {
      metric: `destroy / ${rival}`,
      unit: 'times',
      value: (seconds('destroy.all') * 1000) / killedMs,
    },
  ];
}

/** As plain children of this process. */
export async function plainProcesses(count: number): Promise<RivalTimes> {
  const [program = '', ...parameters] = COMMAND;
  const beganMs = performance.now();
  const children = [];
  for (let i = 0; i < count; i++) {
    const child = spawn(program, parameters, { stdio: 'ignore' });
    await once(child, 'spawn');
    children.push(child);
  }
  const launchedMs = performance.now() - beganMs;
  const ended = children.map((child) => once(child, 'exit'));
  for (const child of children) {
    child.kill('SIGTERM');
  }
  await Promise.all(ended);
  return { launchedMs, killedMs: performance.now() - beganMs - launchedMs };
}

/** A CNI network: its configuration, of one plugin, and where plugins are. */
export interface PluginNetwork {
  readonly configuration: { readonly type: string };
  readonly plugins: string;
}

/**
 * A bare loop of `crun run`, then one of `crun delete`, by a shell in a mount namespace of its own:
 * the containers see the files of the machine, without cgroups, and have their own processes. With
 * a network the shell makes and removes a namespace for each, and calls the plugin as agents do.
 */
export async function runtimeContainers(
  runtime: string,
  count: number,
  network?: PluginNetwork,
): Promise<RivalTimes> {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-bench-oci-'));
  const rootfs = join(folder, 'rootfs');
  mkdirSync(rootfs);
  for (let i = 1; i <= count; i++) {
    const bundle = join(folder, `c${i}`);
    const namespace = network === undefined ? [] : [{ type: 'network', path: `${bundle}/ns` }];
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'ns'), '');
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(configuration(rootfs, namespace)));
  }
  if (network !== undefined) {
    writeFileSync(join(folder, 'network'), JSON.stringify(network.configuration));
  }
  const plugin = network && join(network.plugins, network.configuration.type);
  const loop = loopOf(network === undefined ? NO_NETWORK : PLUGIN_NETWORK);
  const { stdout } = await execute(
    'unshare',
    ['--mount', 'sh', '-c', loop, runtime, folder, String(count), plugin ?? ''],
    { env: { ...process.env, LC_ALL: 'C', CNI_PATH: network?.plugins } },
  );
  rmSync(folder, { recursive: true, force: true });
  const [beganMs = 0, launchedMs = 0, killedMs = 0] = stdout
    .split('\n')
    .map((seconds) => Number(seconds) * 1000);
  return { launchedMs: launchedMs - beganMs, killedMs: killedMs - launchedMs };
}

const NO_NETWORK = 'attach() { :; }; detach() { :; }';

/** Both with the folder, the plugin, and the container. */
const PLUGIN_NETWORK = `
cni() {
  CNI_COMMAND=$1 CNI_CONTAINERID=$4 CNI_NETNS=$2/$4/ns CNI_IFNAME=eth0 $3 < $2/network > /dev/null
}
attach() {
  unshare --net=$1/$3/ns true
  nsenter --net=$1/$3/ns ip link set lo up
  cni ADD "$@"
}
detach() {
  cni DEL "$@"
  umount $1/$3/ns
}
`;

/** Called with the runtime as $0, the folder, the number of containers, and the plugin. */
const loopOf = (network: string) => `set -e
mount --make-rprivate /
mount --rbind / $1/rootfs
mount -t tmpfs none /sys/fs/cgroup
${network}
date +%s.%N
for i in $(seq $2); do
  attach $1 $3 c$i
  $0 --cgroup-manager=disabled --root $1/state run --detach --bundle $1/c$i c$i </dev/null >/dev/null 2>&1
done
date +%s.%N
for i in $(seq $2); do
  $0 --cgroup-manager=disabled --root $1/state delete --force c$i
  detach $1 $3 c$i
done
date +%s.%N
`;

const configuration = (rootfs: string, network: readonly object[]) => ({
  ociVersion: '1.0.2',
  root: { path: rootfs },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    // Else the runtime makes devices and links in the machine's own folder.
    { destination: '/dev', type: 'bind', source: '/dev', options: ['rbind', 'rslave'] },
  ],
  process: {
    cwd: '/',
    args: COMMAND,
    env: ['PATH=/usr/bin:/bin'],
    user: { uid: 0, gid: 0 },
    noNewPrivileges: true,
  },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }, ...network] },
});
