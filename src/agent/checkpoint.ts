// What an agent writes down so that it can be stopped, upgraded and started under running tasks.
import type {
  AgentInfo,
  ExecutorInfo,
  FrameworkInfo,
  Resource,
  StatusUpdate,
  Task,
  TaskInfo,
} from '../model/generated/messages.ts';
import type { ContainerId, ExecutorId, FrameworkId, TaskId } from '../model/ids.ts';

/** What a start finds. Runs of executors that have completed are not in it. */
export interface AgentCheckpoint {
  /** Absent at the very first start, and after a reboot that ended every process. */
  readonly agent?: AgentInfo | undefined;
  readonly bootId?: string | undefined;
  readonly resources: readonly Resource[];
  readonly frameworks: readonly CheckpointedFramework[];
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
  readonly waitStatus?: number | undefined;
  readonly tasks: readonly CheckpointedTask[];
}

export interface CheckpointedTask {
  readonly task: Task;
  readonly info: TaskInfo;
  /** Updates in the order they were made, and the uuids of those acknowledged. */
  readonly updates: readonly StatusUpdate[];
  readonly acknowledged: readonly Uint8Array[];
}

export type BuiltinExecutor = 'command';

/** One durable change. Those of one transaction are stored in order; the answer is one event. */
export type CheckpointChange =
  | { readonly type: 'agent'; readonly agent: AgentInfo }
  | { readonly type: 'forgetAgent' }
  | { readonly type: 'resources'; readonly resources: readonly Resource[] }
  | { readonly type: 'framework'; readonly framework: FrameworkInfo }
  | {
      readonly type: 'executor';
      readonly frameworkId: FrameworkId;
      readonly info: ExecutorInfo;
      readonly builtin?: BuiltinExecutor | undefined;
      readonly containerId: ContainerId;
    }
  | {
      readonly type: 'task';
      readonly frameworkId: FrameworkId;
      readonly executorId: ExecutorId;
      readonly containerId: ContainerId;
      readonly task: Task;
      readonly info: TaskInfo;
    }
  | {
      readonly type: 'update';
      readonly frameworkId: FrameworkId;
      readonly executorId: ExecutorId;
      readonly containerId: ContainerId;
      readonly update: StatusUpdate;
    }
  | {
      readonly type: 'acknowledgement';
      readonly frameworkId: FrameworkId;
      readonly executorId: ExecutorId;
      readonly containerId: ContainerId;
      readonly taskId: TaskId;
      readonly uuid: Uint8Array;
    }
  | {
      readonly type: 'executorCompleted';
      readonly frameworkId: FrameworkId;
      readonly executorId: ExecutorId;
      readonly containerId: ContainerId;
    }
  | { readonly type: 'frameworkCompleted'; readonly frameworkId: FrameworkId };
