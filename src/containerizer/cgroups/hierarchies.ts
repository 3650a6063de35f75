// Finds the hierarchies of cgroups in which containers get theirs, once, when the agent starts.
//
// Where hierarchies of v1 are mounted, containers are where Mesos puts them and tools look for
// them: in `HIERARCHY/freezer/ROOT/CONTAINER`, and under the same name in others. Where none has a
// freezer, the unified hierarchy of v2 is used; controllers may be spread over both kinds.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from '../../filesystem/folder.ts';
import { isWithin } from '../../model/paths.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { mounts } from '../host/mounts.ts';
import { AGENT_CGROUP as AGENT, type CgroupHierarchy } from '../plan/cgroup-plan.ts';
import { readText } from '../records/record-file.ts';

interface Mount {
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly version: 1 | 2;
  readonly options: readonly string[];
}

/** The values of --cgroups_hierarchy and --cgroups_root, and what isolators need there. */
export interface CgroupPlace {
  /** The folder that hierarchies are mounted below. */
  readonly hierarchy: string;
  /** The cgroup that contains those of containers. */
  readonly root: string;
  /** Controllers that isolators need; undefined: none. */
  readonly controllers?: readonly string[] | undefined;
}

/** What ends the processes of a container. */
export type CgroupKind = 'freezer' | 'unified';

export interface CgroupFacts {
  /** Those that containers use; the first is for killing them. Empty where they get no cgroups. */
  readonly hierarchies: readonly CgroupHierarchy[];
  /** Why a controller that isolators need, or a file of one, cannot be used. */
  readonly missing: ReadonlyMap<string, string>;
  /** The agent's own cgroup by controller; for v2 the controller is ''. */
  readonly own: ReadonlyMap<string, string>;
}

/** Controllers of v1 that containers use in any case, where they can: to be weighed and counted. */
const ACCOUNTING = ['memory', 'cpu', 'cpuacct'] as const;
/** What kernels may lack in v1; with swap it is the parameter swapaccount=1 that they need. */
export type CgroupFile = 'memory.memsw.limit_in_bytes' | 'cpu.cfs_quota_us';
const OPTIONAL_FILES: Readonly<Record<string, readonly CgroupFile[]>> = {
  memory: ['memory.memsw.limit_in_bytes'],
  cpu: ['cpu.cfs_quota_us'],
};
/** What v2 has in place of a controller of v1; an empty name: the kernel does it without one. */
const IN_V2: ReadonlyMap<string, string> = new Map([
  ['cpuacct', ''],
  ['devices', ''],
  ['perf_event', ''],
  ['blkio', 'io'],
]);

/** Looks at the machine's cgroups. Without a place containers get none. */
export function lookAtCgroups(
  place: CgroupPlace | undefined,
  kinds: readonly CgroupKind[] = ['freezer', 'unified'],
): CgroupFacts {
  if (place === undefined) {
    return { hierarchies: [], missing: new Map(), own: readOwnPaths() };
  }
  const search = searchIn(place);
  const { own } = search;
  const killing = kinds
    .values()
    .map((kind) => (kind === 'freezer' ? inV1(search, 'freezer') : inV2(search, [])))
    .find((it) => it !== undefined);
  if (killing === undefined) {
    const why = `the agent may not make cgroups below ${place.hierarchy}`;
    const missing = new Map((place.controllers ?? []).map((it) => [it, why]));
    return { hierarchies: [], missing, own };
  }
  if (killing.version === 1) {
    for (const controller of ACCOUNTING) {
      inV1(search, controller);
    }
  }
  const missing = new Map<string, string>();
  for (const controller of place.controllers ?? []) {
    const found = find(search, controller);
    if (found === undefined) {
      missing.set(controller, whyMissing(search, controller));
    } else if (found.version === 1) {
      for (const file of OPTIONAL_FILES[controller] ?? []) {
        if (!existsSync(join(found.root, file))) {
          missing.set(file, `this kernel has none in ${found.root}`);
        }
      }
    }
  }
  return { hierarchies: [...search.found.values()], missing, own };
}

/**
 * Puts the agent, with the processes that it will keep, into a cgroup of each of these controllers.
 * Throws ContainerizerError.
 */
export function joinAsAgent(place: CgroupPlace, controllers: readonly string[]): void {
  const search = searchIn(place);
  for (const controller of controllers) {
    const found = find(search, controller);
    if (found === undefined) {
      throw new ContainerizerError(
        `--agent_subsystems: the agent cannot join a cgroup of ${controller}: ${whyMissing(search, controller)}`,
      );
    }
    const folder = join(found.root, AGENT);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'cgroup.procs'), String(process.pid), { flag: 'r+' });
  }
}

interface Search {
  readonly place: CgroupPlace;
  readonly mounts: readonly Mount[];
  readonly own: ReadonlyMap<string, string>;
  /** By the folder of the mount, in the order in which they were found. */
  readonly found: Map<string, CgroupHierarchy>;
}

function searchIn(place: CgroupPlace): Search {
  const below = cgroupMounts().filter(({ point }) => isWithin(point, place.hierarchy));
  return { place, mounts: below, own: readOwnPaths(), found: new Map() };
}

const find = (search: Search, controller: string): CgroupHierarchy | undefined =>
  inV1(search, controller) ?? inV2(search, [controller]);

/** Of v1. */
const mountWith = (mounts: readonly Mount[], controller: string): Mount | undefined =>
  mounts.find(({ version, options }) => version === 1 && options.includes(controller));

const unifiedMount = (mounts: readonly Mount[]): Mount | undefined =>
  mounts.find(({ version }) => version === 2);

