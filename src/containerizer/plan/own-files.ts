// What a container with files of its own finds in these besides its image's: file systems of the
// kernel, devices, its cgroups, what the machine is called and where its names are looked up, and
// its sandbox. All as in Mesos, but that it cannot write where its cgroups are.
import { isAtOrBelow } from '../../model/paths.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { type CgroupHierarchy, cgroupViews } from './cgroup-plan.ts';
import type { ContainerPlan } from './plan.ts';
import type { Mount } from './surroundings.ts';
import { placeIn, type VolumeMount } from './volume-mounts.ts';

export interface OwnFilesOptions {
  /** Whether it asks for the agent's process ids: then it may see all of the machine. */
  readonly sharesProcesses: boolean;
  /** Whether the agent is root: others may mount less. */
  readonly isRoot: boolean;
  /** Those that containers are in. */
  readonly cgroups: readonly CgroupHierarchy[];
}

/** Only the kernel's own programs change the machine through these. */
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** They tell of the machine and of other containers. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/key-users',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
];

/** Of the machine, for as long as the container is in its network. */
const NETWORK_FILES = ['hosts', 'hostname', 'resolv.conf'];

const CLOSED = ['nosuid', 'nodev', 'noexec'];

/** /proc shows the processes of the namespace in which it was mounted. */
export const PROC: Mount = { source: 'proc', target: '/proc', type: 'proc', options: CLOSED };

const SHM = '/dev/shm';
/** Memory that the container's processes share. */
export const shm = (options: readonly string[]): Mount => ({
  source: 'shm',
  target: SHM,
  type: 'tmpfs',
  options: ['nosuid', 'nodev', ...options, 'mode=1777'],
});

/** What is at this path of the machine, or of the container that one is nested in. */
export const boundShm: Mount = { source: SHM, target: SHM, type: 'bind', options: ['bind'] };

/** In place of what is mounted there, or else before all. */
export const mountedOver = (mounts: readonly Mount[], mount: Mount): readonly Mount[] =>
  mounts.some(({ target }) => target === mount.target)
    ? mounts.map((it) => (it.target === mount.target ? mount : it))
    : [mount, ...mounts];

/** The devices themselves are made by the launcher, as in every new /dev. */
function mounts({ isRoot }: OwnFilesOptions): Mount[] {
  const ownSys = { source: 'sysfs', target: '/sys', type: 'sysfs', options: ['ro', ...CLOSED] };
  // Only root of the machine may mount anew what shows its processes and devices.
  const bound = (path: string, options: readonly string[]) => ({
    source: path,
    target: path,
    type: 'bind',
    options: ['rbind', 'rslave', ...options],
  });
  return [
    isRoot ? PROC : bound('/proc', []),
    isRoot ? ownSys : bound('/sys', ['ro', ...CLOSED]),
    {
      source: 'tmpfs',
      target: '/sys/fs/cgroup',
      type: 'tmpfs',
      options: ['ro', ...CLOSED, 'mode=755'],
    },
    {
      source: 'tmpfs',
      target: '/dev',
      type: 'tmpfs',
      options: ['nosuid', 'noexec', 'mode=755'],
    },
    {
      source: 'devpts',
      target: '/dev/pts',
      type: 'devpts',
      options: [
        ...['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
        // The group of terminals, which is the same on all systems; without root there are none.
        ...(isRoot ? ['gid=5'] : []),
      ],
    },
    shm([]),
  ];
}

/** The plan of a container with files of its own, with all that is mounted there. */
export const withOwnFiles = (plan: ContainerPlan, options: OwnFilesOptions): ContainerPlan => ({
  ...plan,
  mounts: [...plan.mounts, ...mounts(options)],
  readonlyPaths: [...plan.readonlyPaths, ...READ_ONLY],
  maskedPaths: options.sharesProcesses ? plan.maskedPaths : [...plan.maskedPaths, ...MASKED],
  cgroupViews: cgroupViews(options.cgroups, plan.cgroups),
  volumeMounts: [
    ...plan.volumeMounts,
    ...NETWORK_FILES.map(
      (name): VolumeMount => ({
        source: { kind: 'machine', path: `/etc/${name}` },
        target: { top: '/etc', below: [name] },
        isReadOnly: true,
      }),
    ),
    {
      source: { kind: 'sandbox', place: placeIn(plan, []) },
      target: { top: plan.sandboxInside, below: [] },
      isReadOnly: false,
    },
  ],
});

/** Other mounts of a container with files of its own come later, and hide what is there before. */
const TAKEN = ['/dev', '/sys'];

/** Throws ContainerizerError for a volume that would not be seen, or would hide the sandbox. */
export function requireVisible({ rootfs, sandboxInside, volumeMounts }: ContainerPlan): void {
  if (rootfs === undefined) {
    return;
  }
  for (const { source, target } of volumeMounts) {
    const path = target.below.length === 0 ? target.top : undefined;
    const isSandbox = source.kind === 'sandbox' && path === sandboxInside;
    if (path === undefined || isSandbox) {
      continue;
    }
    const taken = TAKEN.find((it) => isAtOrBelow(path, it));
    if (taken !== undefined) {
      throw new ContainerizerError(
        `Container path '${path}' of a volume cannot be mounted on: a container with an image has ` +
          `a ${taken} of its own`,
      );
    }
    if (isAtOrBelow(sandboxInside, path)) {
      throw new ContainerizerError(
        `Container path '${path}' of a volume would hide the sandbox, which is at '${sandboxInside}'`,
      );
    }
  }
}
