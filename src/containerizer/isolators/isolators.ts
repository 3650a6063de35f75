// Creates the isolators that the agent is configured with, in the order in which they add to plans.
import { release, totalmem } from 'node:os';
import type { CgroupFile } from '../cgroups/hierarchies.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Host } from '../host/host.ts';
import { limitBounds } from '../host/process-limits.ts';
import type { LauncherName } from '../launchers/names.ts';
import type { OnLimitation } from '../limitation.ts';
import type { CapabilityDefaults } from '../plan/capabilities.ts';
import type { SeccompProfiles } from '../plan/seccomp-choice.ts';
import { kernelVersion, seccompArchitecture } from '../plan/seccomp-profile.ts';
import type { AllowedDevice } from '../plan/surroundings.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { cgroupIsolator, type Subsystem } from './cgroup-isolator.ts';
import { type CgroupOptions, DEFAULT_CGROUP_OPTIONS } from './cgroup-options.ts';
import { cgroupsBlkio } from './cgroups-blkio.ts';
import { cgroupsCpu } from './cgroups-cpu.ts';
import { cgroupsDevices } from './cgroups-devices.ts';
import { cgroupsMem } from './cgroups-mem.ts';
import { cgroupsNetCls } from './cgroups-net-cls.ts';
import { cgroupsPerfEvent } from './cgroups-perf-event.ts';
import { DEFAULT_DISK_OPTIONS, type DiskOptions, diskDu } from './disk-du.ts';
import { DEFAULT_XFS_OPTIONS, diskXfs, type XfsOptions } from './disk-xfs.ts';
import { DOCKER_CONTAINERS, type DockerNetworks } from './docker-containers.ts';
import { filesystemLinux } from './filesystem-linux.ts';
import { filesystemPosix } from './filesystem-posix.ts';
import { filesystemShared } from './filesystem-shared.ts';
import { appcRuntime, dockerRuntime } from './image-runtime.ts';
import type { Isolator } from './isolator.ts';
import { linuxCapabilities } from './linux-capabilities.ts';
import { linuxDevices } from './linux-devices.ts';
import { linuxNnp } from './linux-nnp.ts';
import { linuxSeccomp } from './linux-seccomp.ts';
import {
  type CgroupIsolatorName,
  ISOLATOR_NEEDS,
  type IsolatorName,
  isolatorsWanted,
  missingController,
} from './names.ts';
import { DEFAULT_IPC_OPTIONS, type IpcOptions, namespacesIpc } from './namespaces-ipc.ts';
import { namespacesPid } from './namespaces-pid.ts';
import { networkCni } from './network-cni.ts';
import { networkPortMapping } from './network-port-mapping.ts';
import { DEFAULT_PORT_OPTIONS, networkPorts, type PortOptions } from './network-ports.ts';
import { posixCpu } from './posix-cpu.ts';
import { posixMem } from './posix-mem.ts';
import { posixRlimits } from './posix-rlimits.ts';
import { volumeHostPath } from './volume-host-path.ts';
import { volumeImage } from './volume-image.ts';
import { volumeSandboxPath } from './volume-sandbox-path.ts';
import { volumeSecret } from './volume-secret.ts';

/** What an operator says of them. */
export interface IsolatorOptions {
  readonly cgroups?: CgroupOptions | undefined;
  /** How what containers have on disks is measured and limited. */
  readonly disk?: DiskOptions | undefined;
  /** How the projects of XFS file systems are used. */
  readonly xfs?: XfsOptions | undefined;
  /** How it is watched on which ports containers listen. */
  readonly ports?: PortOptions | undefined;
  /** The filters of system calls that containers can have. */
  readonly seccomp?: SeccompProfiles | undefined;
  readonly ipc?: IpcOptions | undefined;
  /** Whether containers may have the agent's process ids, if they ask. */
  readonly isPidSharingAllowed?: boolean | undefined;
  /** The devices of this machine that containers may use. */
  readonly devices?: readonly AllowedDevice[] | undefined;
  /** Whether docker/runtime takes nothing of what images say. */
  readonly isImageRuntimeIgnored?: boolean | undefined;
  /** Undefined: those of containers of type DOCKER are as without flags. */
  readonly dockerNetworks?: DockerNetworks | undefined;
  /** Folders of the host below which missing ones are made for volumes; undefined: none. */
  readonly creatableHostPaths?: readonly string[] | undefined;
}

