// The agent's hands: carries out those effects of the agent that concern containers, built-in
// executors, sandboxes and the checkpoint, and tells the agent what came of them.
//
// A built-in executor lives in the agent's own process, but for the agent it is an executor like
// any other: it has a stream, makes calls, gets events. The ids of its stream and requests begin
// with a prefix of their own, by which the agent's program tells whose they are.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentCheckpoint, CheckpointChange } from '../agent/checkpoint.ts';
import type {
  AgentEffect,
  Checkpoint,
  CloseStream,
  CollectGarbage,
  DestroyContainer,
  LaunchExecutor,
  OpenStream,
  ReattachExecutor,
  Reply,
  ResizeContainer,
  SendToExecutor,
} from '../agent/effects.ts';
import type { AgentEvent } from '../agent/events.ts';
import type { CheckpointRows } from '../containerizer/checkpoint-database.ts';
import {
  bootOf,
  CheckpointStore,
  checkpointOf,
  type RunState,
} from '../containerizer/checkpoint-store.ts';
import type { Container, ContainerEnd } from '../containerizer/containerizer.ts';
import { Containerizer } from '../containerizer/containerizer.ts';
import { ContainerizerError } from '../containerizer/containerizer-error.ts';
import { GarbageCollector } from '../containerizer/garbage-collector.ts';
import { bootId } from '../containerizer/process-table.ts';
import { WorkDirectory } from '../containerizer/work-directory.ts';
import type {
  CommandInfo,
  Resource,
  ResourceStatistics,
  TaskState,
} from '../model/generated/messages.ts';
import { ExecutorCall_Type } from '../model/generated/messages.ts';
import {
  type ContainerId,
  type ExecutorId,
  executorId,
  type FrameworkId,
  frameworkId,
  type RequestId,
  requestId,
  type StreamId,
  streamId,
} from '../model/ids.ts';
import { Random } from '../model/random.ts';
import type { Resumption } from './command.ts';
import { CommandRunner, rememberedKill } from './command-runner.ts';
import { statisticsOf } from './statistics.ts';

export interface AgentHandsOptions {
  readonly workDirectory: string;
  /** Folders in which the supervisor program is looked for, and made. */
  readonly programs: readonly string[];
  /** Name of the cgroup below the agent's own for containers; absent: without cgroups. */
  readonly cgroup?: string | undefined;
  /** How long sandboxes that an earlier agent has left are kept. */
  readonly gcDelayMs: number;
  /** How long a shut-down executor has, where it does not say so itself. */
  readonly shutdownGraceMs: number;
  readonly dispatch: (event: AgentEvent) => void;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

export type HandsEffect =
  | LaunchExecutor
  | ReattachExecutor
  | ResizeContainer
  | DestroyContainer
  | CollectGarbage
  | Checkpoint
  | SendToExecutor
  | CloseStream
  | Reply
  | OpenStream;

/** A container that the agent has asked for and has not been told the end of. */
interface Run {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
  readonly launch: LaunchExecutor | ReattachExecutor;
  readonly abort: AbortController;
  resources: readonly Resource[];
  container?: Container;
  runner?: CommandRunner;
  stream?: StreamId;
  destroyed: boolean;
  /** The agent need not remember it any more, so neither need its records stay. */
  completed: boolean;
}

const ownPrefix = 'builtin-';
const killedStatus = 9;
const longestCloseMs = 5_000;

export class AgentHands {
  readonly #options: AgentHandsOptions;
  readonly #work: WorkDirectory;
  readonly #containerizer: Containerizer;
  readonly #store: CheckpointStore;
  readonly #garbage: GarbageCollector;
  readonly #runs = new Map<ContainerId, Run>();
  readonly #streams = new Map<StreamId, Run>();
  readonly #random = new Random(randomInt(2 ** 48 - 1));
  /** States on record for the tasks of built-in executors, until they are reattached. */
  readonly #reported = new Map<ContainerId, readonly TaskState[]>();
  #rows: CheckpointRows | undefined;
  #lastId = 0;

