// A request for a container: the executor, its task and the agent's own additions, as plain data.
import { parentOf } from '../../model/container-id.ts';
import {
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  type ExecutorInfo,
  type Resource,
  type TaskInfo,
} from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { ResourceLimits } from '../../model/resource-limits.ts';
import type { ProvisionedImage } from '../images/provisioner.ts';
import type { DockerAsked } from './docker/docker-options.ts';
import type { AttachedNetwork } from './network.ts';
import type { ContainerKind, Place } from './place.ts';

/** What a container is meant to use, and what it can use at most where that is more. */
export interface ResourceBounds {
  readonly resources: readonly Resource[];
  /** By the names of resources; an infinite one is none. */
  readonly limits?: ResourceLimits | undefined;
}

/** What a session shares with the container that it looks into. */
export interface SessionSurroundings {
  readonly container: ContainerId;
  /** The sandbox of that container, relative to the work directory: the working directory. */
  readonly sandbox: string;
  /** The number of the user to whom that sandbox belongs; undefined: the agent's own. */
  readonly owner: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Its working directory, where it has files of its own: a path in these. */
  readonly ownDirectory: string | undefined;
}

export interface ContainerRequest extends ResourceBounds {
  readonly id: ContainerId;
  readonly kind: ContainerKind;
  /** Relative to the work directory. */
  readonly sandbox: string;
  /** The user to run as; undefined: the agent's own. */
  readonly user?: string | undefined;
  /** What the agent adds to the command's environment, whose own variables win. */
  readonly environment: Readonly<Record<string, string>>;
  /** What a built-in executor tells its task, whatever variables the task's command has. */
  readonly taskEnvironment?: Readonly<Record<string, string>> | undefined;
  /**
   * True for a container that only holds those nested in it, and has no process of its own.
   */
  readonly isEmpty?: true | undefined;
  /** Undefined where neither executor nor task has a command. */
  readonly command?: CommandInfo | undefined;
  /** Whether the container ends with the agent, however the agent ends. */
  readonly isBound: boolean;
  /** What the executor has, of a container that is for a task: its volumes are in its sandbox. */
  readonly executorResources?: readonly Resource[] | undefined;
  /** Of a session. */
  readonly inside?: SessionSurroundings | undefined;
  /** What a later agent must know of the task that it is for, as text. */
  readonly note?: string | undefined;
  /** Absent where a call of the API asks for the container. */
  readonly executor?: ExecutorInfo | undefined;
  /** The only task of a built-in executor. */
  readonly task?: TaskInfo | undefined;
  /** Of one that a call of the API asks for. */
  readonly container?: ContainerInfo | undefined;
  /** What one of type DOCKER asks for, once that has been read. */
  readonly docker?: DockerAsked | undefined;
  /** Of one of type DOCKER: the login at registries that its files have brought. */
  readonly login?: Uint8Array | undefined;
  /** What it has of the networks that it asks for; undefined: they are not there yet. */
  readonly network?: AttachedNetwork | undefined;
  /** What has become of the images that it asks for; undefined: it asks for none. */
  readonly images?: RequestedImages | undefined;
}

/** The images that a container asks for, each with files for this container. */
export interface RequestedImages {
  /** Its own files; undefined: it sees those of the machine. */
  readonly rootfs: ProvisionedImage | undefined;
  /** Of its volumes that are images, in their order. */
  readonly volumes: readonly ProvisionedImage[];
}

/** The container of a built-in executor is its task's, or the agent's default. */
export const containerInfoOf = ({
  executor,
  task,
  container,
}: Pick<ContainerRequest, 'executor' | 'task' | 'container'>): ContainerInfo | undefined =>
  executor?.container ?? task?.container ?? container;

/** Whether the container is to be as docker makes them. */
export const isOfDocker = (
  request: Pick<ContainerRequest, 'kind' | 'isEmpty' | 'executor' | 'task' | 'container'>,
): boolean =>
  request.kind === 'executor' &&
  request.isEmpty !== true &&
  containerInfoOf(request)?.type === ContainerInfo_Type.DOCKER;

export const placeOf = ({ kind, sandbox, user, isBound, resources }: ContainerRequest): Place => ({
  kind,
  sandbox,
  user,
  isBound,
  resources: kind === 'executor' ? [] : resources,
});

/**
 * Whether the container counts for the one that it is nested in, and is limited by what that has.
 */
export const isSharing = (
  request: Pick<ContainerRequest, 'id' | 'executor' | 'task' | 'container'>,
): boolean =>
  parentOf(request.id) !== undefined &&
  containerInfoOf(request)?.linux_info?.share_cgroups !== false;