/** The objects that isolators share with the containerizer. */
export interface IsolatorParts {
  readonly host: Pick<Host, 'isRoot' | 'programs' | 'cgroups'>;
  readonly volumes: Volumes;
  /** What the operator allows, and gives to those that do not ask. */
  readonly capabilities: CapabilityDefaults;
  readonly options: IsolatorOptions;
  readonly launcher: LauncherName;
  /** The path of the supervisor's program. */
  readonly supervisor: string;
  readonly onLimitation: OnLimitation;
  readonly warn: (text: string) => void;
}

/** `canMount`: whether containers have mounts of their own. */
type Maker = (parts: IsolatorParts & { readonly canMount: boolean }) => Isolator;

const ofCgroups =
  (subsystem: (options: CgroupOptions) => Subsystem): Maker =>
  ({ options, host }) =>
    cgroupIsolator(subsystem(options.cgroups ?? DEFAULT_CGROUP_OPTIONS), host.cgroups.hierarchies);

/** Containers get a cgroup of the controller, and as in Mesos nothing is written there. */
const placed = (name: CgroupIsolatorName): Maker => ofCgroups(() => ({ name }));

const MAKERS: Readonly<Record<IsolatorName, Maker>> = {
  'filesystem/posix': ({ volumes }) => filesystemPosix(volumes),
  'filesystem/shared': () => filesystemShared,
  'filesystem/linux': ({ volumes, host }) => filesystemLinux(volumes, host.isRoot),
  'posix/cpu': () => posixCpu,
  'posix/mem': () => posixMem,
  'disk/du': ({ volumes: { workDirectory }, host, options, onLimitation, warn }) =>
    diskDu({
      ...(options.disk ?? DEFAULT_DISK_OPTIONS),
      workDirectory,
      du: host.programs.get('du'),
      onLimitation,
      warn,
    }),
  'disk/xfs': ({ volumes: { workDirectory }, host: { programs }, options, onLimitation, warn }) =>
    diskXfs({
      disk: options.disk ?? DEFAULT_DISK_OPTIONS,
      xfs: options.xfs ?? DEFAULT_XFS_OPTIONS,
      workDirectory,
      programs,
      onLimitation,
      warn,
    }),
  'network/ports': ({ host, options, supervisor, onLimitation, warn }) =>
    networkPorts({
      ...(options.ports ?? DEFAULT_PORT_OPTIONS),
      find: host.programs.get('find'),
      supervisor,
      hasCgroups: host.cgroups.hierarchies.length > 0,
      onLimitation,
      warn,
    }),
  'posix/rlimits': () => posixRlimits(limitBounds()),
  'linux/capabilities': ({ capabilities }) => linuxCapabilities(capabilities),
  'linux/nnp': () => linuxNnp,
  'linux/seccomp': ({ options }) => seccompOf(options.seccomp),
  'linux/devices': ({ options }) => linuxDevices(options.devices ?? []),
  'namespaces/pid': ({ options }) => namespacesPid(options.isPidSharingAllowed ?? true),
  'namespaces/ipc': ({ options }) => namespacesIpc(options.ipc ?? DEFAULT_IPC_OPTIONS),
  'volume/host_path': ({ options, host }) =>
    volumeHostPath({ creatable: options.creatableHostPaths, isRoot: host.isRoot }),
  'volume/sandbox_path': ({ canMount }) => volumeSandboxPath({ canMount }),
  'volume/secret': () => volumeSecret,
  'volume/image': () => volumeImage,
  'network/cni': () => networkCni,
  'network/port_mapping': () => networkPortMapping,
  'appc/runtime': appcRuntime,
  'docker/runtime': ({ options }) => dockerRuntime(options.isImageRuntimeIgnored ?? false),
  'cgroups/cpu': (parts) => {
    const { isQuotaEnabled } = parts.options.cgroups ?? DEFAULT_CGROUP_OPTIONS;
    requireFile(parts, '--cgroups_enable_cfs', 'cpu.cfs_quota_us', isQuotaEnabled);
    return ofCgroups(cgroupsCpu)(parts);
  },
  'cgroups/mem': (parts) => {
    const options = parts.options.cgroups ?? DEFAULT_CGROUP_OPTIONS;
    const { isSwapLimited } = options;
    requireFile(parts, '--cgroups_limit_swap', 'memory.memsw.limit_in_bytes', isSwapLimited);
    return cgroupsMem(options, parts.host.cgroups.hierarchies, totalmem());
  },
  'cgroups/pids': placed('cgroups/pids'),
  'cgroups/cpuset': placed('cgroups/cpuset'),
  'cgroups/blkio': ofCgroups(() => cgroupsBlkio),
  'cgroups/hugetlb': placed('cgroups/hugetlb'),
  'cgroups/devices': ({ options, host }) =>
    cgroupsDevices(options.devices ?? [], host.cgroups.hierarchies),
  'cgroups/net_cls': ({ options, host }) =>
    cgroupsNetCls(options.cgroups ?? DEFAULT_CGROUP_OPTIONS, host.cgroups.hierarchies),
  'cgroups/net_prio': placed('cgroups/net_prio'),
  'cgroups/perf_event': ({ options, host: { programs, cgroups }, warn }) =>
    cgroupsPerfEvent({
      perf: (options.cgroups ?? DEFAULT_CGROUP_OPTIONS).perf,
      hierarchies: cgroups.hierarchies,
      program: programs.get('perf'),
      warn,
    }),
};