  private constructor(
    options: AgentHandsOptions,
    parts: {
      readonly work: WorkDirectory;
      readonly containerizer: Containerizer;
      readonly store: CheckpointStore;
      readonly rows: CheckpointRows;
    },
  ) {
    this.#options = options;
    this.#work = parts.work;
    this.#containerizer = parts.containerizer;
    this.#store = parts.store;
    this.#rows = parts.rows;
    this.#garbage = new GarbageCollector(parts.work, (error) =>
      options.log('warn', `Failed to delete a sandbox: ${error.message}`),
    );
  }

  /** Throws CheckpointError or ContainerizerError where the agent cannot work. */
  static async open(options: AgentHandsOptions): Promise<AgentHands> {
    const work = new WorkDirectory(options.workDirectory);
    const { programs, cgroup } = options;
    const containerizer = await Containerizer.open({
      work,
      programs: [...programs, work.meta],
      cgroup,
      warn: (text) => options.log('warn', text),
    });
    try {
      const { store, rows } = await CheckpointStore.open(work.database);
      return new AgentHands(options, { work, containerizer, store, rows });
    } catch (error) {
      await containerizer.close();
      throw error;
    }
  }

  /** What an earlier agent has left. Containers that it did not write down are killed first. */
  async recover(): Promise<AgentCheckpoint> {
    const rows = this.#rows;
    if (rows === undefined) {
      throw new Error('The agent recovers once');
    }
    this.#rows = undefined;
    const lastBoot = bootOf(rows);
    const checkpoint = checkpointOf(rows, (container, builtin) =>
      this.#stateOf(container, builtin !== undefined),
    );
    const executors = checkpoint.frameworks.flatMap((framework) => framework.executors);
    const known = new Set(executors.map((executor) => executor.containerId));
    for (const executor of executors) {
      const updates = executor.tasks.flatMap((task) => task.updates);
      this.#reported.set(
        executor.containerId,
        updates.map((update) => update.status.state),
      );
    }
    const orphans = this.#containerizer.records.all().filter((container) => !known.has(container));
    await Promise.all(orphans.map((container) => this.#containerizer.destroyOrphan(container)));
    await this.#garbage.adopt(known, this.#options.gcDelayMs, Date.now());
    this.#store.storeBoot(bootId());
    return { ...checkpoint, rebooted: lastBoot !== undefined && lastBoot !== bootId() };
  }

  /** Whether an effect is for these hands. */
  owns(effect: AgentEffect): effect is HandsEffect {
    switch (effect.type) {
      case 'launchExecutor':
      case 'reattachExecutor':
      case 'resizeContainer':
      case 'destroyContainer':
      case 'collectGarbage':
      case 'checkpoint':
        return true;
      case 'reply':
      case 'openStream':
        return effect.request.startsWith(ownPrefix);
      case 'sendToExecutor':
      case 'closeStream':
        return effect.stream.startsWith(ownPrefix);
      default:
        return false;
    }
  }

  perform(effect: HandsEffect): void {
    switch (effect.type) {
      case 'launchExecutor':
        void this.#launch(effect);
        return;
      case 'reattachExecutor':
        void this.#reattach(effect);
        return;
      case 'resizeContainer': {
        const run = this.#runs.get(effect.containerId);
        if (run !== undefined) {
          run.resources = effect.resources;
        }
        return;
      }
      case 'destroyContainer':
        this.#destroy(effect);
        return;
      case 'collectGarbage':
        this.#garbage.schedule(effect.path, effect.delayMs);
        return;
      case 'checkpoint':
        this.#checkpoint(effect);
        return;
      case 'sendToExecutor':
        this.#streams.get(effect.stream)?.runner?.receive(effect.event);
        return;
      case 'closeStream':
        this.#streams.delete(effect.stream);
        return;
      case 'reply':
        if (effect.status >= 400) {
          this.#options.log('warn', `The agent refuses a built-in executor: ${effect.text ?? ''}`);
        }
        return;
      case 'openStream':
        return;
    }
  }

  /** What a container uses; undefined for one that has ended or is not known. */
  usage(container: ContainerId): ResourceStatistics | undefined {
    const run = this.#runs.get(container);
    const usage = run && this.#containerizer.usage(container);
    return run && usage && statisticsOf(usage, run.resources, Date.now());
  }

  /**
   * Stops watching; containers run on, but for those whose end was asked for, and what was to be
   * stored is stored.
   */
  async close(): Promise<void> {
    const runs = [...this.#runs.values()];
    for (const run of runs) {
      run.abort.abort();
      run.runner?.stop();
    }
    const ending = runs.filter((run) => run.destroyed).map((run) => run.container?.ended);
    // What hangs in the kernel ends when it can: its supervisor stays with it.
    const bound = delay(longestCloseMs, undefined, { ref: false });
    await Promise.race([Promise.all(ending), bound]);
    this.#runs.clear();
    this.#garbage.close();
    await this.#containerizer.close();
    await this.#store.close();
  }

  /** The task of a built-in counts as alive as long as its end is still to be reported by it. */
  #stateOf(container: ContainerId, isBuiltin: boolean): RunState {
    const { alive, processId, waitStatus, failure } = this.#containerizer.inspect(container);
    const canReport = isBuiltin && (waitStatus !== undefined || failure !== undefined);
    return { alive: alive || canReport, processId, waitStatus };
  }

  async #launch(effect: LaunchExecutor): Promise<void> {
    const run = this.#add(effect, effect.resources);
    let container: Container;
    try {
      container = await this.#containerizer.launch(
        {
          id: effect.containerId,
          sandbox: effect.sandbox,
          user: effect.user,
          environment: environmentOf(effect),
          command: commandOf(effect),
          // Mesos's executors leave with their agent where their framework does not checkpoint.
          isBound: effect.framework.checkpoint !== true,
        },
        run.abort.signal,
      );
    } catch (error) {
      this.#finish(run, run.destroyed ? {} : { failure: textOf(error) });
      return;
    }
    if (run.destroyed) {
      container.destroy();
      await container.ended;
      this.#finish(run, {});
      return;
    }
    this.#attach(run, container, undefined);
    if (effect.builtin === undefined) {
      container.release();
    }
    this.#options.dispatch({
      type: 'containerStarted',
      nowMs: Date.now(),
      ...idsOf(run),
      processId: container.processId,
    });
    this.#subscribe(run);
  }

  async #reattach(effect: ReattachExecutor): Promise<void> {
    const { executor, task, containerId: id } = effect;
    const run = this.#add(effect, [...(executor.resources ?? []), ...(task?.resources ?? [])]);
    const record = this.#containerizer.records.supervisor(id);
    try {
      const container = await this.#containerizer.reattach(id, effect.sandbox);
      const resumption = {
        startedMs: record?.startedMs ?? Date.now(),
        reported: this.#reported.get(id) ?? [],
        kill: rememberedKill(this.#killPath(id)),
      };
      this.#reported.delete(id);
      this.#attach(run, container, resumption);
      this.#subscribe(run);
    } catch (error) {
      this.#finish(run, { failure: textOf(error) });
    }
  }

  #add(effect: LaunchExecutor | ReattachExecutor, resources: readonly Resource[]): Run {
    const run: Run = {
      frameworkId: frameworkId(effect.framework.id?.value ?? ''),
      executorId: executorId(effect.executor.executor_id.value),
      containerId: effect.containerId,
      launch: effect,
      abort: new AbortController(),
      resources,
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
        containerizer: this.#containerizer,
        command: {
          frameworkId: run.frameworkId,
          executorId: run.executorId,
          task,
          shutdownGraceMs: this.#shutdownGraceMs(run.launch),
          random: this.#random,
          resumption,
        },
        killPath: this.#killPath(run.containerId),
        nowMs: Date.now,
        call: (call) => {
          const request = this.#newRequest();
          this.#options.dispatch({ type: 'executorCall', nowMs: Date.now(), request, call });
        },
        end: () => void this.#endBuiltin(run, container),
      });
    }
    if (run.destroyed) {
      container.destroy();
    }
    void container.ended.then((end) => this.#containerEnded(run, end));
  }

  #subscribe(run: Run): void {
    if (run.runner === undefined) {
      return;
    }
    const stream = streamId(`${ownPrefix}${++this.#lastId}`);
    run.stream = stream;
    this.#streams.set(stream, run);
    this.#options.dispatch({
      type: 'executorSubscribe',
      nowMs: Date.now(),
      request: this.#newRequest(),
      stream,
      call: {
        type: ExecutorCall_Type.SUBSCRIBE,
        framework_id: { value: run.frameworkId },
        executor_id: { value: run.executorId },
        subscribe: {},
      },
    });
  }

  #containerEnded(run: Run, end: ContainerEnd): void {
    if (run.destroyed) {
      this.#finish(run, { waitStatus: end.waitStatus ?? killedStatus });
    } else if (run.runner === undefined) {
      this.#finish(run, end);
    } else {
      run.runner.ended(end.waitStatus, end.failure);
    }
  }

  /** The executor has nothing more to do; what it may still hold (never launched) goes with it. */
  async #endBuiltin(run: Run, container: Container): Promise<void> {
    container.destroy();
    await container.ended;
    this.#finish(run, { waitStatus: 0 });
  }

  #destroy(effect: DestroyContainer): void {
    const run = this.#runs.get(effect.containerId);
    if (run === undefined) {
      const { frameworkId, executorId, containerId } = effect;
      this.#options.dispatch({
        type: 'containerEnded',
        nowMs: Date.now(),
        frameworkId,
        executorId,
        containerId,
      });
      return;
    }
    run.destroyed = true;
    run.runner?.stop();
    run.abort.abort();
    const container = run.container;
    if (container !== undefined) {
      container.destroy();
      // It may have ended before, with only its executor left to end.
      void container.ended.then(() => this.#finish(run, { waitStatus: killedStatus }));
    }
  }

  #finish(run: Run, end: ContainerEnd): void {
    if (this.#runs.get(run.containerId) !== run) {
      return;
    }
    this.#runs.delete(run.containerId);
    run.runner?.stop();
    if (run.stream !== undefined) {
      this.#streams.delete(run.stream);
    }
    if (run.completed) {
      this.#forget(run.containerId);
    }
    this.#options.dispatch({
      type: 'containerEnded',
      nowMs: Date.now(),
      ...idsOf(run),
      waitStatus: end.waitStatus,
      failure: end.failure,
    });
  }

  #checkpoint({ transaction, changes }: Checkpoint): void {
    this.#store.store(changes, (error) => {
      this.#options.dispatch({
        type: 'checkpointed',
        nowMs: Date.now(),
        transaction,
        error: error?.message,
      });
      if (error === undefined) {
        for (const change of changes) {
          this.#completed(change);
        }
      }
    });
  }

  /** Once it is durable that a run is over, its supervisor's records may go. */
  #completed(change: CheckpointChange): void {
    if (change.type !== 'executorCompleted') {
      return;
    }
    const run = this.#runs.get(change.containerId);
    if (run === undefined) {
      this.#forget(change.containerId);
    } else {
      run.completed = true;
    }
  }

  #forget(container: ContainerId): void {
    this.#containerizer
      .forget(container)
      .catch((error: unknown) =>
        this.#options.log('warn', `Failed to remove a container's records: ${textOf(error)}`),
      );
  }

  #newRequest(): RequestId {
    return requestId(`${ownPrefix}${++this.#lastId}`);
  }

  #killPath(container: ContainerId): string {
    return join(this.#work.run(container), 'killing');
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

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function commandOf({ command, executor, task }: LaunchExecutor): CommandInfo {
  const found = command ?? task?.command ?? executor.command;
  if (found === undefined) {
    throw new ContainerizerError('There is no command to launch');
  }
  return found;
}

/** The task's role is told to its command as the executor's is to an executor. */
function environmentOf({ environment, builtin, task }: LaunchExecutor): Record<string, string> {
  const role = task?.resources?.[0]?.allocation_info?.role;
  return builtin !== undefined && role !== undefined
    ? { ...environment, MESOS_ALLOCATION_ROLE: role }
    : { ...environment };
}
