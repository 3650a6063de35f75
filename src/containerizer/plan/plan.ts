// The plan of a container, computed from a request and this host: plain data that a launcher
// carries out, or a refusal before anything is created. Pure, so that a test can show the whole
// plan without root and without a container.
import { join } from 'node:path';
import { parentOf } from '../../model/container-id.ts';
import type { CommandInfo_URI, TaskStatus_Reason } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Capabilities } from './capabilities.ts';
import {
  AGENT_CGROUP,
  type CgroupHierarchy,
  type CgroupPlacement,
  type CgroupPlan,
  cgroupFolder,
  cgroupPlacement,
  handingOn,
  sharedPlacement,
} from './cgroup-plan.ts';
import {
  type CommandLine,
  commandEnvironment,
  commandLine,
  failingLine,
  layered,
  noExecutable,
} from './command-line.ts';
import { type ContainerizerName, requireSupported } from './container-info.ts';
import { type ContainerLogger, type RotatedOutput, rotatedOutput } from './container-logger.ts';
import type { DiskQuota } from './disk-quotas.ts';
import { dockerRequest } from './docker/docker-request.ts';
import type { InsideUser } from './docker/docker-user.ts';
import { type ImageSupport, NO_IMAGES, standIns } from './images.ts';
import type { AttachedNetwork, NetworkAsked } from './network.ts';
import { requireVisible } from './own-files.ts';
import { isRootOf } from './place.ts';
import type { PortRanges } from './ports.ts';
import { type ProcessIo, processIo } from './process-io.ts';
import { type ContainerRequest, containerInfoOf, isOfDocker, isSharing } from './request.ts';
import type { ResourceLimit } from './resource-limits.ts';
import { AGENT_SURROUNDINGS, type Surroundings } from './surroundings.ts';
import type { VolumeLinks } from './volume-links.ts';
import type { SplitPath, VolumeMount } from './volume-mounts.ts';

/** A process: the container's own, or one that runs beside it. */
export interface ProcessPlan extends CommandLine {
  /** An absolute path on the machine: the working directory, or that which its own stands for. */
  readonly directory: string;
  /** The working directory, where the container has files of its own: a path in these. */
  readonly ownDirectory?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ContainerPlan extends ProcessPlan, Surroundings {
  readonly id: ContainerId;
  /** An absolute path. */
  readonly sandbox: string;
  /** Where the container finds it: another path, where it has files of its own. */
  readonly sandboxInside: string;
  /** The user to run as, to whom the sandbox belongs; undefined: the agent's own. */
  readonly user: string | undefined;
  /** Folders that are made in files of the container's own, where there is nothing. */
  readonly madeFolders: readonly string[];
  /** Who the process runs as, where that is said by the container's own files. */
  readonly userInside: UserInside | undefined;
  /** The same by number, once the files are there. */
  readonly runsAs: Omit<InsideUser, 'home'> | undefined;
  /** The signal that asks the process alone to end; undefined: all get SIGTERM. */
  readonly stopSignal: number | undefined;
  /** Whether the command is the first process, where process ids are the container's own. */
  readonly isFirst: boolean;
  /** Whether the container ends with the agent, however the agent ends. */
  readonly isBound: boolean;
  /** The container in whose namespaces it runs, whatever else is planned. */
  readonly inside: ContainerId | undefined;
  /**
   * The number of the user to whom the working directory belongs, where it is not the sandbox;
   * undefined: the agent's own.
   */
  readonly directoryOwner: number | undefined;
  /** Where its processes are in the machine's cgroups, and what is set there. */
  readonly cgroups: CgroupPlan;
  /** How soon it is killed where the machine runs out of memory, from 0 to 1000. */
  readonly oomScoreAdj: number;
  /** Limits of the container's processes, beside those of the agent's own. */
  readonly rlimits: readonly ResourceLimit[];
  /** Undefined: those of the agent's own processes, as far as the user has them. */
  readonly capabilities: Capabilities | undefined;
  /** Whether no program that the container executes gives it more privileges. */
  readonly noNewPrivileges: boolean;
  /** The volumes that the sandbox links to, by the name of the link. */
  readonly volumes: VolumeLinks;
  /** Links to folders of the sandbox that the container's own lies in. */
  readonly parentLinks: readonly ParentLink[];
  /** Empty folders of the agent's in the sandbox, by name. */
  readonly sandboxFolders: readonly string[];
  /** Where input comes from, and where output goes. */
  readonly io: ProcessIo;
  /** How the files of the output are rotated; undefined: they grow. */
  readonly rotated: RotatedOutput | undefined;
  /** How much it may have on disks, where that is measured. */
  readonly diskQuotas: readonly DiskQuota[];
  /** The networks that it is to have of its own; undefined: it shares those of another. */
  readonly network: NetworkAsked | undefined;
  /** The ports on which it may listen, where that is watched. */
  readonly ports: PortRanges;
  /** In the order in which they are made; only in a mount namespace of the container's own. */
  readonly volumeMounts: readonly VolumeMount[];
  /** What is mounted of the sandbox that the container's own lies in. */
  readonly parentVolumes: readonly ParentVolume[];
  /** What is fetched into the sandbox before the process starts. */
  readonly uris: readonly CommandInfo_URI[];
}

/** A user by the accounts in the container's files. */
export interface UserInside {
  /** `USER` or `USER:GROUP`, names or numbers; empty: root. */
  readonly name: string;
  /** Further groups. */
  readonly groups: readonly string[];
}

/** Both are names on the way from a sandbox. */
export interface ParentLink {
  /** From the container's own. */
  readonly link: readonly string[];
  /** From that of the container it is nested in; a folder is made there if there is nothing. */
  readonly target: readonly string[];
}

/** A folder of the sandbox of another container, or of a persistent volume that is in it. */
export interface ParentVolume {
  readonly place: SplitPath;
  readonly isPersistent: boolean;
}

/** Why there is no plan; the text is for the framework. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly text: string;
  readonly reason: TaskStatus_Reason | undefined;
  /** A text for the agent's log. */
  readonly cause: string | undefined;
}

