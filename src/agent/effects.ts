// Everything an agent can ask of the world. Effects are carried out in the order of the list.
import type { MessageToMaster } from '../model/agent-messages.ts';
import type {
  CommandInfo,
  ContainerInfo,
  ExecutorEvent,
  ExecutorInfo,
  FrameworkInfo,
  Image,
  Resource,
  TaskInfo,
} from '../model/generated/messages.ts';
import type { ContainerId, ExecutorId, FrameworkId, RequestId, StreamId } from '../model/ids.ts';
import type {
  ClearTimer,
  CloseStream,
  Link,
  Log,
  OpenStream,
  Reply,
  SetTimer,
} from '../model/process-effects.ts';
import type { ResourceLimits } from '../model/resource-limits.ts';
import type { VolumePlace } from '../model/volume-path.ts';
import type { Audit, AuditDisbelief } from '../security/audit.ts';
import type { Action, AuthorizationObject } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';
import type { BuiltinExecutor, CheckpointChange } from './checkpoint.ts';
import type { AgentTimer } from './timers.ts';

export interface SendToExecutor {
  readonly type: 'sendToExecutor';
  readonly stream: StreamId;
  readonly event: ExecutorEvent;
}

export interface SendToMaster {
  readonly type: 'sendToMaster';
  /** Pid of the master or of the observer that pinged. */
  readonly to: string;
  /** Id of the sending process, where that is not the agent itself. */
  readonly from?: string;
  readonly message: MessageToMaster;
}

/** Starts an executor in its sandbox: a process of its own, or one of those built in. */
export interface LaunchExecutor {
  readonly type: 'launchExecutor';
  readonly framework: FrameworkInfo;
  readonly executor: ExecutorInfo;
  readonly builtin?: BuiltinExecutor | undefined;
  readonly containerId: ContainerId;
  /** Path of the sandbox relative to the work directory. */
  readonly sandbox: string;
  /** Absent for built-in executors. */
  readonly command?: CommandInfo | undefined;
  /** What the agent adds to the environment (MESOS_*). */
  readonly environment: Readonly<Record<string, string>>;
  /** The user that the executor runs as; absent: the agent's own. */
  readonly user?: string | undefined;
  readonly resources: readonly Resource[];
  /** What it can use at most, where a task has such limits. */
  readonly limits?: ResourceLimits | undefined;
  /** The task of a built-in command executor. */
  readonly task?: TaskInfo | undefined;
}

/**
 * Watches a container that is still alive after a restart of the agent. A built-in executor
 * subscribes again.
 */
export interface ReattachExecutor {
  readonly type: 'reattachExecutor';
  readonly framework: FrameworkInfo;
  readonly executor: ExecutorInfo;
  readonly builtin?: BuiltinExecutor | undefined;
  readonly containerId: ContainerId;
  readonly sandbox: string;
  /** As in LaunchExecutor: for the tasks that a default executor is still to get. */
  readonly user?: string | undefined;
  readonly task?: TaskInfo | undefined;
}

/** The executor's tasks have changed: its container may now use this much. */
export interface ResizeContainer {
  readonly type: 'resizeContainer';
  readonly containerId: ContainerId;
  readonly resources: readonly Resource[];
  readonly limits?: ResourceLimits | undefined;
}

/** Ends a container with everything in it, at once; `containerEnded` answers. */
export interface DestroyContainer {
  readonly type: 'destroyContainer';
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
}

/**
 * Connects a request with the input or output of a container, or answers it with the reason why
 * that cannot be.
 */
export interface AttachContainer {
  readonly type: 'attachContainer';
  readonly request: RequestId;
  readonly containerId: ContainerId;
  readonly to: 'input' | 'output';
}

/**
 * Starts a container that an operator's call asks for, nested in another one or by itself. The
 * containerizer answers the request: 200, 202 where there is such a container, or why not.
 */
