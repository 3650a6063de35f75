// What can be read of an agent: pure functions of its state, filtered by what the viewer may see.
import type {
  AgentCall,
  AgentResponse,
  ContainerStatus,
  Resource,
} from '../model/generated/messages.ts';
import type { ContainerId, ExecutorId, FrameworkId } from '../model/ids.ts';
import type { Authorizer } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';

export interface Viewer {
  readonly principal?: Principal | undefined;
  readonly authorizer: Authorizer;
}

/** One executor's container, for /containers, /monitor/statistics and GET_CONTAINERS. */
export interface ContainerView {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly executorName: string;
  readonly source: string;
  readonly containerId: ContainerId;
  readonly processId?: number | undefined;
  readonly containerStatus?: ContainerStatus | undefined;
  /** What it may use: the limits that statistics show beside the usage. */
  readonly resources: readonly Resource[];
}

export interface Sandboxes extends ReadonlyMap<string, string> {
  /** Whether the path is that of a sandbox which the viewer may not read. */
  denies(path: string): boolean;
}

export interface KnownBy {
  /** Of the agent. */
  readonly id: string;
  /** Of agent and master, and nobody else. */
  readonly key: Uint8Array;
}

/**
 * As the master's views: plain values with Mesos's keys; `read` answers the operator API's reads.
 */
export interface AgentViews {
  /** False while the agent recovers: reads are 503 then. Executor calls are answered by `step`. */
  readonly recovered: boolean;
  readonly registered: boolean;
  /** By what the master knows the agent; undefined while it does not. */
  readonly knownBy: KnownBy | undefined;
  state(viewer: Viewer): unknown;
  metrics(nowMs: number): Record<string, number>;
  /** Executors' containers that are alive, without their usage. */
  containers(viewer: Viewer): ContainerView[];
  /**
   * Sandboxes: virtual path → path on disk, for /files/*. Looking a path up is cheap; going through
   * all of them is for /files/debug only.
   */
  files(viewer: Viewer): Sandboxes;
  read(call: AgentCall, viewer: Viewer): AgentResponse | undefined;
}
