// The configuration that an OCI runtime (crun, runc) takes, for a plan. Pure: the configuration of
// any container can be shown in a test. Cgroups are not in it: they are made, and joined, before
// the runtime is started.
import type { Identity } from '../../host/users.ts';
import type { Capabilities, CapabilityName } from '../../plan/capabilities.ts';
import type { CommandLine } from '../../plan/command-line.ts';
import type { Propagation } from '../../plan/container-volumes.ts';
import type { ContainerPlan } from '../../plan/plan.ts';
import type { ResourceLimit } from '../../plan/resource-limits.ts';
import { type Mount, NAMESPACE_KINDS, type NamespaceKind } from '../../plan/surroundings.ts';

/** What a configuration depends on besides the plan. */
export interface OciHost {
  /** The user that runs the process; undefined: the agent's own. */
  readonly identity: Identity | undefined;
  /** The folder that becomes the container's `/`. */
  readonly rootfs: string;
  readonly agent: AgentUser;
  /** The namespaces of the container that this one is nested in, as paths in /proc. */
  readonly parent: Readonly<Partial<Record<JoinedKind, string>>>;
  readonly way: WayIn;
  /** The folder in which the container's cgroups are shown to the runtime. */
  readonly cgroups: string;
  /** Volumes that the runtime mounts, for the sake of what is mounted there later. */
  readonly carried: readonly CarriedVolume[];
  /** What later agents need to know of the bundle. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface CarriedVolume {
  /** Where it is mounted for the runtime. */
  readonly place: string;
  /** Where the container finds it. */
  readonly target: string;
  readonly isReadOnly: boolean;
  readonly propagation: Propagation;
}

/** The way into a working directory. */
export interface WayIn {
  /** The folder that the runtime enters as root: an absolute path that no user can exchange. */
  readonly entered: string;
  /**
   * The way from there, which the process goes as its own user; empty: it is there. In files of the
   * container's own it is an absolute path: there the process makes what is missing.
   */
  readonly below: string;
}

/** A user namespace is no part of a plan: it is there wherever the agent is not root. */
export type JoinedKind = NamespaceKind | 'user';

/** The agent's own user, with the capabilities that its processes have, and can have. */
export interface AgentUser {
  readonly uid: number;
  readonly gid: number;
  readonly bounding: ReadonlySet<CapabilityName>;
  readonly permitted: ReadonlySet<CapabilityName>;
}

/** What confines a process; also of one that runs beside the container's own. */
type Confinement = Pick<
  ContainerPlan,
  'rlimits' | 'capabilities' | 'noNewPrivileges' | 'oomScoreAdj'
>;

/**
 * The program that executes the command: the supervisor program itself, which the runtime leaves
 * open for it, so that no container's files need to have it. Its first argument says what it is to
 * be.
 */
const INIT = '/proc/self/fd/3';

/**
 * `exec` becomes the command; `init` stays as the first process of a pid namespace, with the
 * command as its child; `hold` does nothing, for namespaces that nested containers enter;
 * `beside` stays with a command in another's container.
 */
type InitRole = 'exec' | 'init' | 'hold' | 'beside';

function roleOf({ program, namespaces, isFirst }: ContainerPlan): InitRole {
  if (program === '') {
    return 'hold';
  }
  return namespaces.pid === 'own' && !isFirst ? 'init' : 'exec';
}

/**
 * The machine's devices, for a container on its files. Without this a runtime takes them for those
 * of a new container, and puts what it misses into the machine's folder, such as a link in the
 * place of /dev/ptmx.
 */
const DEVICES: Mount = {
  source: '/dev',
  target: '/dev',
  type: 'bind',
  options: ['rbind', 'rslave'],
};

/** Over what is there without: nothing. */
const cgroupMount = ({ cgroups }: Pick<OciHost, 'cgroups'>): Mount => ({
  source: cgroups,
  target: '/sys/fs/cgroup',
  type: 'bind',
  options: ['rbind', 'rslave', 'ro', 'nosuid', 'nodev', 'noexec'],
});

const isBidirectional = ({ propagation }: CarriedVolume) => propagation === 'both';

