// Finds the cgroup below which containers get theirs. Only grouping is wanted here, so that all of
// a container can be killed and counted at once; limits are the isolators' business.
//
// A cgroup v2 hierarchy serves for that even where v1 has all the controllers; v1's freezer serves
// otherwise. Nothing is assumed about the agent's own place: containers go below it.
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kill, readText } from './process-table.ts';

const sweepPauseMs = 5;
const maxSweeps = 400;

interface Mount {
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

export type CgroupKind = 'unified' | 'freezer';

/** The folder for containers' cgroups, or undefined where the agent may make none. */
export function findCgroupRoot(
  name: string,
  kinds: readonly CgroupKind[] = ['unified', 'freezer'],
): string | undefined {
  const mounts = readMounts();
  const own = readOwnPaths();
  for (const kind of kinds) {
    const isUnified = kind === 'unified';
    const mount = mounts.find(({ type, options }) =>
      isUnified ? type === 'cgroup2' : type === 'cgroup' && options.includes(kind),
    );
    const needed = isUnified ? 'cgroup.kill' : 'freezer.state';
    const root = probe(mount, own.get(isUnified ? '' : kind), name, needed);
    if (root !== undefined) {
      return root;
    }
  }
  return undefined;
}

/**
 * Kills what is left in a cgroup whose supervisor is gone, and removes it. Ends when it is empty:
 * only a process that hangs in the kernel can keep it.
 */
export async function sweepCgroup(folder: string): Promise<void> {
  for (let tries = 0; tries < maxSweeps; tries++) {
    if (removeCgroup(folder)) {
      return;
    }
    killCgroup(folder);
    await delay(sweepPauseMs);
  }
}

/** With the cgroups that a task has made below its own. False while there are processes in it. */
function removeCgroup(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        removeCgroup(join(folder, entry.name));
      }
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'EBUSY');
  }
}

function killCgroup(folder: string): void {
  if (write(join(folder, 'cgroup.kill'), '1')) {
    return;
  }
  write(join(folder, 'freezer.state'), 'FROZEN');
  for (const pid of cgroupProcesses(folder)) {
    kill(pid, 'SIGKILL');
  }
  write(join(folder, 'freezer.state'), 'THAWED');
}

export function cgroupProcesses(folder: string): number[] {
  const text = readText(join(folder, 'cgroup.procs'));
  return text === undefined ? [] : text.split('\n').filter(Boolean).map(Number);
}

function probe(
  mount: Mount | undefined,
  own: string | undefined,
  name: string,
  needed: string,
): string | undefined {
  if (mount === undefined || own === undefined) {
    return undefined;
  }
  // Inside a cgroup namespace or a bind mount the mount's root is a prefix of the path.
  const below = own.startsWith(mount.root) ? own.slice(mount.root.length) : own;
  const root = join(mount.point, below, name);
  const trial = join(root, `.probe-${process.pid}`);
  try {
    mkdirSync(root, { recursive: true });
    mkdirSync(trial);
    try {
      accessSync(join(trial, needed), constants.W_OK);
      accessSync(join(trial, 'cgroup.procs'), constants.W_OK);
    } finally {
      rmdirSync(trial);
    }
    return root;
  } catch {
    // Read-only, not root, or an old kernel: containers do without a cgroup.
    return undefined;
  }
}

function readMounts(): Mount[] {
  return (readText('/proc/self/mountinfo') ?? '')
    .split('\n')
    .filter((line) => line.includes(' - cgroup'))
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const [, , , root = '/', point = ''] = left.split(' ');
      const [type = '', , options = ''] = right.split(' ');
      return { root: root === '/' ? '' : root, point, type, options: options.split(',') };
    });
}

/** The agent's path in each hierarchy, by controller; that of v2 has the name ''. */
function readOwnPaths(): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')) {
    const [, controllers = '', ...path] = line.split(':');
    for (const controller of controllers.split(',')) {
      paths.set(controller, path.join(':'));
    }
  }
  return paths;
}

function write(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'r+' });
    return true;
  } catch {
    // Not in this version of cgroups, or removed meanwhile.
    return false;
  }
}
