// What an agent writes down so that it can be stopped, upgraded and started under running tasks.
import type {
  AgentInfo,
  DrainConfig,
  ExecutorInfo,
  FrameworkInfo,
  Operation,
  Resource,
  StatusUpdate,
  TaskInfo,
} from '../model/generated/messages.ts';
import type { ContainerId, ExecutorId, FrameworkId, TaskId } from '../model/ids.ts';

/** What a start finds. Runs of executors that have completed are not in it. */
export interface AgentCheckpoint {
  /** Absent at the very first start. */
  readonly agent?: AgentInfo | undefined;
  /** True when the machine has started anew since: no process of before is alive. */
  readonly rebooted?: boolean | undefined;
  /** How many things of it could not be recovered. */
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
  readonly waitStatus?: number | undefined;
  readonly tasks: readonly CheckpointedTask[];
}

export interface CheckpointedTask {
  readonly info: TaskInfo;
  /** Updates in the order they were made, and the uuids of those acknowledged. */
  readonly updates: readonly StatusUpdate[];
  readonly acknowledged: readonly Uint8Array[];
}

export type BuiltinExecutor = 'command';

/** Which run of which executor a change belongs to. */
export interface RunOf {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
}

/** One durable change. Those of one transaction are stored in order; the answer is one event. */
export type CheckpointChange =
  | { readonly type: 'agent'; readonly agent: AgentInfo }
  | { readonly type: 'forgetAgent' }
  /** Replaces: reservations and volumes made at run time. */
  | { readonly type: 'resources'; readonly resources: readonly Resource[] }
  /** One whose final status is not acknowledged yet. */
  | { readonly type: 'operation'; readonly operation: Operation }
  | { readonly type: 'operationCompleted'; readonly uuid: Uint8Array }
  /** Replaces; absent: not draining any more. */
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
      /** Takes the place of the update; absent: it stays as it is. */
      readonly slim?: StatusUpdate | undefined;
    })
  /** The update need not be remembered. */
  | (RunOf & {
      readonly type: 'updateDropped';
      readonly taskId: TaskId;
      readonly uuid: Uint8Array;
    })
  /** The last update of the task is acknowledged: it need not be remembered. */
  | (RunOf & { readonly type: 'taskCompleted'; readonly taskId: TaskId })
  | (RunOf & { readonly type: 'executorCompleted' })
  | { readonly type: 'frameworkCompleted'; readonly frameworkId: FrameworkId };
