// The names of isolators, which are Mesos's, as `--isolation` takes them. Only data: flags and
// their help are read without loading an isolator.

import type { LauncherName } from '../launchers/names.ts';
import type { ContainerizerName } from '../plan/container-info.ts';

/** In the order in which isolators add to a plan. Each has its file in isolators.ts. */
export const ISOLATOR_NAMES = [
  'filesystem/posix',
  'filesystem/linux',
  'filesystem/shared',
  'posix/cpu',
  'posix/mem',
  'disk/du',
  'disk/xfs',
  'network/ports',
  'network/port_mapping',
  'posix/rlimits',
  'linux/capabilities',
  'linux/nnp',
  'linux/seccomp',
  'linux/devices',
  'namespaces/pid',
  'namespaces/ipc',
  'volume/host_path',
  'volume/sandbox_path',
  'volume/secret',
  'volume/image',
  'network/cni',
  'docker/runtime',
  'appc/runtime',
  'cgroups/cpu',
  'cgroups/mem',
  'cgroups/pids',
  'cgroups/cpuset',
  'cgroups/blkio',
  'cgroups/hugetlb',
  'cgroups/devices',
  'cgroups/net_cls',
  'cgroups/net_prio',
  'cgroups/perf_event',
] as const;
export type IsolatorName = (typeof ISOLATOR_NAMES)[number];
export type CgroupIsolatorName = Extract<IsolatorName, `cgroups/${string}`>;

/** What each does, for operators, in words that may stand after its name. */
const WHAT_THEY_DO: Readonly<Record<IsolatorName, string>> = {
  'filesystem/posix': "the machine's files and mounts, used without filesystem/linux",
  'filesystem/linux':
    "the machine's files or those of an image, with mounts of the container's own; it brings volume/host_path, volume/sandbox_path and volume/image",
  'filesystem/shared':
    'filesystem/posix, but for folders of their own, of the first versions of Mesos',
  'posix/cpu': 'weighs and measures CPU time',
  'posix/mem': 'measures memory',
  'disk/du': 'measures disks, and limits them with --enforce_container_disk_quota',
  'disk/xfs': 'the same by project quotas of XFS',
  'network/ports': 'watches on which ports of the machine containers listen',
  'network/port_mapping':
    'a network of the container’s own that shares the machine’s address, each with its ports',
  'posix/rlimits': 'limits that tasks ask for',
  'linux/capabilities': 'privileges of the kernel, for an agent that is root',
  'linux/nnp': 'no program gives a task more privileges',
  'linux/seccomp': 'system calls that tasks may make',
  'linux/devices': 'devices that the operator allows, in root file systems of images',
  'namespaces/pid': 'process ids of the container’s own',
  'namespaces/ipc': 'IPC of the container’s own; /dev/shm, too, with ipc_mode PRIVATE',
  'volume/host_path': 'folders and files of the host',
  'volume/sandbox_path': 'folders that tasks of a group share',
  'volume/secret': 'secrets as files that only a task sees',
  'volume/image': 'the files of an image as a volume',
  'network/cni': 'networks of the container’s own, by plugins of the Container Network Interface',
  'docker/runtime': 'what a Docker image says of its command, variables and working directory',
  'appc/runtime': 'the same of an App Container image',
  'cgroups/cpu': 'weighs, limits and measures CPU time',
  'cgroups/mem': 'limits and measures memory',
  'cgroups/pids': 'gives each container a cgroup of this controller, for others to set limits',
  'cgroups/cpuset': 'the same',
  'cgroups/blkio': 'measures reads and writes of block devices',
  'cgroups/hugetlb': 'as cgroups/pids',
  'cgroups/devices': 'the devices that containers may use',
  'cgroups/net_cls': 'network classes',
  'cgroups/net_prio': 'as cgroups/pids',
  'cgroups/perf_event':
    'as cgroups/pids; with --perf_events counts events of the kernel and the processor',
};

/** The kernel's controllers that isolators of cgroups need, by their names in v1. */
export const CONTROLLERS: Readonly<Record<CgroupIsolatorName, readonly string[]>> = {
  'cgroups/cpu': ['cpu', 'cpuacct'],
  'cgroups/mem': ['memory'],
  'cgroups/pids': ['pids'],
  'cgroups/cpuset': ['cpuset'],
  'cgroups/blkio': ['blkio'],
  'cgroups/hugetlb': ['hugetlb'],
  'cgroups/devices': ['devices'],
  'cgroups/net_cls': ['net_cls'],
  'cgroups/net_prio': ['net_prio'],
  'cgroups/perf_event': ['perf_event'],
};
const CGROUP_ISOLATORS = Object.keys(CONTROLLERS) as CgroupIsolatorName[];

/** What an isolator cannot do without. */
export interface IsolatorNeeds {
  /** The agent is root. */
  readonly isRoot?: true;
  /** The name of a launcher. */
  readonly launcher?: LauncherName;
  /** The name of another isolator. */
  readonly isolator?: string;
  /** Isolators that do the same in another way. */
  readonly without?: readonly string[];
}

const MOUNTS: IsolatorNeeds = { launcher: 'linux', isolator: 'filesystem/linux' };

