// A request for a container: the executor, its task and the agent's own additions, as plain data.
import { parentOf } from '../../model/container-id.ts';
import type {
  CommandInfo,
  ContainerInfo,
  ExecutorInfo,
  Resource,
  TaskInfo,
} from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';

export interface NestedIn {
  /** The sandbox of the other container, relative to the work directory. */
  readonly parent: string;
  /** The last part of the container's id, and the name of its sandbox. */
  readonly name: string;
  /** The id of the task. */
  readonly task: string;
  /** What a later agent must know of it, as text. */
  readonly note: string;
}

export interface ContainerRequest {
  readonly id: ContainerId;
  /** Relative to the work directory. */
  readonly sandbox: string;
  /** The user to run as; undefined: the agent's own. */
  readonly user?: string | undefined;
  /** What the agent adds to the command's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * True for a container that only holds those nested in it, and has no process of its own.
   */
  readonly isEmpty?: true | undefined;
  /** Undefined where neither executor nor task has a command. */
  readonly command?: CommandInfo | undefined;
  readonly resources: readonly Resource[];
  /** Whether the container ends with the agent, however the agent ends. */
  readonly isBound: boolean;
  /** Of a container that is nested in another one, for a task of its executor. */
  readonly nested?: NestedIn | undefined;
  readonly executor: ExecutorInfo;
  /** The only task of a built-in executor. */
  readonly task?: TaskInfo | undefined;
}

/** The container of a built-in executor is its task's, or the agent's default. */
export const containerInfoOf = ({
  executor,
  task,
}: Pick<ContainerRequest, 'executor' | 'task'>): ContainerInfo | undefined =>
  executor.container ?? task?.container;

/**
 * Whether the container counts for the one that it is nested in, and is limited by what that has.
 */
export const isSharing = (request: Pick<ContainerRequest, 'id' | 'executor' | 'task'>): boolean =>
  parentOf(request.id) !== undefined &&
  containerInfoOf(request)?.linux_info?.share_cgroups !== false;
