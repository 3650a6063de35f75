// The runs of executors: their containers, each from its launch, or from its recovery after a
// restart of the agent, to its end.
//
// With the container of a built-in executor there is a runner, which is that executor. Whether the
// process, the executor or a destruction ends the container first: the agent gets one
// `containerEnded`.
import type { CheckpointedTask } from '../agent/checkpoint.ts';
import type {
  DestroyContainer,
  LaunchExecutor,
  ReattachExecutor,
  ResizeContainer,
} from '../agent/effects.ts';
import type { AgentEvent } from '../agent/events.ts';
import { GoneCgroupError } from '../containerizer/cgroups/cgroups.ts';
import type { Containerizer } from '../containerizer/containerizer.ts';
import type { LaunchOptions } from '../containerizer/launch-steps.ts';
import type { Container, ContainerEnd } from '../containerizer/launchers/launcher.ts';
import type { Limitation } from '../containerizer/limitation.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import type { Resumption } from '../executor/task-run.ts';
import { rootOf } from '../model/container-id.ts';
import { errorText } from '../model/error-text.ts';
import {
  type FrameworkInfo,
  type Resource,
  type ResourceStatistics,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import { type ContainerId, containerId } from '../model/ids.ts';
import type { Random } from '../model/random.ts';
import { isTerminal } from '../model/task-state.ts';
import { BuiltinExecutors } from './builtin-executors.ts';
import { executorPlace, executorRequest } from './executor-containers.ts';
import type { ExecutorRequests } from './in-process-transport.ts';
import { KillRecords } from './kill-records.ts';
import { reportedStates, resumedTasks, sumOfUsage, taskPlace } from './pod-containers.ts';
import { createRun, failureOf, idsOf, type Run, type RunEnd } from './run.ts';
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
  /** How long a default executor stays when all updates of its tasks are acknowledged. */
  readonly podLingerMs: number;
  /** The agent's IP address. */
  readonly ip: string;
  readonly mayRunAs: MayRunAs;
  readonly nowMs: () => number;
  readonly dispatch: (event: AgentEvent) => void;
  readonly warn: (text: string) => void;
}

const KILLED_STATUS = 9;

export class Runs {
  readonly #options: RunsOptions;
  readonly #kills: KillRecords;
  readonly #executors: BuiltinExecutors;
  readonly #runs = new Map<ContainerId, Run>();