export const ISOLATOR_NEEDS: Readonly<Partial<Record<IsolatorName, IsolatorNeeds>>> = {
  'cgroups/devices': { isRoot: true },
  'filesystem/linux': { launcher: 'linux', without: ['filesystem/posix'] },
  'namespaces/pid': { launcher: 'linux' },
  'namespaces/ipc': { launcher: 'linux' },
  'network/cni': { isRoot: true, launcher: 'linux' },
  'filesystem/shared': {
    isRoot: true,
    launcher: 'linux',
    without: ['filesystem/linux', 'volume/host_path', 'volume/sandbox_path'],
  },
  'disk/xfs': { isRoot: true, without: ['disk/du'] },
  'network/port_mapping': { isRoot: true, launcher: 'linux', without: ['network/cni'] },
  'linux/capabilities': { isRoot: true },
  'linux/seccomp': { launcher: 'linux' },
  'linux/devices': { ...MOUNTS, isRoot: true },
  'volume/host_path': MOUNTS,
  'volume/secret': MOUNTS,
  'volume/image': MOUNTS,
  'docker/runtime': MOUNTS,
  'appc/runtime': MOUNTS,
};

/** The launcher that isolators need; without such ones, processes as they are. */
export const launcherFor = (names: readonly IsolatorName[]): LauncherName =>
  names.some((name) => ISOLATOR_NEEDS[name]?.launcher === 'linux') ? 'linux' : 'posix';

/** Names in Mesos that stand for other isolators. */
const ALIASES: ReadonlyMap<string, readonly IsolatorName[]> = new Map([
  ['process', ['posix/cpu', 'posix/mem']],
  // Secrets by value are resolved with all other variables, on every agent.
  ['environment_secret', []],
  ['posix/disk', ['disk/du']],
  ['cgroups', ['cgroups/cpu', 'cgroups/mem']],
]);

/** Stands for the isolators of all controllers that the machine has. */
const ALL_CGROUPS = 'cgroups/all';

/** All words that `--isolation` accepts. */
export const ISOLATION_WORDS: readonly string[] = [
  ...ISOLATOR_NAMES,
  ...ALIASES.keys(),
  ALL_CGROUPS,
];

/** The same words, with what each stands for. */
export const ISOLATION_HELP = [
  ...ISOLATOR_NAMES.map((name) => `${name} (${WHAT_THEY_DO[name]})`),
  ...[...ALIASES].map(([alias, names]) => `${alias} (${names.join(' and ') || 'always used'})`),
  `${ALL_CGROUPS} (one for each controller that the machine has)`,
].join(', ');

/** One of these is always used, and the second unless another one is named. */
const FILE_SYSTEMS: readonly IsolatorName[] = ['filesystem/linux', 'filesystem/posix'];

/** As in Mesos, these come with filesystem/linux. */
const WITH_MOUNTS: readonly IsolatorName[] = [
  'volume/host_path',
  'volume/sandbox_path',
  'volume/image',
];

/**
 * The isolators, each once and in their order. Unknown words are ignored here: the flag has refused
 * them.
 */
export function isolatorsNamed(words: readonly string[]): IsolatorName[] {
  const wanted = new Set<string>();
  for (const word of words.includes(ALL_CGROUPS) ? [...words, ...CGROUP_ISOLATORS] : words) {
    for (const name of ALIASES.get(word) ?? [word]) {
      wanted.add(name);
    }
  }
  if (!FILE_SYSTEMS.some((name) => wanted.has(name))) {
    wanted.add('filesystem/posix');
  }
  if (wanted.has('filesystem/linux')) {
    for (const name of WITH_MOUNTS) {
      wanted.add(name);
    }
  }
  return ISOLATOR_NAMES.filter((name) => wanted.has(name));
}

const controllersOf = (name: IsolatorName): readonly string[] =>
  name in CONTROLLERS ? CONTROLLERS[name as CgroupIsolatorName] : [];

/** What containers of type DOCKER have of cgroups, whatever --isolation says. */
export const DOCKER_CGROUPS = ['cgroups/cpu', 'cgroups/mem', 'cgroups/devices'] as const;

/** The controllers that isolators want to find on this machine. */
export const controllersUsed = (
  isolation: readonly string[],
  containerizers: readonly ContainerizerName[] = ['mesos'],
): string[] => [
  ...new Set(
    [
      ...isolatorsNamed(isolation),
      ...(containerizers.includes('docker') ? DOCKER_CGROUPS : []),
    ].flatMap(controllersOf),
  ),
];

/** Those of `isolatorsNamed` that the operator wants on a machine that lacks these controllers. */
export const isolatorsWanted = (
  words: readonly string[],
  missing: ReadonlyMap<string, string>,
): IsolatorName[] =>
  isolatorsNamed(words).filter(
    (name) => !words.includes(ALL_CGROUPS) || !controllersOf(name).some((it) => missing.has(it)),
  );

/** Why an isolator cannot be used on a machine that lacks these controllers. */
export function missingController(
  name: IsolatorName,
  missing: ReadonlyMap<string, string>,
): string | undefined {
  const controller = controllersOf(name).find((it) => missing.has(it));
  return controller && `the cgroup controller ${controller}: ${missing.get(controller)}`;
}