const volumeMount = (volume: CarriedVolume): Mount => ({
  source: volume.place,
  target: volume.target,
  type: 'bind',
  options: [
    'rbind',
    isBidirectional(volume) ? 'rshared' : 'rslave',
    ...(volume.isReadOnly ? ['ro'] : []),
  ],
});

/**
 * Whether others have the same files. The runtime is told, too, that these cannot be written to:
 * crun mounts the root once more, and then without the flags that it had.
 */
const isShared = ({ rootfs }: ContainerPlan) => rootfs?.kind === 'folder' && rootfs.isReadOnly;

export const ociConfig = (plan: ContainerPlan, host: OciHost) => ({
  ociVersion: '1.0.2',
  annotations: host.annotations,
  root: {
    path: host.rootfs,
    ...((isShared(plan) || plan.isRootReadOnly) && { readonly: true }),
  },
  ...(plan.hostname !== undefined && { hostname: plan.hostname }),
  process: ociProcess(plan, plan, host, roleOf(plan)),
  mounts: [
    ...(plan.rootfs === undefined ? [DEVICES] : []),
    ...plan.mounts,
    ...(plan.cgroupViews.length > 0 ? [cgroupMount(host)] : []),
    ...host.carried.map(volumeMount),
  ].map(({ source, target, type, options }) => ({ source, destination: target, type, options })),
  linux: {
    ...withUsers(
      NAMESPACE_KINDS.flatMap((kind) => namespaceOf(kind, plan, host)),
      host,
    ),
    // As Mesos: what is mounted on the machine later is seen, and nothing that is mounted inside
    // comes out. The stage's mounts are slaves of the machine's, and with this stay so; only some
    // volumes are peers of those.
    rootfsPropagation: host.carried.some(isBidirectional) ? 'rshared' : 'rslave',
    ...(plan.devices.length > 0 && {
      devices: plan.devices.map(({ path, kind, major, minor, mode }) => ({
        path,
        type: kind === 'block' ? 'b' : 'c',
        major,
        minor,
        fileMode: mode,
        uid: 0,
        gid: 0,
      })),
    }),
    ...(plan.seccomp !== undefined && { seccomp: plan.seccomp }),
    ...(plan.maskedPaths.length > 0 && { maskedPaths: plan.maskedPaths }),
    ...(plan.readonlyPaths.length > 0 && { readonlyPaths: plan.readonlyPaths }),
  },
});

/** No other text of a configuration has a NUL. */
const UNLIMITED = '\0';

/** As the runtime reads it. The number for no limit is larger than numbers can be here. */
export const ociText = (config: object): string =>
  JSON.stringify(config, (_, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? UNLIMITED : value,
  ).replaceAll(JSON.stringify(UNLIMITED), '18446744073709551615');

/** What `ociText` was given. Throws SyntaxError. */
export const ociValue = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown) =>
    typeof value === 'number' && value > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : value,
  );

/** The part about a process. */
const ociProcess = (
  command: CommandLine,
  { rlimits, capabilities, noNewPrivileges, oomScoreAdj }: Confinement,
  { identity, agent, way }: Pick<OciHost, 'identity' | 'agent' | 'way'>,
  role: InitRole,
) => ({
  terminal: false,
  user: userOf(identity, agent),
  ...commandOf(command, role, way),
  capabilities: capabilitySets(capabilities, agent, isRoot(identity)),
  rlimits: rlimits.map(rlimitOf),
  noNewPrivileges,
  // Else it has the agent's.
  ...(oomScoreAdj !== 0 && { oomScoreAdj }),
});

const commandOf = (
  { program, arguments: [name = program, ...rest] }: CommandLine,
  role: InitRole,
  { entered, below }: WayIn,
) => ({
  args: [INIT, role, below, program, name, ...rest],
  // Secrets may be among the variables, and this becomes a file: the supervisor hands them over.
  env: [],
  cwd: entered,
});

export type OciProcess = ReturnType<typeof ociProcess>;

/**
 * A process beside that of a container, confined as it is; `as` a user of its own, with the
 * capabilities that it asks for: those of the container are no bound, as with Mesos.
 */
