// Finds the cgroups below which containers get theirs. Here cgroups only group a container's
// processes, so that they can be killed and accounted together; limits are for isolators.
//
// With mounted hierarchies of cgroups v1, containers are where Mesos puts them and tools look for
// them: in `HIERARCHY/freezer/ROOT/CONTAINER`, and under the same name in the hierarchies that
// account for CPU time and memory. Without, the unified hierarchy of v2 is used.
import { accessSync, constants, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';
import { kill } from '../host/process-table.ts';
import { isAbsence, isPassing, readText, withDescriptor } from '../records/record-file.ts';

const SWEEP_PAUSE_MS = 5;
const MAX_SWEEPS = 400;
/** Every 40th sweep kills without waiting until all processes are frozen. */
const FORCED_SWEEP = 40;

interface Mount {
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

export type CgroupKind = 'freezer' | 'unified';

/** The values of --cgroups_hierarchy and --cgroups_root. */
export interface CgroupPlace {
  /** The folder that hierarchies are mounted below. */
  readonly hierarchy: string;
  /** The cgroup that contains those of containers. */
  readonly root: string;
}

/**
 * Controllers of v1 that containers use besides the freezer, which ends them: for accounting and
 * CPU weight.
 */
const ACCOUNTING = ['memory', 'cpu', 'cpuacct'] as const;

export interface CgroupFacts {
  /** The version that containers use; undefined where they get no cgroups. */
  readonly version: 1 | 2 | undefined;
  /** Folders that contain the cgroups of containers; the first is for killing containers. */
  readonly roots: readonly string[];
  /** Controllers that are available below the roots. */
  readonly controllers: readonly string[];
  /** The agent's own cgroup by controller; for v2 the controller is ''. */
  readonly own: ReadonlyMap<string, string>;
}

/** Looks at the machine's cgroups. Without a place containers get none. */
export function lookAtCgroups(place: CgroupPlace | undefined): CgroupFacts {
  const own = readOwnPaths();
  const roots = place === undefined ? [] : findCgroupRoots(place);
  const [first] = roots;
  if (place === undefined || first === undefined) {
    return { version: undefined, roots, controllers: [], own };
  }
  const offered = readText(join(first, 'cgroup.controllers'));
  const mounted = new Set(hierarchiesAt(place).flatMap(({ options }) => options));
  return offered === undefined
    ? { version: 1, roots, controllers: [...own.keys()].filter((it) => mounted.has(it)), own }
    : { version: 2, roots, controllers: offered.split(/\s+/).filter(Boolean), own };
}

const hierarchiesAt = ({ hierarchy }: CgroupPlace): Mount[] =>
  readMounts().filter(({ point }) => point === hierarchy || point.startsWith(`${hierarchy}/`));

/**
 * Folders that contain the cgroups of containers; the first is for killing containers. Empty where
 * the agent may not create cgroups.
 */
export function findCgroupRoots(
  place: CgroupPlace,
  kinds: readonly CgroupKind[] = ['freezer', 'unified'],
): string[] {
  const mounts = hierarchiesAt(place);
  const own = readOwnPaths();
  const find = (controller: string, needed: string) =>
    probe(
      mounts.find(({ type, options }) =>
        controller === '' ? type === 'cgroup2' : type === 'cgroup' && options.includes(controller),
      ),
      own.get(controller),
      place.root,
      needed,
    );
  for (const kind of kinds) {
    const first = kind === 'freezer' ? find('freezer', 'freezer.state') : find('', 'cgroup.kill');
    if (first !== undefined) {
      const others =
        kind === 'freezer' ? ACCOUNTING.flatMap((it) => find(it, 'cgroup.procs') ?? []) : [];
      // Several controllers may share a mount.
      return [...new Set([first, ...others])];
    }
  }
  return [];
}

/**
 * Creates the cgroup of a container without a process, and the one that has those of the
 * containers nested in it.
 */
export function makeCgroup(folder: string): void {
  for (const path of [folder, join(folder, 'mesos')]) {
    try {
      mkdirSync(path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') {
        throw error;
      }
    }
  }
}

/** Sets how CPU time is shared between cgroups. Only the cpu hierarchy of v1 has this file. */
export function setCpuShares(folders: readonly string[], shares: number): void {
  for (const folder of folders) {
    write(join(folder, 'cpu.shares'), String(shares));
  }
}

/**
 * Kills the processes left in a cgroup without supervisor, and removes it. False if it cannot be
 * removed: only a process that hangs in the kernel prevents that.
 */
export async function sweepCgroup(folder: string): Promise<boolean> {
  for (let tries = 1; tries <= MAX_SWEEPS; tries++) {
    if (removeCgroup(folder)) {
      return true;
    }
    try {
      killCgroup(folder, tries % FORCED_SWEEP !== 0);
    } catch (error) {
      // A cgroup that was removed meanwhile is no reason to stop.
      if (!isPassing(error) && !isAbsence(error)) {
        throw error;
      }
    }
    await delay(SWEEP_PAUSE_MS);
  }
  return false;
}

/** Removes a cgroup and those that a task made below it. False while it contains processes. */
function removeCgroup(folder: string): boolean {
  try {
    for (const entry of withDescriptor(() => readdirSync(folder, { withFileTypes: true }))) {
      if (entry.isDirectory()) {
        removeCgroup(join(folder, entry.name));
      }
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    return isAbsence(error);
  }
}

/**
 * Kills the processes of a cgroup. With `mayWait` it does nothing until all are frozen: a list of
 * processes that may still fork would be out of date at once.
 */
function killCgroup(folder: string, mayWait: boolean): void {
  if (write(join(folder, 'cgroup.kill'), '1')) {
    return;
  }
  const isFreezable = write(join(folder, 'freezer.state'), 'FROZEN');
  if (isFreezable && mayWait && readText(join(folder, 'freezer.state')) === 'FREEZING\n') {
    return;
  }
  const all = withBelow(folder);
  for (const pid of all.flatMap(cgroupProcesses)) {
    kill(pid, 'SIGKILL');
  }
  for (const group of all) {
    write(join(group, 'freezer.state'), 'THAWED');
  }
}

function withBelow(folder: string): string[] {
  const entries = withDescriptor(() => readdirSync(folder, { withFileTypes: true }));
  const below = entries.filter((entry) => entry.isDirectory());
  return [...below.flatMap(({ name }) => withBelow(join(folder, name))), folder];
}

export function cgroupProcesses(folder: string): number[] {
  const text = readText(join(folder, 'cgroup.procs'));
  return text === undefined ? [] : text.split('\n').filter(Boolean).map(Number);
}

/**
 * Makes a root for containers at the top of the hierarchy, as Mesos does; below the agent's own
 * cgroup where that is not allowed.
 */
function probe(
  mount: Mount | undefined,
  own: string | undefined,
  name: string,
  needed: string,
): string | undefined {
  if (mount === undefined || own === undefined) {
    return undefined;
  }
  // In a cgroup namespace or a bind mount the mount's root is a prefix of the path.
  const below = own.startsWith(mount.root) ? own.slice(mount.root.length) : own;
  const places = [join(mount.point, name), join(mount.point, below, name)];
  return places.find((root) => mayMakeCgroups(root, needed));
}

function mayMakeCgroups(root: string, needed: string): boolean {
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
    return true;
  } catch {
    // The file system is read-only, the agent is not root, or the kernel is old: no cgroups.
    return false;
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

/** The agent's own cgroup by controller; for v2 the controller is ''. */
function readOwnPaths(): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of (readText('/proc/self/cgroup', 'utf8') ?? '').split('\n')) {
    const [, controllers, ...path] = line.split(':');
    if (controllers === undefined) {
      continue;
    }
    for (const controller of controllers.split(',')) {
      paths.set(controller, path.join(':'));
    }
  }
  return paths;
}

function write(path: string, text: string): boolean {
  try {
    withDescriptor(() => writeFileSync(path, text, { flag: 'r+' }));
    return true;
  } catch {
    // This version of cgroups lacks the file, or the cgroup was removed meanwhile.
    return false;
  }
}