function inV1(
  { place, mounts, own, found }: Search,
  controller: string,
): CgroupHierarchy | undefined {
  const mount = mountWith(mounts, controller);
  const known = mount && found.get(mount.point);
  if (mount === undefined || known !== undefined) {
    return known;
  }
  const needed = controller === 'freezer' ? 'freezer.state' : 'cgroup.procs';
  const root = placesIn(mount, own.get(controller), place.root).find((it) =>
    mayMakeCgroups(it, needed, controller === 'cpuset'),
  );
  if (root === undefined) {
    return undefined;
  }
  const controllers = mount.options.filter((it) => own.has(it));
  const hierarchy: CgroupHierarchy = { version: 1, root, controllers };
  found.set(mount.point, hierarchy);
  return hierarchy;
}

function inV2(
  { place, mounts, own, found }: Search,
  wanted: readonly string[],
): CgroupHierarchy | undefined {
  const mount = unifiedMount(mounts);
  if (mount === undefined) {
    return undefined;
  }
  const names = wanted.map((it) => IN_V2.get(it) ?? it).filter((it) => it !== '');
  const known = found.get(mount.point);
  const root =
    known?.root ??
    placesIn(mount, own.get(''), place.root).find((it) => mayMakeCgroups(it, 'cgroup.kill', false));
  if (root === undefined || !names.every((name) => enable(mount.point, root, name))) {
    return undefined;
  }
  const controllers = [...new Set([...(known?.controllers ?? []), ...wanted, ...names])];
  const handedOn = [...new Set([...(known?.handedOn ?? []), ...names])];
  const hierarchy: CgroupHierarchy = { version: 2, root, controllers, handedOn };
  found.set(mount.point, hierarchy);
  return hierarchy;
}

/**
 * A root for containers is at the top of the hierarchy, as in Mesos; below the agent's own cgroup
 * where that is not allowed.
 */
function placesIn(mount: Mount, own: string | undefined, name: string): string[] {
  if (own === undefined) {
    return [];
  }
  // In a cgroup namespace or a bind mount the mount's root is a prefix of the path.
  const below = own.startsWith(mount.root) ? own.slice(mount.root.length) : own;
  return [join(mount.point, name), join(mount.point, below, name)];
}

function mayMakeCgroups(root: string, needed: string, isCpuset: boolean): boolean {
  const trial = join(root, `.probe-${process.pid}`);
  try {
    mkdirSync(root, { recursive: true });
    if (isCpuset) {
      inheritCpus(root);
    }
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

/** A new cpuset has no CPUs, and takes no process: new ones get those of the one above. */
function inheritCpus(folder: string): void {
  const above = dirname(folder);
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (read(join(folder, file)) === '') {
      if (read(join(above, file)) === '') {
        inheritCpus(above);
      }
      writeFileSync(join(folder, file), read(join(above, file)), { flag: 'r+' });
    }
  }
  writeFileSync(join(folder, 'cgroup.clone_children'), '1', { flag: 'r+' });
}

const read = (path: string) => readFileSync(path, 'latin1').trim();

/** Hands a controller of v2 on from the top of the hierarchy to the cgroups below the root. */
function enable(top: string, root: string, controller: string): boolean {
  if (!wordsOf(join(root, 'cgroup.controllers')).includes(controller)) {
    const above = dirname(root);
    if (!above.startsWith(top) || !enable(top, above, controller)) {
      return false;
    }
  }
  const control = join(root, 'cgroup.subtree_control');
  if (wordsOf(control).includes(controller)) {
    return true;
  }
  const hand = () => writeFileSync(control, `+${controller}`, { flag: 'r+' });
  try {
    try {
      hand();
    } catch (error) {
      if (codeOf(error) !== 'EBUSY' || !isOwn(root)) {
        throw error;
      }
      makeRoom(root);
      hand();
    }
    return true;
  } catch {
    return false;
  }
}

const wordsOf = (path: string) => (readText(path) ?? '').split(/\s+/).filter(Boolean);

/** Whether this process is in the cgroup. */
const isOwn = (folder: string) =>
  wordsOf(join(folder, 'cgroup.procs')).includes(String(process.pid));

/** Puts the processes of the agent's own cgroup into one below it. */
function makeRoom(folder: string): void {
  const leaf = join(folder, AGENT);
  mkdirSync(leaf, { recursive: true });
  for (const pid of wordsOf(join(folder, 'cgroup.procs'))) {
    writeFileSync(join(leaf, 'cgroup.procs'), pid, { flag: 'r+' });
  }
}

function whyMissing({ place, mounts, own }: Search, controller: string): string {
  const mount = mountWith(mounts, controller);
  if (mount !== undefined) {
    return `the agent may not make cgroups in ${mount.point}`;
  }
  const unified = unifiedMount(mounts);
  const name = IN_V2.get(controller) ?? controller;
  if (unified !== undefined && wordsOf(join(unified.point, 'cgroup.controllers')).includes(name)) {
    return `the agent may not hand it on to cgroups below ${unified.point}: start it in a cgroup that is delegated to it`;
  }
  const words = (readText('/proc/cgroups') ?? '').split('\n').map((line) => line.split('\t', 1)[0]);
  const folder = join(place.hierarchy, controller);
  if (words.includes(controller) && !own.has(controller) && isFolder(place.hierarchy)) {
    return `no hierarchy of it is mounted below ${place.hierarchy}: mkdir ${folder} && mount -t cgroup -o ${controller} ${controller} ${folder}`;
  }
  return `this kernel, or what it lets the agent see of cgroups, has none`;
}

const isFolder = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const cgroupMounts = (): Mount[] =>
  mounts()
    .filter(({ type }) => type.startsWith('cgroup'))
    .map(({ root, point, type, options }) => ({
      root: root === '/' ? '' : root,
      point,
      version: type === 'cgroup2' ? 2 : 1,
      options,
    }));

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
