// The built-in executors of runs: each is made with what it needs of the agent, and speaks with it
// within the process.

import type { Containerizer } from '../containerizer/containerizer.ts';
import type { LaunchOptions } from '../containerizer/launch-steps.ts';
import type { Container } from '../containerizer/launchers/launcher.ts';
import { containerInfoOf } from '../containerizer/plan/request.ts';
import { CommandRunner } from '../executor/command-runner.ts';
import { dockerInspection } from '../executor/docker-inspection.ts';
import type { ResumedTask } from '../executor/pod.ts';
import { PodRunner } from '../executor/pod-runner.ts';
import type { Resumption } from '../executor/task-run.ts';
import {
  ContainerInfo_Type,
  type ExecutorEvent,
  type TaskInfo,
} from '../model/generated/messages.ts';
import type { Random } from '../model/random.ts';
import { executorPlace } from './executor-containers.ts';
import { type InProcessOptions, InProcessTransport } from './in-process-transport.ts';
import type { KillRecords } from './kill-records.ts';
import { nestedRequest } from './pod-containers.ts';
import type { Run } from './run.ts';

export interface BuiltinExecutorsOptions
  extends Pick<InProcessOptions, 'requests' | 'streams' | 'dispatch' | 'nowMs'> {
  readonly containerizer: Containerizer;
  readonly kills: KillRecords;
  readonly random: Random;
  /** How long an executor has to shut down, unless its ExecutorInfo says so. */
  readonly shutdownGraceMs: number;
  /** How long a command executor stays after its task's terminal update. */
  readonly lingerMs: number;
  /** How long a default executor stays when all updates of its tasks are acknowledged. */
  readonly podLingerMs: number;
  /** The agent's IP address. */
  readonly ip: string;
  /** How containers of this run are launched. */
  readonly launchOptions: (run: Run, abort: AbortSignal) => LaunchOptions;
  /** Called when the executor of a run is done. */
  readonly end: (run: Run) => void;
  readonly warn: (text: string) => void;
}

/** Undefined for a container that is not of type DOCKER. */
function inspectionOf(
  { containerId: id, launch }: Run,
  task: TaskInfo,
  containerizer: Containerizer,
) {
  const info = containerInfoOf({ executor: launch.executor, task });
  if (info?.type !== ContainerInfo_Type.DOCKER) {
    return undefined;
  }
  return (startedMs: number) => {
    const { network_infos: networks = [] } = containerizer.containerStatus(id);
    return dockerInspection({ id, task, info, networks }, startedMs);
  };
}

export class BuiltinExecutors {
  readonly #options: BuiltinExecutorsOptions;

  constructor(options: BuiltinExecutorsOptions) {
    this.#options = options;
  }

  /** The executor of one task, whose command runs in the run's container. */
  command(
    run: Run,
    task: TaskInfo,
    container: Container,
    resumption: Resumption | undefined,
  ): CommandRunner {
    const { containerizer, kills, lingerMs, random, nowMs, end } = this.#options;
    return new CommandRunner({
      container,
      containerizer,
      command: {
        frameworkId: run.frameworkId,
        executorId: run.executorId,
        task,
        shutdownGraceMs: this.#shutdownGraceMs(run),
        lingerMs,
        random,
        inspection: inspectionOf(run, task, containerizer),
        resumption,
      },
      rememberKill: (kill) => kills.remember(run.containerId, kill),
      nowMs,
      connect: (events) => this.#connect(events),
      end: () => end(run),
    });
  }

  /** The executor of groups of tasks, whose containers are nested in the run's. */
  pod(run: Run, resumed: readonly ResumedTask[] | undefined): PodRunner {
    const { containerizer, kills, random, nowMs, ip, launchOptions, end } = this.#options;
    const { podLingerMs: lingerMs } = this.#options;
    return new PodRunner({
      pod: {
        frameworkId: run.frameworkId,
        executorId: run.executorId,
        containerId: run.containerId,
        random,
        lingerMs,
        resumed,
      },
      containerizer,
      launch: (launch, abort) => {
        const { sandbox, user, isBound } = executorPlace(run.launch);
        const executorId = run.launch.executor.executor_id;
        return containerizer.launch(
          nestedRequest(launch, {
            sandbox,
            user,
            resources: run.resources,
            ip,
            isBound,
            executorId,
          }),
          launchOptions(run, abort),
        );
      },
      rememberKill: (container, kill) => kills.remember(container, kill),
      nowMs,
      connect: (events) => this.#connect(events),
      end: () => end(run),
    });
  }

  #connect(events: (event: ExecutorEvent) => void): InProcessTransport {
    return new InProcessTransport({
      ...this.#options,
      events,
      containerStatus: (container) => this.#options.containerizer.liveStatus(container),
      refused: (_, text) =>
        this.#options.warn(`The agent refuses a built-in executor: ${text ?? ''}`),
    });
  }

  #shutdownGraceMs({ launch }: Run): number {
    const nanoseconds = launch.executor.shutdown_grace_period?.nanoseconds;
    return nanoseconds === undefined ? this.#options.shutdownGraceMs : Number(nanoseconds) / 1e6;
  }
}