export type Planned = { readonly kind: 'plan'; readonly plan: ContainerPlan } | Refusal;

/** What a plan depends on besides the request. */
export interface PlanHost {
  /** An absolute path. */
  readonly workDirectory: string;
  /** Those that containers use; the first is used to kill them. */
  readonly cgroups: readonly CgroupHierarchy[];
  readonly logger?: ContainerLogger | undefined;
  /** Undefined: containers can have none. */
  readonly images?: ImageSupport | undefined;
  /** Undefined: only those of type MESOS are there. */
  readonly containerizers?: readonly ContainerizerName[] | undefined;
  /** Of the container that the request's is nested in. */
  readonly parentCgroups?: CgroupPlacement | undefined;
  /** That of the nearest container above the request's; undefined: they have the agent's. */
  readonly networkAbove?: AttachedNetwork | undefined;
}

/** A part of the agent that adds to plans, such as an isolator. */
export interface Contributor {
  readonly name: string;
  /** The plan with this part's additions. Throws ContainerizerError to refuse. */
  contribute(plan: ContainerPlan, request: ContainerRequest, host: PlanHost): ContainerPlan;
}

/**
 * The plan, or a refusal. Each isolator, in order, gets the plan with the additions of those before
 * it. A request for images that are not there yet is refused for what it asks for itself; the plan
 * is not one to carry out then.
 */
export function planContainer(
  asked: ContainerRequest,
  host: PlanHost,
  isolators: readonly Contributor[],
): Planned {
  try {
    requireSupported(
      asked,
      isolators.map(({ name }) => name),
      isOfDocker(asked) ? ['DOCKER'] : host.images?.types,
      host.containerizers,
    );
    const request = dockerRequest({ ...asked, images: asked.images ?? standIns(asked) });
    const plan = isolators.reduce(
      (sofar, isolator) => isolator.contribute(sofar, request, host),
      basicPlan(request, host),
    );
    if (plan.program === '' && request.isEmpty !== true) {
      throw noExecutable();
    }
    requireVisible(plan);
    return { kind: 'plan', plan: withoutMorePrivileges(plan) };
  } catch (error) {
    if (!(error instanceof ContainerizerError)) {
      throw error;
    }
    const { message: text, reason, cause } = error;
    return {
      kind: 'refusal',
      text,
      reason,
      cause: cause instanceof Error ? cause.message : undefined,
    };
  }
}

/**
 * A user who chooses what stands in the place of the machine's files, such as those that su(1)
 * trusts, or brings files of his own, gets no privileges of programs that trust them.
 */
function withoutMorePrivileges(plan: ContainerPlan): ContainerPlan {
  const { user, userInside, rootfs, volumeMounts } = plan;
  const isOver = ({ target }: VolumeMount) => target.below.length === 0;
  const isChosen = rootfs !== undefined || volumeMounts.some(isOver);
  return !isRootOf(user) && userInside === undefined && isChosen
    ? { ...plan, noNewPrivileges: true }
    : plan;
}

/** For a reason that is not the plan's. */
export const refused = (text: string): Refusal => ({
  kind: 'refusal',
  text,
  reason: undefined,
  cause: undefined,
});

/** A refusal as the error that ends a launch. */
export const refusalError = ({ text, reason, cause }: Refusal): ContainerizerError =>
  new ContainerizerError(text, {
    ...(reason !== undefined && { reason }),
    ...(cause !== undefined && { cause: new Error(cause) }),
  });

/** Of a container without a process. */
const NO_COMMAND: CommandLine = { program: '', arguments: [] };

