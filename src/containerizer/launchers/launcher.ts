// A launcher turns a plan into processes, and finds them again when the agent has been started
// anew. What processes are to it - supervisors, namespaces, job objects - is its own business.
import type { ContainerId } from '../../model/ids.ts';
import type { Identity } from '../host/users.ts';
import type { CommandLine } from '../plan/command-line.ts';
import type { ContainerPlan, ProcessPlan } from '../plan/plan.ts';
import type { EndRecord } from '../records/run-records.ts';

/** What a later agent knows of a container to attach to. */
export interface Attachment {
  readonly id: ContainerId;
  /** Absolute. */
  readonly sandbox: string;
  /** As in its plan. */
  readonly cgroups: readonly string[];
}

/**
 * How it ended: all fields are absent when its process was never started, or its end could not be
 * seen, as after a kill of the supervisor.
 */
export type ContainerEnd = EndRecord;

/** A container: held until it is released, then running until it has ended. */
export interface Container {
  readonly id: ContainerId;
  /** Absolute. */
  readonly sandbox: string;
  readonly processId: number;
  readonly ended: Promise<ContainerEnd>;
  release(): void;
  /** Asks everything in the container to end. */
  terminate(): void;
  /** Kills everything in the container; one that is still held never runs. */
  destroy(): void;
}

export interface ContainerUsage {
  readonly processes: number;
  readonly threads: number;
  readonly cpusUserTimeSecs: number;
  readonly cpusSystemTimeSecs: number;
  readonly memRssBytes: number;
}

export interface Inspection extends ContainerEnd {
  readonly started: boolean;
  readonly alive: boolean;
  readonly processId?: number;
}

export interface Execution {
  readonly container: Container;
  readonly line: CommandLine;
  /** Added to the container's. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Launcher {
  /**
   * Starts what holds the container's process, as the user of this identity (absent: the agent's
   * own). Its records are there. Rejects with ContainerizerError.
   */
  launch(plan: ContainerPlan, identity: Identity | undefined): Promise<Container>;
  /**
   * Watches a container that an earlier agent has launched, alive or not. Rejects with
   * ContainerizerError.
   */
  attach(attachment: Attachment): Promise<Container>;
  /**
   * Runs a command beside the container's process, as its user, in its sandbox and environment.
   * What the command leaves behind ends with it, and both end with the container. Resolves to the
   * raw wait status; rejects when aborted, once all has ended, with the signal's reason; with
   * UnknownEndError where nothing can be said of its end, with ContainerizerError where it cannot
   * be started.
   */
  execute(execution: Execution, abort: AbortSignal): Promise<number>;
  /** As `execute`, but beside no container: such a process ends with the agent. */
  run(process: ProcessPlan, identity: Identity | undefined, abort: AbortSignal): Promise<number>;
  /** What its processes have used; undefined once it has none. */
  usage(id: ContainerId): ContainerUsage | undefined;
  /**
   * What became of a container of an earlier agent. Where what held it has gone without a word,
   * what is left of it is killed.
   */
  inspect(id: ContainerId, cgroups: readonly string[]): Inspection;
  /** The container has ended, and its records are about to be removed. */
  forget(id: ContainerId): void;
  /** Leaves containers running. */
  close(): Promise<void>;
}
