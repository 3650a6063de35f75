// What the launching is compared with: the same processes, started one after the other by nothing
// but Node, or by nothing but an OCI runtime.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TASK_PROGRAM } from './load.ts';

const execute = promisify(execFile);
const COMMAND = [TASK_PROGRAM, '100000'];

export interface RivalTimes {
  readonly launchedMs: number;
  readonly killedMs: number;
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

/**
 * A bare loop of `crun run`, then one of `crun delete`, by a shell in a mount namespace of its own:
 * the containers see the files of the machine, without cgroups, and have their own processes.
 */
export async function runtimeContainers(runtime: string, count: number): Promise<RivalTimes> {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-bench-oci-'));
  const rootfs = join(folder, 'rootfs');
  mkdirSync(rootfs);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration(rootfs)));
  const { stdout } = await execute(
    'unshare',
    ['--mount', 'sh', '-c', LOOP, runtime, folder, String(count)],
    { env: { ...process.env, LC_ALL: 'C' } },
  );
  rmSync(folder, { recursive: true, force: true });
  const [beganMs = 0, launchedMs = 0, killedMs = 0] = stdout
    .split('\n')
    .map((seconds) => Number(seconds) * 1000);
  return { launchedMs: launchedMs - beganMs, killedMs: killedMs - launchedMs };
}

/** Called with the runtime as $0, the bundle, and the number of containers. */
const LOOP = `set -e
mount --make-rprivate /
mount --rbind / $1/rootfs
mount -t tmpfs none /sys/fs/cgroup
date +%s.%N
for i in $(seq $2); do
  $0 --cgroup-manager=disabled --root $1/state run --detach --bundle $1 c$i </dev/null >/dev/null 2>&1
done
date +%s.%N
for i in $(seq $2); do
  $0 --cgroup-manager=disabled --root $1/state delete --force c$i
done
date +%s.%N
`;

const configuration = (rootfs: string) => ({
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
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
});
