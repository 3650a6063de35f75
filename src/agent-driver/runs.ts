// The agent's containers, each from its launch, or from its recovery after a restart, to its end.
//
// Beside the container of a built-in executor there is a runner, which is that executor. Whether
// the process, the executor or a destruction ends the container first: the agent gets one
// `containerEnded`.

import type { CheckpointedTask } from '../agent/checkpoint.ts';
import type {
  DestroyContainer,
  LaunchExecutor,
  ReattachExecutor,
  ResizeContainer,
} from '../agent/effects.ts';
import type { AgentEvent } from '../agent/events.ts';
import type { Containerizer } from '../containerizer/containerizer.ts';
import { ContainerizerError } from '../containerizer/containerizer-error.ts';
import type { LaunchOptions } from '../containerizer/launch-steps.ts';
import type { Container, ContainerEnd } from '../containerizer/launchers/launcher.ts';
import type { Limitation } from '../containerizer/limitation.ts';
import type { Place } from '../containerizer/plan/place.ts';
import type { ContainerRequest } from '../containerizer/plan/request.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import { CommandRunner } from '../executor/command-runner.ts';
import type { ResumedTask } from '../executor/pod.ts';
import { PodRunner } from '../executor/pod-runner.ts';
import { killOf, killText, type RememberedKill } from '../executor/remembered-kill.ts';
import type { Resumption } from '../executor/task-run.ts';
import { rootOf } from '../model/container-id.ts';
import {
  type ExecutorEvent,
  type FrameworkInfo,
  type Resource,
  type ResourceStatistics,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import {
  type ContainerId,
  containerId,
  type ExecutorId,
  executorId,
  type FrameworkId,
  frameworkId,
} from '../model/ids.ts';
import type { Random } from '../model/random.ts';
import { allocationRole } from '../model/resource-format.ts';
import type { ResourceLimits } from '../model/resource-limits.ts';
import { isTerminal } from '../model/task-state.ts';
import { type ExecutorRequests, InProcessTransport } from './in-process-transport.ts';
import {
  nestedRequest,
  reportedStates,
  resumedTasks,
  sumOfUsage,
  taskPlace,
} from './pod-containers.ts';
import { statisticsOf } from './statistics.ts';

/** Whether a framework may run processes as this user. */
export type MayRunAs = (framework: FrameworkInfo, user: string) => boolean;

export interface RunsOptions extends ExecutorRequests {
  readonly records: RunRecords;
  readonly containerizer: Containerizer;
  readonly random: Random;
  readonly shutdownGraceMs: number;
  /** How long a command executor stays after its task's terminal update. */
  readonly lingerMs: number;
  /** The agent's IP address. */
  readonly ip: string;
  readonly mayRunAs: MayRunAs;
  readonly nowMs: () => number;
  readonly dispatch: (event: AgentEvent) => void;
  readonly warn: (text: string) => void;
}

/** A container whose end the agent has not been told. */
interface Run {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
  readonly launch: LaunchExecutor | ReattachExecutor;
  readonly abort: AbortController;
  resources: readonly Resource[];
  limits?: ResourceLimits | undefined;
  container?: Container;
  runner?: CommandRunner;
  /** Of a default executor, in place of a container and a runner. */
  pod?: PodRunner;
  /** The launch has begun, and the container has no process yet. */
  isPreparing: boolean;
  destroyed: boolean;
  /** The checkpoint has no need of the run any more, so its records may be removed. */
  completed: boolean;
  /** Why the container was destroyed, if the agent did not ask for it. */
  failed?: RunEnd;
  /** How it ended; the agent is told when nothing is left of it. */
  end?: RunEnd;
}

interface RunEnd extends ContainerEnd {
  /** The reason, if it is another than a failed launch. */
  readonly reason?: TaskStatus_Reason | undefined;
  readonly isDropped?: boolean | undefined;
  /** The resources whose limit was hit. */
  readonly limited?: readonly Resource[] | undefined;
  /** A text for the agent's log. */
  readonly cause?: string | undefined;
}

const KILLED_STATUS = 9;

export class Runs {
  readonly #options: RunsOptions;
  readonly #runs = new Map<ContainerId, Run>();

  constructor(options: RunsOptions) {
    this.#options = options;
    options.containerizer.watch({
      onLimitation: (container, limitation) => this.#limit(container, limitation),
    });
  }

  /** Launches a container; `containerStarted` or `containerEnded` follows. */
  async launch(effect: LaunchExecutor): Promise<void> {
    const run = this.#add(effect, effect.resources);
    run.isPreparing = true;
    if (effect.builtin === 'default') {
      await this.#launchPod(run, effect);
      return;
    }
    let container: Container;
    try {
      container = await this.#options.containerizer.launch(
        requestOf(effect),
        this.#launchOptions(run, run.abort.signal),
      );
    } catch (error) {
      await this.#finish(run, run.destroyed ? {} : failureOf(error));
      return;
    }
    run.isPreparing = false;
    if (run.resources !== effect.resources) {
      this.#update(run);
    }
    // While the container was prepared, it was destroyed, or the agent began to stop.
    if (run.destroyed || this.#runs.get(run.containerId) !== run) {
      await this.#finish(run, {});
      return;
    }
    this.#attach(run, container, undefined);
    if (run.runner === undefined) {
      container.release();
    }
    this.#options.dispatch({
      type: 'containerStarted',
      nowMs: this.#options.nowMs(),
      ...idsOf(run),
      processId: container.processId,
    });
    run.runner?.subscribe();
  }

  #launchOptions({ launch: { framework } }: Run, abort: AbortSignal): LaunchOptions {
    return { abort, mayRunAs: (user) => this.#options.mayRunAs(framework, user) };
  }

  async #launchPod(run: Run, effect: LaunchExecutor): Promise<void> {
    try {
      await this.#options.containerizer.launchEmpty(
        requestOf(effect),
        this.#launchOptions(run, run.abort.signal),
      );
    } catch (error) {
      await this.#finish(run, run.destroyed ? {} : failureOf(error));
      return;
    }
    run.isPreparing = false;
    if (run.resources !== effect.resources) {
      this.#update(run);
    }
    if (run.destroyed || this.#runs.get(run.containerId) !== run) {
      await this.#finish(run, {});
      return;
    }
    run.pod = this.#podOf(run, undefined);
    this.#options.dispatch({
      type: 'containerStarted',
      nowMs: this.#options.nowMs(),
      ...idsOf(run),
    });
    run.pod.subscribe();
  }

  #podOf(run: Run, resumed: readonly ResumedTask[] | undefined): PodRunner {
    const { framework, executor, sandbox, user } = run.launch;
    return new PodRunner({
      pod: {
        frameworkId: run.frameworkId,
        executorId: run.executorId,
        containerId: run.containerId,
        random: this.#options.random,
        resumed,
      },
      containerizer: this.#options.containerizer,
      launch: (launch, abort) =>
        this.#options.containerizer.launch(
          nestedRequest(launch, {
            sandbox,
            user,
            resources: run.resources,
            ip: this.#options.ip,
            isBound: framework.checkpoint !== true,
            executorId: executor.executor_id,
          }),
          this.#launchOptions(run, abort),
        ),
      rememberKill: (container, kill) => this.#rememberKill(container, kill),
      nowMs: this.#options.nowMs,
      connect: (events) => this.#connect(events),
      end: () => void this.#finish(run, { waitStatus: 0 }),
    });
  }

  #connect(events: (event: ExecutorEvent) => void): InProcessTransport {
    return new InProcessTransport({
      ...this.#options,
      events,
      refused: (_, text) =>
        this.#options.warn(`The agent refuses a built-in executor: ${text ?? ''}`),
    });
  }

  async #reattachPod(
    run: Run,
    effect: ReattachExecutor,
    tasks: readonly CheckpointedTask[],
  ): Promise<void> {
    const { containerizer, records, warn } = this.#options;
    await containerizer.reattachEmpty(run.containerId, placeOf(effect), run.resources);
    const resumed = resumedTasks({
      parent: run.containerId,
      tasks,
      records,
      killOf: (container) => this.#rememberedKill(container),
      nowMs: this.#options.nowMs(),
      warn,
    });
    const pod = this.#podOf(run, resumed);
    run.pod = pod;
    for (const { container, task, isLaunched } of resumed) {
      if (isLaunched) {
        const place = taskPlace(container, task, placeOf(effect));
        pod.adopt(await containerizer.reattach(container, place, place.resources));
      }
    }
    await containerizer.recoverCalled(run.containerId);
    pod.subscribe();
  }

  /** Recovers a container of an earlier agent, whose tasks are those in the checkpoint. */
  async reattach(effect: ReattachExecutor, tasks: readonly CheckpointedTask[]): Promise<void> {
    const { executor, containerId: id } = effect;
    const live = tasks.filter((task) => !reportedStates(task).some(isTerminal));
    const resources = [executor, ...live.map(({ info }) => info)].flatMap(
      (it) => it.resources ?? [],
    );
    const run = this.#add(effect, resources);
    const { records } = this.#options;
    try {
      if (effect.builtin === 'default') {
        await this.#reattachPod(run, effect, tasks);
        return;
      }
      const container = await this.#options.containerizer.reattach(id, placeOf(effect), resources);
      await this.#options.containerizer.recoverCalled(id);
      const resumption = {
        startedMs: records.supervisor(id)?.startedMs ?? this.#options.nowMs(),
        reported: tasks.flatMap(reportedStates),
        kill: this.#rememberedKill(id),
      };
      this.#attach(run, container, resumption);
      run.runner?.subscribe();
    } catch (error) {
      await this.#finish(run, failureOf(error));
    }
  }

  has(container: string): boolean {
    return this.#runs.has(containerId(container));
  }

  /**
   * Changes the resources of a container. Its volumes are there before the task that needs them is;
   * if a volume cannot be provided, the container is destroyed.
   */
  resize({ containerId: container, resources, limits }: ResizeContainer): void {
    const run = this.#runs.get(container);
    if (run === undefined) {
      return;
    }
    run.resources = resources;
    run.limits = limits;
    // A container that is still being prepared gets the resources before its process begins.
    if (!run.isPreparing) {
      this.#update(run);
    }
  }

  #update(run: Run): void {
    const { containerId, launch, resources, limits } = run;
    try {
      this.#options.containerizer.update(containerId, launch.sandbox, { resources, limits });
    } catch (error) {
      run.failed ??= {
        failure: `Failed to update resources for container: ${textOf(error)}`,
        reason: TaskStatus_Reason.REASON_CONTAINER_UPDATE_FAILED,
      };
      this.#destroy(run);
    }
  }

  /**
   * Ends a container that uses more than it may. With a root container all of its executor ends,
   * and the agent says why; of one for a task the executor does, and of others whoever waits for
   * their end is told.
   */
  #limit(container: ContainerId, limitation: Limitation): void {
    const run = this.#runs.get(rootOf(container));
    if (run === undefined || container !== run.containerId) {
      if (run?.pod?.limit(container, limitation) !== true) {
        this.#options.containerizer.containers.destroy(container, limitation);
      }
      return;
    }
    if (run.destroyed) {
      return;
    }
    const { message: failure, reason, resources: limited } = limitation;
    run.failed ??= { failure, reason, limited };
    this.#destroy(run);
  }

  destroy(effect: DestroyContainer): void {
    const run = this.#runs.get(effect.containerId);
    if (run === undefined) {
      const { frameworkId, executorId, containerId } = effect;
      this.#options.dispatch({
        type: 'containerEnded',
        nowMs: this.#options.nowMs(),
        frameworkId,
        executorId,
        containerId,
      });
      return;
    }
    this.#destroy(run);
  }

  #destroy(run: Run): void {
    run.destroyed = true;
    run.runner?.stop();
    if (run.pod !== undefined) {
      void run.pod.destroy().then(() => this.#finish(run, { waitStatus: KILLED_STATUS }));
      return;
    }
    const { containers } = this.#options.containerizer;
    containers.destroy(run.containerId);
    // If the process has ended already, only the executor was left.
    void containers
      .gone(run.containerId)
      .then(() => this.#finish(run, { waitStatus: KILLED_STATUS }));
  }

  /** The checkpoint has stored that the run is over: its records may be removed. */
  completed(container: ContainerId): void {
    const run = this.#runs.get(container);
    if (run === undefined) {
      this.#forget(container);
    } else {
      run.completed = true;
    }
  }

  /** The resource usage of a container; undefined where it has ended or is not known. */
  usage(container: ContainerId): ResourceStatistics | undefined {
    const run = this.#runs.get(container);
    const { containerizer } = this.#options;
    if (run === undefined) {
      return undefined;
    }
    const nested = run.pod?.containers.map((it) => containerizer.usage(it)) ?? [];
    // What is measured of all of them together is more than the sum of those that are left.
    const usage = { ...sumOfUsage(nested), ...containerizer.usage(container) };
    return statisticsOf(usage, run, this.#options.nowMs());
  }

  /** Dispatches no more events. Returns the ends of containers that were being destroyed. */
  stop(): Promise<unknown>[] {
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    for (const run of runs) {
      run.abort.abort();
      run.runner?.stop();
      if (!run.destroyed) {
        run.pod?.stop();
      }
    }
    return runs.flatMap((run) =>
      run.destroyed
        ? [this.#options.containerizer.containers.gone(run.containerId), run.pod?.destroy()].filter(
            (it) => it !== undefined,
          )
        : [],
    );
  }

  #add(effect: LaunchExecutor | ReattachExecutor, resources: readonly Resource[]): Run {
    const run: Run = {
      frameworkId: frameworkId(effect.framework.id?.value ?? ''),
      executorId: executorId(effect.executor.executor_id.value),
      containerId: effect.containerId,
      launch: effect,
      abort: new AbortController(),
      resources,
      isPreparing: false,
      destroyed: false,
      completed: effect.framework.checkpoint !== true,
    };
    this.#runs.set(run.containerId, run);
    return run;
  }

  #attach(run: Run, container: Container, resumption: Resumption | undefined): void {
    run.container = container;
    const { builtin, task } = run.launch;
    if (builtin !== undefined && task !== undefined) {
      run.runner = new CommandRunner({
        container,
        containerizer: this.#options.containerizer,
        command: {
          frameworkId: run.frameworkId,
          executorId: run.executorId,
          task,
          shutdownGraceMs: this.#shutdownGraceMs(run.launch),
          lingerMs: this.#options.lingerMs,
          random: this.#options.random,
          resumption,
        },
        rememberKill: (kill) => this.#rememberKill(run.containerId, kill),
        nowMs: this.#options.nowMs,
        connect: (events) => this.#connect(events),
        // A container that the executor never released is destroyed with it.
        end: () => void this.#finish(run, { waitStatus: 0 }),
      });
    }
    void container.ended.then((end) => this.#containerEnded(run, end));
  }

  #containerEnded(run: Run, end: ContainerEnd): void {
    if (run.destroyed) {
      void this.#finish(run, { waitStatus: end.waitStatus ?? KILLED_STATUS });
    } else if (run.runner === undefined) {
      void this.#finish(run, end);
    } else {
      run.runner.ended(end);
    }
  }

  /** Tells the agent of the end, when nothing is left of the container. */
  async #finish(run: Run, end: RunEnd): Promise<void> {
    const { containers } = this.#options.containerizer;
    run.end ??= end;
    containers.destroy(run.containerId);
    await containers.gone(run.containerId);
    if (this.#runs.get(run.containerId) !== run) {
      return;
    }
    this.#runs.delete(run.containerId);
    run.runner?.stop();
    run.pod?.stop();
    if (run.completed) {
      this.#forget(run.containerId);
    }
    this.#options.dispatch({
      type: 'containerEnded',
      nowMs: this.#options.nowMs(),
      ...idsOf(run),
      waitStatus: run.end.waitStatus,
      failure: run.failed?.failure ?? run.end.failure,
      reason: run.failed?.reason ?? run.end.reason,
      isDropped: run.end.isDropped,
      limited: run.failed?.limited,
      cause: run.end.cause,
    });
  }

  #forget(container: ContainerId): void {
    this.#options.containerizer.containers
      .forget(container)
      .catch((error: unknown) =>
        this.#options.warn(`Failed to remove a container's records: ${textOf(error)}`),
      );
  }

  /** A kill goes on even if its record cannot be written. */
  #rememberKill(container: ContainerId, kill: RememberedKill): void {
    try {
      this.#options.records.rememberKill(container, killText(kill));
    } catch (error) {
      this.#options.warn(`The kill of container ${container} is not on record: ${textOf(error)}`);
    }
  }

  /** The kill that an earlier executor of this run began, if there was one. */
  #rememberedKill(container: ContainerId): RememberedKill | undefined {
    try {
      const text = this.#options.records.killing(container);
      const kill = text === undefined ? undefined : killOf(text);
      if (text !== undefined && kill === undefined) {
        throw new ContainerizerError(`'${text}' is no kill that this version knows`);
      }
      return kill;
    } catch (error) {
      // The kill is asked for again if it is still wanted; a task that is still wanted must not end
      // here.
      this.#options.warn(
        `Whether container ${container} was being killed cannot be told, and it goes on: ${textOf(error)}`,
      );
      return undefined;
    }
  }

  #shutdownGraceMs({ executor }: LaunchExecutor | ReattachExecutor): number {
    const nanoseconds = executor.shutdown_grace_period?.nanoseconds;
    return nanoseconds === undefined ? this.#options.shutdownGraceMs : Number(nanoseconds) / 1e6;
  }
}

