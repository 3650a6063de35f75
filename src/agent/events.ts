// Everything that can happen to an agent. Time comes with each event.
import type { MessageToAgent } from '../model/agent-messages.ts';
import type {
  AgentCall,
  ContainerStatus,
  ExecutorCall,
  Resource,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import type { ContainerId, ExecutorId, FrameworkId, RequestId, StreamId } from '../model/ids.ts';
import type { At, StreamClosed, TimerFired } from '../model/process-effects.ts';
import type { Principal } from '../security/principal.ts';
import type { AgentCheckpoint } from './checkpoint.ts';
import type { AgentTimer } from './timers.ts';

/** The checkpoint that was found in the work directory at the start. */
export interface Recovered extends At {
  readonly type: 'recovered';
  readonly checkpoint: AgentCheckpoint;
}

/** The detector names the leading master, or none. */
export interface MasterDetected extends At {
  readonly type: 'masterDetected';
  /** Pid of the master. */
  readonly master?: string | undefined;
  /** Its host name, where the detector knows it; /state shows it. */
  readonly hostname?: string | undefined;
}

/** A message of a master; `from` is its pid (an observer's for pings). */
export interface MasterMessage extends At {
  readonly type: 'masterMessage';
  readonly from: string;
  /** The id of the process that it was sent to; absent: the agent itself. */
  readonly to?: string | undefined;
  readonly message: MessageToAgent;
}

/** The connection that a `link` effect asked for could not be made, or broke. */
export interface LinkLost extends At {
  readonly type: 'linkLost';
  readonly address: string;
  /** Such as `connect ECONNREFUSED 10.0.0.1:5050`; absent: the other side has closed it. */
  readonly why?: string | undefined;
}

interface ByExecutor extends At {
  /** True for a built-in executor, in the agent's own process; absent: the call came over HTTP. */
  readonly isBuiltin?: true;
}

/** SUBSCRIBE of the executor API. Built-in executors subscribe in the same way. */
export interface ExecutorSubscribe extends ByExecutor {
  readonly type: 'executorSubscribe';
  readonly request: RequestId;
  readonly stream: StreamId;
  /** The IP address that it comes from; empty at a Unix socket. */
  readonly origin?: string | undefined;
  readonly principal?: Principal | undefined;
  readonly call: ExecutorCall;
}

export interface ExecutorCalled extends ByExecutor {
  readonly type: 'executorCall';
  readonly request: RequestId;
  /** The IP address that it comes from; empty at a Unix socket. */
  readonly origin?: string | undefined;
  readonly principal?: Principal | undefined;
  readonly call: ExecutorCall;
  /** Of an update that names a container nested in the executor's: what is told of that. */
  readonly containerStatus?: ContainerStatus | undefined;
}

/** A call of the operator API that changes something. */
export interface OperatorCalled extends At {
  readonly type: 'operatorCall';
  readonly request: RequestId;
  /** The IP address that it comes from. */
  readonly origin?: string | undefined;
  readonly principal?: Principal | undefined;
  readonly call: AgentCall;
  /**
   * Of a call that launches a container in another one: the user of that, which is its own where it
   * names none. Undefined where there is no such container.
   */
  readonly userAbove?: string | undefined;
}

/** The executor's container runs (its sandbox is made, its process started). */
export interface ContainerStarted extends At {
  readonly type: 'containerStarted';
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
  /** Process id of the supervisor or executor, where there is one. */
  readonly processId?: number | undefined;
  readonly containerStatus?: ContainerStatus | undefined;
}

/**
 * The container could not be started, or it ended. `waitStatus` is the raw status of wait(2). Comes
 * once for each container launched or reattached, also after destroyContainer, and after the last
 * call of a built-in executor in it.
 */
export interface ContainerEnded extends At {
  readonly type: 'containerEnded';
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
  readonly waitStatus?: number | undefined;
  /** Why, when it was not the executor's own exit. */
  readonly failure?: string | undefined;
  /** For the log: what is behind a failure that has to be told in Mesos's words. */
  readonly cause?: string | undefined;
  /** What kind of failure: absent with `failure`, it is REASON_CONTAINER_LAUNCH_FAILED. */
  readonly reason?: TaskStatus_Reason | undefined;
  /** True when no task of the executor has begun, or will. */
  readonly isDropped?: boolean | undefined;
  /** What it still waited for when its end was asked for: a clause. */
  readonly awaited?: string | undefined;
  /** With a limitation: the resources whose limit was hit. */
  readonly limited?: readonly Resource[] | undefined;
}

/** A checkpoint effect is durable. */
export interface Checkpointed extends At {
  readonly type: 'checkpointed';
  readonly transaction: number;
  readonly error?: string | undefined;
}

/** The checkpoint's disk takes no writes for the moment; the writes are repeated until it does. */
export interface CheckpointStalled extends At {
  readonly type: 'checkpointStalled';
}

/** A signal asks to stop: `unregister` (SIGUSR1) takes tasks down, `leave` keeps them running. */
export interface StopAsked extends At {
  readonly type: 'stop';
  readonly how: 'unregister' | 'leave';
}

export type AgentEvent =
  | Recovered
  | MasterDetected
  | MasterMessage
  | LinkLost
  | ExecutorSubscribe
  | ExecutorCalled
  | StreamClosed
  | OperatorCalled
  | ContainerStarted
  | ContainerEnded
  | Checkpointed
  | CheckpointStalled
  | TimerFired<AgentTimer>
  | StopAsked;