/** Mesos's agent ends at such a container. */
function requirePossibleCgroups(request: ContainerRequest, host: PlanHost): void {
  const parent = parentOf(request.id);
  const wantsOwn = containerInfoOf(request)?.linux_info?.share_cgroups === false;
  if (request.kind === 'debug' && wantsOwn) {
    throw new ContainerizerError(
      "'linux_info.share_cgroups' cannot be false for a container of class DEBUG: it is in the " +
        'cgroups of the one that it looks into',
    );
  }
  if (parent !== undefined && parentOf(parent) !== undefined && wantsOwn) {
    throw new ContainerizerError(
      "'linux_info.share_cgroups' cannot be false for a container that is nested twice: only one " +
        'that is nested in a root container can have cgroups of its own',
    );
  }
  const above = host.parentCgroups?.own;
  if (
    parent !== undefined &&
    above !== undefined &&
    wantsOwn &&
    !host.cgroups.every((it) => above.includes(cgroupFolder(it, parent)))
  ) {
    throw new ContainerizerError(
      `'linux_info.share_cgroups' cannot be false in container ${parent}: an agent with another ` +
        '--cgroups_root or --isolation launched it, and it has other cgroups than this one makes',
    );
  }
}

/** An image may say what its container executes. */
function processLine(request: ContainerRequest): CommandLine {
  const { command, isEmpty, kind, images } = request;
  const isLeft = command?.value === undefined && images?.rootfs !== undefined;
  if (isEmpty === true || isLeft || isOfDocker(request)) {
    return NO_COMMAND;
  }
  if (kind === 'executor' && command === undefined) {
    throw new ContainerizerError('There is no command to launch');
  }
  try {
    return commandLine(command);
  } catch (error) {
    return ofProcess(error, kind);
  }
}

/**
 * What runs where a container is faulty in a way that Mesos's launcher finds out, which is the
 * container's process then: that fails when it runs. An executor's container is refused.
 */
export function ofProcess(error: unknown, kind: ContainerRequest['kind']): CommandLine {
  if (kind === 'executor' || !(error instanceof ContainerizerError)) {
    throw error;
  }
  return failingLine(error.message);
}

function basicPlan(request: ContainerRequest, host: PlanHost): ContainerPlan {
  const { id, command, user, isBound, isEmpty } = request;
  if (isEmpty === true && request.images?.rootfs !== undefined) {
    throw new ContainerizerError(
      "'executor.container.mesos.image' is not supported: a default executor has no process of its" +
        ' own; its tasks can have images',
    );
  }
  if (id === AGENT_CGROUP) {
    throw new ContainerizerError(`A container cannot have the id '${id}': it is the agent's own`);
  }
  requirePossibleCgroups(request, host);
  const parent = parentOf(id);
  const shared = isSharing(request) ? host.parentCgroups : undefined;
  const { inside } = request;
  const variables = command === undefined ? {} : commandEnvironment(command);
  const sandbox = join(host.workDirectory, request.sandbox);
  const rootfs = request.images?.rootfs?.root;
  const { sandboxDirectory } = host.images ?? NO_IMAGES;
  const sandboxInside = rootfs === undefined ? sandbox : sandboxDirectory;
  return {
    id,
    sandbox,
    sandboxInside,
    directory: inside === undefined ? sandbox : join(host.workDirectory, inside.sandbox),
    ownDirectory: rootfs === undefined ? inside?.ownDirectory : sandboxDirectory,
    inside: inside?.container,
    directoryOwner: inside?.owner,
    environment: layered(
      { MESOS_SANDBOX: sandbox },
      request.kind === 'executor' ? { MESOS_DIRECTORY: sandbox } : {},
      inside?.environment ?? {},
      request.environment,
      rootfs === undefined ? {} : { MESOS_SANDBOX: sandboxInside },
      variables,
      request.taskEnvironment ?? {},
    ),
    ...processLine(request),
    user,
    madeFolders: [],
    userInside: undefined,
    runsAs: undefined,
    stopSignal: undefined,
    isFirst: false,
    isBound,
    cgroups: {
      ...(shared === undefined ? cgroupPlacement(host.cgroups, id) : sharedPlacement(id, shared)),
      settings: parent === undefined || shared !== undefined ? [] : handingOn(host.cgroups, parent),
    },
    oomScoreAdj: 0,
    rlimits: [],
    capabilities: undefined,
    noNewPrivileges: false,
    ...AGENT_SURROUNDINGS,
    rootfs,
    volumes: new Map(),
    parentLinks: [],
    sandboxFolders: [],
    io: processIo(request),
    rotated: host.logger && rotatedOutput(host.logger, variables),
    diskQuotas: [],
    network: undefined,
    ports: [],
    volumeMounts: [],
    parentVolumes: [],
    uris: command?.uris ?? [],
  };
}