const idsOf = ({ frameworkId, executorId, containerId }: Run) => ({
  frameworkId,
  executorId,
  containerId,
});

const failureOf = (error: unknown): RunEnd => ({
  failure: textOf(error),
  reason: error instanceof ContainerizerError ? error.reason : undefined,
  isDropped: error instanceof ContainerizerError && error.isDropped,
  cause:
    error instanceof ContainerizerError && error.cause instanceof Error
      ? error.cause.message
      : undefined,
});

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const placeOf = ({ sandbox, user, framework }: LaunchExecutor | ReattachExecutor): Place => ({
  kind: 'executor',
  sandbox,
  user,
  // As in Mesos, executors of a framework without checkpoint end with their agent.
  isBound: framework.checkpoint !== true,
  resources: [],
});

const requestOf = (effect: LaunchExecutor): ContainerRequest => ({
  id: effect.containerId,
  ...placeOf(effect),
  environment: environmentOf(effect),
  command: effect.command ?? effect.task?.command ?? effect.executor.command,
  resources: effect.resources,
  limits: effect.limits,
  executor: effect.executor,
  task: effect.task,
});

/** A command gets its task's role in the environment, as an executor gets the executor's role. */
function environmentOf({ environment, builtin, task }: LaunchExecutor): Record<string, string> {
  const role = allocationRole(task?.resources);
  return builtin !== undefined && role !== undefined
    ? { ...environment, MESOS_ALLOCATION_ROLE: role }
    : { ...environment };
}
