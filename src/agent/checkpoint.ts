// The checkpoint of an agent: what it must find again to be stopped, upgraded and started while its
// tasks run.
import type {
  AgentInfo,
  ContainerStatus,
  DrainConfig,
  ExecutorInfo,
  FrameworkInfo,
  Operation,
  Resource,
  StatusUpdate,
  TaskInfo,
} from '../model/generated/messages.ts';
import type { ContainerId, ExecutorId, FrameworkId, TaskId } from '../model/ids.ts';
import type { VolumePlace } from '../model/volume-path.ts';

/** What a starting agent finds. Completed runs of executors are not in it. */
export interface AgentCheckpoint {
  /** Absent at the very first start. */
  readonly agent?: AgentInfo | undefined;
  /** True when the machine has rebooted since: no process of the earlier agent is alive. */
  readonly rebooted?: boolean | undefined;
  /** How many records of the checkpoint could not be read. */
  readonly errors?: number | undefined;
  readonly resources: readonly Resource[];
  readonly operations?: readonly Operation[] | undefined;
  readonly drain?: CheckpointedDrain | undefined;
  readonly frameworks: readonly CheckpointedFramework[];
}

export interface CheckpointedDrain {
  readonly config: DrainConfig;
  readonly startedMs: number;
}

export interface CheckpointedFramework {
  readonly info: FrameworkInfo;
  readonly executors: readonly CheckpointedExecutor[];
}

export interface CheckpointedExecutor {
  readonly info: ExecutorInfo;
  readonly builtin?: BuiltinExecutor | undefined;
  readonly containerId: ContainerId;
  /** False when its process is gone; `waitStatus` then tells how it ended, if that is known. */
  readonly alive: boolean;
  readonly processId?: number | undefined;
  readonly containerStatus?: ContainerStatus | undefined;
  readonly waitStatus?: number | undefined;
  readonly tasks: readonly CheckpointedTask[];
}

export interface CheckpointedTask {
  readonly info: TaskInfo;
  /** Updates in the order in which they were made, and the uuids of the acknowledged ones. */
  readonly updates: readonly StatusUpdate[];
  readonly acknowledged: readonly Uint8Array[];
}

export type BuiltinExecutor = 'command' | 'default';

/** Which run of which executor a change belongs to. */
export interface RunOf {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
}

/**
 * One durable change. The changes of one transaction are stored in order, and answered by one
 * event.
 */
export type CheckpointChange =
  | { readonly type: 'agent'; readonly agent: AgentInfo }
  | { readonly type: 'forgetAgent' }
  /**
   * The reservations and volumes made at run time, which replace those before, and the volumes
   * whose data is to be deleted then, whatever happens.
   */
  | {
      readonly type: 'resources';
      readonly resources: readonly Resource[];
      readonly destroyed?: readonly VolumePlace[];
    }
  /** An operation whose final status is not acknowledged yet. */
  | { readonly type: 'operation'; readonly operation: Operation }
  | { readonly type: 'operationCompleted'; readonly uuid: Uint8Array }
  /** The drain, which replaces the one before; absent: the agent does not drain any more. */
  | { readonly type: 'drain'; readonly drain?: CheckpointedDrain | undefined }
  | { readonly type: 'framework'; readonly framework: FrameworkInfo }
  | (RunOf & {
      readonly type: 'executor';
      readonly info: ExecutorInfo;
      readonly builtin?: BuiltinExecutor | undefined;
    })
  | (RunOf & { readonly type: 'task'; readonly info: TaskInfo })
  | (RunOf & { readonly type: 'update'; readonly update: StatusUpdate })
  | (RunOf & {
      readonly type: 'acknowledgement';
      readonly taskId: TaskId;
      readonly uuid: Uint8Array;
      /** A smaller update that replaces the acknowledged one; absent: the update stays as it is. */
      readonly slim?: StatusUpdate | undefined;
    })
  /** An update that need not be kept. */
  | (RunOf & {
      readonly type: 'updateDropped';
      readonly taskId: TaskId;
      readonly uuid: Uint8Array;
    })
  /** A task whose last update is acknowledged: its record need not be kept. */
  | (RunOf & { readonly type: 'taskCompleted'; readonly taskId: TaskId })
  | (RunOf & { readonly type: 'executorCompleted' })
  | { readonly type: 'frameworkCompleted'; readonly frameworkId: FrameworkId };
