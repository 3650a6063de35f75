// Finds the cgroups below which containers get theirs. Only grouping is wanted here, so that all of
// a container can be killed and counted at once; limits are the isolators' business.
//
// Where the hierarchies of cgroups v1 are mounted, containers are where tools of v1 look for them,
// as with Mesos: in `HIERARCHY/freezer/ROOT/CONTAINER`, and under the same name in those that
// account for CPU time and memory. Elsewhere the one hierarchy of v2 serves.
import { accessSync, constants, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kill } from '../host/process-table.ts';
import { isAbsence, isPassing, readText, withDescriptor } from '../records/record-file.ts';

const SWEEP_PAUSE_MS = 5;
const MAX_SWEEPS = 400;
/** Each such sweep does not wait any more for all processes to be frozen. */
const FORCED_SWEEP = 40;

interface Mount {
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

export type CgroupKind = 'freezer' | 'unified';

/** What --cgroups_hierarchy and --cgroups_root say. */
export interface CgroupPlace {
  /** Where the hierarchies are mounted. */
  readonly hierarchy: string;
  /** The cgroup below which those of containers are made. */
  readonly root: string;
}

/** Beside the freezer, through which containers are ended: what counts for them, and how. */
const ACCOUNTING = ['memory', 'cpu', 'cpuacct'] as const;

export interface CgroupFacts {
  /** Of the hierarchies that containers are in; undefined: they get no cgroups. */
  readonly version: 1 | 2 | undefined;
  /** Cgroups below which those of containers are made, the one to end containers through first. */
  readonly roots: readonly string[];
  /** What can be used below these. */
  readonly controllers: readonly string[];
  /** The agent's own cgroup in each hierarchy, by controller; that of v2 has the name ''. */
  readonly own: ReadonlyMap<string, string>;
}

/** Without a place containers get no cgroups. */
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
 * The folders for containers' cgroups; the first is the one to end containers through. None where
 * the agent may make none.
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
      // One mount may have several controllers.
      return [...new Set([first, ...others])];
    }
  }
  return [];
}

/** How much cgroups weigh against each other; only the cpu hierarchy of v1 has such a file. */
export function setCpuShares(folders: readonly string[], shares: number): void {
  for (const folder of folders) {
    write(join(folder, 'cpu.shares'), String(shares));
  }
}

/**
 * Kills what is left in a cgroup whose supervisor is gone, and removes it. False when that failed:
 * only a process that hangs in the kernel can keep it.
 */
export async function sweepCgroup(folder: string): Promise<boolean> {
  for (let tries = 1; tries <= MAX_SWEEPS; tries++) {
    if (removeCgroup(folder)) {
      return true;
    }
    try {
      killCgroup(folder, tries % FORCED_SWEEP !== 0);
    } catch (error) {
      // One that was removed meanwhile is no reason to stop.
      if (!isPassing(error) && !isAbsence(error)) {
        throw error;
      }
    }
    await delay(SWEEP_PAUSE_MS);
  }
  return false;
}

/** With the cgroups that a task has made below its own. False while there are processes in it. */
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
 * `mayWait`: processes that are not frozen yet may fork, so that a list of them would be old at
 * once.
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
 * At the root of the hierarchy, as with Mesos; below the agent's own cgroup where that is not
 * allowed.
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
  // Inside a cgroup namespace or a bind mount the mount's root is a prefix of the path.
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
    // Read-only, not root, or an old kernel: containers do without a cgroup.
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

/** The agent's path in each hierarchy, by controller; that of v2 has the name ''. */
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
    // Not in this version of cgroups, or removed meanwhile.
    return false;
  }
}