  constructor(options: RunsOptions) {
    this.#options = options;
    this.#kills = new KillRecords(options.records, options.warn);
    this.#executors = new BuiltinExecutors({
      ...options,
      kills: this.#kills,
      launchOptions: (run, abort) => this.#launchOptions(run, abort),
      // A container that the executor never released is destroyed with it.
      end: (run) => void this.#finish(run, { waitStatus: 0 }),
    });
    options.containerizer.watch({
      onLimitation: (container, limitation) => this.#limit(container, limitation),
    });
  }

  /** Launches a container; `containerStarted` or `containerEnded` follows. */
  async launch(effect: LaunchExecutor): Promise<void> {
    const run = this.#add(effect, effect.resources);
    run.isPreparing = true;
    let container: Container | undefined;
    try {
      container = await this.#make(run, effect);
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
    if (container === undefined) {
      run.pod = this.#executors.pod(run, undefined);
    } else {
      this.#attach(run, container, undefined);
    }
    if (run.runner === undefined) {
      container?.release();
    }
    this.#options.dispatch({
      type: 'containerStarted',
      nowMs: this.#options.nowMs(),
      ...idsOf(run),
      processId: container?.processId,
      containerStatus: this.#options.containerizer.containerStatus(run.containerId),
    });
    run.pod?.subscribe();
    run.runner?.subscribe();
  }

  /** Returns undefined for a default executor, whose container has no command. */
  async #make(run: Run, effect: LaunchExecutor): Promise<Container | undefined> {
    const { containerizer } = this.#options;
    const request = executorRequest(effect);
    const options = this.#launchOptions(run, run.abort.signal);
    if (effect.builtin !== 'default') {
      return containerizer.launch(request, options);
    }
    await containerizer.launchEmpty(request, options);
    return undefined;
  }

  #launchOptions({ launch: { framework } }: Run, abort: AbortSignal): LaunchOptions {
    return { abort, mayRunAs: (user) => this.#options.mayRunAs(framework, user) };
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
      const container = await this.#options.containerizer.reattach(
        id,
        executorPlace(effect),
        resources,
      );
      await this.#options.containerizer.recoverNested(id);
      const resumption = {
        startedMs: records.supervisor(id)?.startedMs ?? this.#options.nowMs(),
        reported: tasks.flatMap(reportedStates),
        kill: this.#kills.of(id),
      };
      this.#attach(run, container, resumption);
      run.runner?.subscribe();
    } catch (error) {
      await this.#finish(run, failureOf(error));
    }
  }

  async #reattachPod(
    run: Run,
    effect: ReattachExecutor,
    tasks: readonly CheckpointedTask[],
  ): Promise<void> {
    const { containerizer, records, warn } = this.#options;
    await containerizer.reattachEmpty(run.containerId, executorPlace(effect), run.resources);
    const resumed = resumedTasks({
      parent: run.containerId,
      tasks,
      records,
      killOf: (container) => this.#kills.of(container),
      nowMs: this.#options.nowMs(),
      warn,
    });
    const pod = this.#executors.pod(run, resumed);
    run.pod = pod;
    for (const { container, task, isLaunched } of resumed) {
      if (isLaunched) {
        const place = taskPlace(container, task, executorPlace(effect));
        pod.adopt(await containerizer.reattach(container, place, place.resources));
      }
    }
    await containerizer.recoverNested(run.containerId);
    pod.subscribe();
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
      run.hasEnded = error instanceof GoneCgroupError;
      run.failed ??= {
        failure: `Failed to update resources for container: ${errorText(error)}`,
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

  /** Ends a run as if its executor had been killed. */
  kill(container: ContainerId): void {
    const run = this.#runs.get(container);
    if (run === undefined) {
      this.#options.containerizer.containers.destroy(container);
    } else if (!run.destroyed) {
      this.#destroy(run);
    }
  }

  #destroy(run: Run): void {
    run.destroyed = true;
    run.runner?.stop();
    if (run.pod !== undefined) {
      void run.pod.destroy().then(() => this.#finish(run, { waitStatus: KILLED_STATUS }));
      return;
    }
    const { containers } = this.#options.containerizer;
    run.awaited ??= this.#options.containerizer.awaited(run.containerId);
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
  async usage(container: ContainerId): Promise<ResourceStatistics | undefined> {
    const run = this.#runs.get(container);
    const { containerizer } = this.#options;
    if (run === undefined) {
      return undefined;
    }
    const nested = run.pod?.containers.map((it) => containerizer.usage(it, true)) ?? [];
    const [together, ...each] = await Promise.all([
      containerizer.usage(container, true),
      ...nested,
    ]);
    // What is measured of all of them together is more than the sum of those that are left.
    return statisticsOf({ ...sumOfUsage(each), ...together }, run, this.#options.nowMs());
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
    const run = createRun(effect, resources);
    this.#runs.set(run.containerId, run);
    return run;
  }

  #attach(run: Run, container: Container, resumption: Resumption | undefined): void {
    const { builtin, task } = run.launch;
    if (builtin !== undefined && task !== undefined) {
      run.runner = this.#executors.command(run, task, container, resumption);
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
    const failure = (await containers.gone(run.containerId))?.failure;
    if (failure !== undefined && run.hasEnded === true) {
      run.failed = { failure };
    }
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
      awaited: run.awaited,
    });
  }

  #forget(container: ContainerId): void {
    this.#options.containerizer.containers
      .forget(container)
      .catch((error: unknown) =>
        this.#options.warn(`Failed to remove a container's records: ${errorText(error)}`),
      );
  }
}