export function besideProcess(
  process: OciProcess,
  command: CommandLine,
  way: WayIn,
  as?: Pick<OciHost, 'identity' | 'agent'> & {
    readonly plan: Pick<Confinement, 'capabilities'>;
  },
): OciProcess {
  return {
    ...process,
    ...(as !== undefined && {
      user: userOf(as.identity, as.agent),
      capabilities: capabilitySets(as.plan.capabilities, as.agent, isRoot(as.identity)),
    }),
    ...commandOf(command, 'beside', way),
  };
}

const isRoot = (identity: Identity | undefined) => identity === undefined || identity.uid === 0;

const userOf = (identity: Identity | undefined, { uid, gid }: AgentUser) =>
  identity === undefined
    ? { uid, gid }
    : { uid: identity.uid, gid: identity.gid, additionalGids: groupsOf(identity) };

/** As with Mesos, root's own group is not named a second time. */
const groupsOf = ({ uid, gid, groups }: Identity) =>
  uid === 0 ? groups.filter((it) => it !== gid) : groups;

type OciNamespace = { readonly type: JoinedKind; readonly path?: string };

/**
 * The runtime of an agent that is not root runs as root of a user namespace; in that of the
 * container, below that one, the agent's user is itself again.
 */
function withUsers(
  others: readonly OciNamespace[],
  { agent: { uid, gid }, parent: { user } }: Pick<OciHost, 'agent' | 'parent'>,
) {
  const type = 'user';
  return {
    namespaces: [
      ...(uid === 0 ? [] : [user === undefined ? { type } : { type, path: user }]),
      ...others,
    ] as readonly OciNamespace[],
    // Also of one that is joined: else crun wants to be root in it, and there is none.
    ...(uid !== 0 && {
      uidMappings: [{ containerID: uid, hostID: 0, size: 1 }],
      gidMappings: [{ containerID: gid, hostID: 0, size: 1 }],
    }),
  };
}

function namespaceOf(kind: NamespaceKind, plan: ContainerPlan, host: OciHost): OciNamespace[] {
  switch (plan.namespaces[kind]) {
    case 'agent':
      return [];
    case 'own': {
      const path = kind === 'network' ? plan.networkNamespace : undefined;
      return [path === undefined ? { type: kind } : { type: kind, path }];
    }
    case 'parent': {
      const path = host.parent[kind];
      // The parent itself shares the agent's.
      return path === undefined ? [] : [{ type: kind, path }];
    }
  }
}

const rlimitOf = ({ name, soft, hard }: ResourceLimit) => ({
  type: `RLIMIT_${name}`,
  soft: amountOf(soft),
  hard: amountOf(hard),
});

const amountOf = (amount: ResourceLimit['soft']): number =>
  amount === 'unlimited' ? Number.POSITIVE_INFINITY : amount;

/**
 * As the kernel gives them to a process that changes its user: root has what it can have, others
 * have nothing. Where more or less is asked for, what a process has is also what it passes on.
 */
function capabilitySets(asked: Capabilities | undefined, agent: AgentUser, isRoot: boolean) {
  if (asked === undefined) {
    const held = isRoot ? agent.permitted : new Set<CapabilityName>();
    return setsOf({ bounding: agent.bounding, held });
  }
  // What the agent itself can never have is no capability of the container either.
  const bounding = asked.bounding.intersection(agent.bounding);
  const inheritable = asked.isNoneInherited === true ? new Set<CapabilityName>() : bounding;
  return asked.effective === undefined
    ? setsOf({ bounding, inheritable, held: isRoot ? bounding : new Set() })
    : setsOf({ bounding, inheritable, held: asked.effective, ambient: asked.effective });
}

type Names = ReadonlySet<CapabilityName>;

function setsOf({
  bounding,
  held,
  inheritable = new Set(),
  ambient = new Set(),
}: {
  readonly bounding: Names;
  readonly held: Names;
  readonly inheritable?: Names;
  readonly ambient?: Names;
}) {
  const names = (set: Names) => [...set].map((name) => `CAP_${name}`);
  return {
    bounding: names(bounding),
    permitted: names(held),
    effective: names(held),
    inheritable: names(inheritable),
    ambient: names(ambient),
  };
}

export type OciConfig = ReturnType<typeof ociConfig>;