/** A kernel may be built, or started, without what a flag needs. */
function requireFile(
  { host }: IsolatorParts,
  flag: string,
  file: CgroupFile,
  isNeeded: boolean | undefined,
): void {
  const why = host.cgroups.missing.get(file);
  if (isNeeded === true && why !== undefined) {
    throw new ContainerizerError(`${flag} needs ${file}: ${why}`);
  }
}

function requireUsed(
  { host }: IsolatorParts,
  used: readonly IsolatorName[],
  flag: string | undefined,
  name: CgroupIsolatorName,
): void {
  const missing = missingController(name, host.cgroups.missing);
  if (flag !== undefined && missing !== undefined && !used.includes(name)) {
    throw new ContainerizerError(`${flag} needs ${missing}`);
  }
}

/** `isolation` is the flag's value. Throws ContainerizerError where something is missing. */
export function createIsolators(
  isolation: readonly string[],
  parts: IsolatorParts,
): readonly Isolator[] {
  const names = isolatorsWanted(isolation, parts.host.cgroups.missing);
  // Of cgroups/all, only those are used that the machine has.
  const { perf, netClasses } = parts.options.cgroups ?? DEFAULT_CGROUP_OPTIONS;
  requireUsed(parts, names, perf && '--perf_events', 'cgroups/perf_event');
  requireUsed(parts, names, netClasses && '--cgroups_net_cls_primary_handle', 'cgroups/net_cls');
  return names.map((name) => {
    const missing = missingFor(name, names, parts);
    if (missing !== undefined) {
      throw new ContainerizerError(`--isolation: ${name} needs ${missing}`);
    }
    const other = ISOLATOR_NEEDS[name]?.without?.find((it) => names.includes(it as IsolatorName));
    if (other !== undefined) {
      throw new ContainerizerError(`--isolation: ${name} and ${other} exclude each other`);
    }
    return MAKERS[name]({ ...parts, canMount: names.includes('filesystem/linux') });
  });
}

/** Whatever --isolation says. Throws ContainerizerError where a flag cannot be carried out. */
export const isolatorNamed = (name: IsolatorName, parts: IsolatorParts): Isolator =>
  MAKERS[name]({ ...parts, canMount: true });

/**
 * What they make stays when a container ends; that of all others ends with its processes and
 * cgroups, or is known only to the agent that has made it.
 */
const LEAVE_THINGS: ReadonlySet<IsolatorName> = new Set(['filesystem/posix', 'filesystem/linux']);

/**
 * Who cleans up after a container that an earlier agent launched with an isolator which this one
 * does not use, and whose flags it does not have; undefined for a name that this version does not
 * know.
 */
export const isolatorOnceUsed = (
  name: string,
  parts: IsolatorParts,
): readonly Isolator[] | undefined =>
  name === DOCKER_CONTAINERS
    ? []
    : Object.hasOwn(MAKERS, name)
      ? [name as IsolatorName]
          .filter((it) => LEAVE_THINGS.has(it))
          .map((it) => MAKERS[it]({ ...parts, canMount: false }))
      : undefined;

function missingFor(
  name: IsolatorName,
  names: readonly string[],
  { host, launcher }: IsolatorParts,
): string | undefined {
  const needs = ISOLATOR_NEEDS[name] ?? {};
  if (needs.launcher !== undefined && needs.launcher !== launcher) {
    return `--launcher=${needs.launcher}`;
  }
  if (needs.isolator !== undefined && !names.includes(needs.isolator)) {
    return `${needs.isolator} beside it`;
  }
  return needs.isRoot === true && !host.isRoot
    ? 'an agent that runs as root'
    : missingController(name, host.cgroups.missing);
}

function seccompOf(profiles: SeccompProfiles | undefined): Isolator {
  const architecture = seccompArchitecture(process.arch);
  if (profiles === undefined || architecture === undefined) {
    throw new ContainerizerError(
      `--isolation: linux/seccomp needs ${profiles === undefined ? '--seccomp_config_dir' : `a machine other than ${process.arch}`}`,
    );
  }
  return linuxSeccomp(profiles, { architecture, kernel: kernelVersion(release()) });
}
