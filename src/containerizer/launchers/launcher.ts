// A launcher turns a plan into processes, and finds them again after a restart of the agent. How it
// does that - by supervisors, namespaces, job objects - is its own business.
import type { ContainerId } from '../../model/ids.ts';
import type { EndRecord } from '../container-end.ts';
import type { Identity } from '../host/users.ts';
import type { Dial } from '../networks/dial.ts';
import type { CgroupPlacement, DeviceLimit } from '../plan/cgroup-plan.ts';
import type { CommandLine } from '../plan/command-line.ts';
import type { ContainerPlan, ProcessPlan } from '../plan/plan.ts';
import type { Readings } from '../readings/readings.ts';

/** What a later agent knows of a container that it attaches to. */
export interface Attachment {
  readonly id: ContainerId;
  /** An absolute path. */
  readonly sandbox: string;
  /** As in the container's plan. */
  readonly cgroups: CgroupPlacement;
}

/**
 * How the container ended. All fields are absent where its process was never started, or its end
 * was not seen, as after a kill of its supervisor.
 */
export type ContainerEnd = EndRecord;

/** A container: held until it is released, then running until it ends. */
export interface Container {
  readonly id: ContainerId;
  /** An absolute path. */
  readonly sandbox: string;
  readonly processId: number;
  /**
   * Resolves when its process has been started, with the files of its output, or is known never to
   * be; earlier where what watches over supervisors ends meanwhile.
   */
  readonly begun: Promise<void>;
  readonly ended: Promise<ContainerEnd>;
  release(): void;
  /** Sends SIGTERM to all processes of the container. */
  terminate(): void;
  /** Sends a signal to the container's own process, once that runs. */
  signal(number: number): void;
  /** Kills all processes of the container; a held one never runs. */
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
  readonly environment: Readonly<Record<string, string>>;
}

/** A process in a sandbox. */
export interface SandboxProcess extends ProcessPlan {
  /** The sandbox of the root container: the working directory, or one that it lies in. */
  readonly root: string;
}

export interface Launcher {
  /**
   * Starts a supervisor that holds the container's process, as the user of `identity` (undefined:
   * the agent's own user). The container's records exist already. Rejects with ContainerizerError.
   */
  launch(plan: ContainerPlan, identity: Identity | undefined): Promise<Container>;
  /**
   * Watches a container that an earlier agent launched, whether it is running or not. Rejects with
   * ContainerizerError.
   */
  attach(attachment: Attachment): Promise<Container>;
  /**
   * Runs a command beside the container's process, as the same user, in the same
   * sandbox. Processes that the command leaves end with it, and all end with the container.
   * Resolves to the raw wait status. Rejects with the signal's reason when aborted, once all
   * processes have ended; with UnknownEndError if the status is unknown; with ContainerizerError if
   * the command cannot be started.
   */
  execute(execution: Execution, abort: AbortSignal): Promise<number>;
  /** As `execute`, but outside a container: the process ends with the agent. */
  run(process: SandboxProcess, identity: Identity | undefined, abort: AbortSignal): Promise<number>;
  /** That of the container's process as it was started; undefined where it has none. */
  environment(id: ContainerId): Readonly<Record<string, string>> | undefined;
  /** Of a container with files of its own: the working directory in these. */
  ownDirectory(id: ContainerId): string | undefined;
  /**
   * Connects in the container's own network; undefined where it is in the agent's. Throws
   * ContainerizerError where that has no process yet.
   */
  dial(id: ContainerId): Dial | undefined;
  /** Lets processes in a cgroup of v2 use these devices only. Rejects with ContainerizerError. */
  limitDevices(limit: DeviceLimit): Promise<void>;
  /** The usage of the container's processes; undefined where it has none. */
  usage(id: ContainerId, readings: Readings): Promise<ContainerUsage | undefined>;
  /**
   * The state of a container of an earlier agent. If its supervisor is gone without a record of an
   * end, the container's processes are killed.
   */
  inspect(id: ContainerId, cgroups: CgroupPlacement): Inspection;
  /** Called when the container has ended and its records are about to be removed. */
  forget(id: ContainerId): void;
  /** Closes the launcher; containers keep running. */
  close(): Promise<void>;
}