export interface LaunchContainer {
  readonly type: 'launchContainer';
  readonly request: RequestId;
  readonly containerId: ContainerId;
  readonly command?: CommandInfo | undefined;
  readonly container?: ContainerInfo | undefined;
  readonly resources: readonly Resource[];
  readonly limits?: ResourceLimits | undefined;
  /** The user that it runs as; absent: its parent's, or the agent's own. */
  readonly user?: string | undefined;
  /** It looks into its parent, its output is the answer, and it ends with the request. */
  readonly isSession: boolean;
  readonly permission: Permission | undefined;
}

/** By what a launch has been allowed, so that other names of its user can be asked about. */
export interface Permission {
  readonly principal: Principal | undefined;
  readonly call: string;
  readonly origin: string | undefined;
  readonly action: Action;
  readonly object: AuthorizationObject;
}

/** Answers the request when the container has ended. */
export interface WaitContainer {
  readonly type: 'waitContainer';
  readonly request: RequestId;
  readonly containerId: ContainerId;
  /** Which call asks: the answer has its name. */
  readonly call: 'WAIT_CONTAINER' | 'WAIT_NESTED_CONTAINER';
}

/** Sends a signal to the container's process, and answers the request. */
export interface KillContainer {
  readonly type: 'killContainer';
  readonly request: RequestId;
  readonly containerId: ContainerId;
  readonly signal: number;
}

/** Removes what is left of a container that has ended, and answers the request. */
export interface RemoveContainer {
  readonly type: 'removeContainer';
  readonly request: RequestId;
  readonly containerId: ContainerId;
}

/** Removes the images that no container uses, but for these, and answers the request. */
export interface PruneImages {
  readonly type: 'pruneImages';
  readonly request: RequestId;
  readonly excluded: readonly Image[];
  /** Whether the answer says what was removed. */
  readonly isAnswered: boolean;
}

/** Answers the request with the images that there are, and those on their way. */
export interface ListImages {
  readonly type: 'listImages';
  readonly request: RequestId;
}

/** Brings an image, for containers to come, and answers the request. */
export interface PullImage {
  readonly type: 'pullImage';
  readonly request: RequestId;
  readonly image: Image;
}

/**
 * Deletes a destroyed volume at once, or a run's sandbox after a delay, or sooner when the disk is
 * full; with a sandbox go those folders above it (its executor's, its framework's) that are then
 * empty.
 */
export interface CollectGarbage {
  readonly type: 'collectGarbage';
  /** Relative to the work directory; a volume on a disk of its own has an absolute one. */
  readonly path: string;
  readonly delayMs: number;
  /** Absent for a sandbox. */
  readonly volume?: VolumePlace['kind'] | undefined;
}

/** Makes the folder of a persistent volume, unless it exists. */
export interface CreateVolume extends VolumePlace {
  readonly type: 'createVolume';
}

/**
 * Makes changes durable, transactions in the order of their numbers; several may share one write to
 * disk. The agent itself withholds what must not be seen before they are durable, until
 * `checkpointed` comes; so the performer can go on with the next effect at once.
 */
export interface Checkpoint {
  readonly type: 'checkpoint';
  readonly transaction: number;
  readonly changes: readonly CheckpointChange[];
}

/** Ends the agent: the master or an operator has asked for it, or the agent cannot go on. */
export interface Exit {
  readonly type: 'exit';
  readonly code: number;
  readonly reason: string;
}

export type AgentEffect =
  | Reply
  | OpenStream
  | SendToExecutor
  | CloseStream
  | SendToMaster
  | Link
  | LaunchExecutor
  | ReattachExecutor
  | ResizeContainer
  | DestroyContainer
  | AttachContainer
  | LaunchContainer
  | WaitContainer
  | KillContainer
  | RemoveContainer
  | PruneImages
  | ListImages
  | PullImage
  | CollectGarbage
  | CreateVolume
  | Checkpoint
  | SetTimer<AgentTimer>
  | ClearTimer<AgentTimer>
  | Log
  | Audit
  | AuditDisbelief
  | Exit;
