// The performer of the agent's effects on containers, built-in executors, sandboxes and the
// checkpoint. It reports their outcomes to the agent as events.
import { randomInt } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentCheckpoint, BuiltinExecutor, CheckpointedTask } from '../agent/checkpoint.ts';
import type {
  AttachContainer,
  Checkpoint,
  CollectGarbage,
  CreateVolume,
  DestroyContainer,
  KillContainer,
  LaunchContainer,
  LaunchExecutor,
  ReattachExecutor,
  RemoveContainer,
  ResizeContainer,
  WaitContainer,
} from '../agent/effects.ts';
import type { AgentEvent } from '../agent/events.ts';
import { type CheckpointRows, damageError } from '../checkpoint/database.ts';
import {
  bootOf,
  CheckpointStore,
  checkpointOf,
  gapsIn,
  isForgetting,
  type RunState,
} from '../checkpoint/store.ts';
import { Containerizer } from '../containerizer/containerizer.ts';
import type { FetchOptions } from '../containerizer/fetcher/fetcher.ts';
import { deleteDownloads } from '../containerizer/fetcher/fetcher.ts';
import type { Host } from '../containerizer/host/host.ts';
import type { IsolatorOptions } from '../containerizer/isolators/isolators.ts';
import type { LauncherName } from '../containerizer/launchers/names.ts';
import type { CapabilityDefaults } from '../containerizer/plan/capabilities.ts';
import type { ContainerLogger } from '../containerizer/plan/container-logger.ts';
import { RunRecords } from '../containerizer/records/run-records.ts';
import { DiskPressure, type GarbagePolicy } from '../containerizer/sandboxes/disk-pressure.ts';
import { GarbageCollector, type Left } from '../containerizer/sandboxes/garbage-collector.ts';
import { Volumes } from '../containerizer/volumes/volumes.ts';
import { WorkDirectory } from '../containerizer/work-directory.ts';
import { childOf } from '../model/container-id.ts';
import type { Resource, ResourceStatistics } from '../model/generated/messages.ts';
import type { ContainerId, RequestId } from '../model/ids.ts';
import { Random } from '../model/random.ts';
import { Attachments } from './attaching.ts';
import { ContainerCalls, type OtherContainer } from './container-calls.ts';
import type { ExecutorRequests } from './in-process-transport.ts';
import { endOrphans } from './orphans.ts';
import { type MayRunAs, Runs } from './runs.ts';

export interface AgentDriverOptions extends ExecutorRequests {
  readonly workDirectory: string;
  /** Folders that may contain the supervisor program. */
  readonly programs: readonly string[];
  /** The agent's IP address. */
  readonly ip: string;
  /** The agent's resources. */
  readonly resources?: readonly Resource[];
  /** The capabilities of this machine. */
  readonly host: Host;
  readonly launcher: LauncherName;
  /** Of the launcher linux: the path of the OCI runtime; undefined: one that is found. */
  readonly ociRuntime?: string | undefined;
  /** Names of isolators, as in `--isolation`. */
  readonly isolation: readonly string[];
  /** Of the isolator linux/capabilities. */
  readonly capabilities?: CapabilityDefaults | undefined;
  /** Of the isolators of disks. */
  readonly isolators?: IsolatorOptions | undefined;
  /** What keeps the output of containers; undefined: plain files. */
  readonly logger?: ContainerLogger | undefined;
  readonly fetching?: FetchOptions | undefined;
  readonly garbage: {
    /** How long sandboxes of ended runs are kept. */
    readonly policy: GarbagePolicy;
    /** The time between two looks at how full the disk is. */
    readonly diskWatchIntervalMs: number;
    /** Whether also those of containers go that are no executor's, while their parents run on. */
    readonly isForAll: boolean;
  };
  /** How long an executor has to shut down, unless its ExecutorInfo says so. */
  readonly shutdownGraceMs: number;
  /** How long a command executor stays after its task's terminal update. */
  readonly lingerMs: number;
  readonly mayRunAs: MayRunAs;
  /**
   * Whether state that cannot be recovered is an error. Otherwise it is ignored, and its containers
   * are killed.
   */
  readonly isStrict: boolean;
  readonly dispatch: (event: AgentEvent) => void;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

export type DriverEffect =
  | LaunchExecutor
  | ReattachExecutor
  | ResizeContainer
  | DestroyContainer
  | AttachContainer
  | LaunchContainer
  | WaitContainer
  | KillContainer
  | RemoveContainer
  | CollectGarbage
  | CreateVolume
  | Checkpoint;

/**
 * Less free space than this is a full disk: it is room for the records and sandboxes of a few
 * launches.
 */
const ENOUGH_BYTES = 1024 * 1024;
const LONGEST_CLOSE_MS = 5_000;

export class AgentDriver {
  readonly #options: AgentDriverOptions;
  readonly #records: RunRecords;
  readonly #volumes: Volumes;
  readonly #containerizer: Containerizer;
  readonly #store: CheckpointStore;
  readonly #garbage: GarbageCollector;
  readonly #pressure: DiskPressure;
  readonly #runs: Runs;
  readonly #calls: ContainerCalls;
  readonly #attachments: Attachments;
  /**
   * The tasks of executors in the checkpoint; each entry is used when its container is reattached.
   */
  readonly #tasks = new Map<ContainerId, readonly CheckpointedTask[]>();
  readonly #downloads: string;
  #rows: CheckpointRows | undefined;
  readonly #damages: number;
  readonly #database: string;

  private constructor(
    options: AgentDriverOptions,
    parts: {
      readonly work: WorkDirectory;
      readonly records: RunRecords;
      readonly volumes: Volumes;
      readonly containerizer: Containerizer;
      readonly store: CheckpointStore;
      readonly rows: CheckpointRows;
      readonly damages: readonly string[];
    },
  ) {
    this.#options = options;
    this.#records = parts.records;
    this.#volumes = parts.volumes;
    this.#containerizer = parts.containerizer;
    this.#store = parts.store;
    this.#rows = parts.rows;
    this.#damages = parts.damages.length;
    this.#database = parts.work.database;
    this.#downloads = parts.work.downloads;
    this.#garbage = new GarbageCollector(parts.work, (error) =>
      options.log('warn', `Failed to delete a sandbox: ${textOf(error)}`),
    );
    if (options.garbage.isForAll) {
      const { delayMs } = options.garbage.policy;
      parts.containerizer.watch({
        onSandboxLeft: (id, place) => this.#garbage.scheduleBelow(place, delayMs, this.#leftOf(id)),
      });
    }
    this.#pressure = new DiskPressure({
      policy: options.garbage.policy,
      intervalMs: options.garbage.diskWatchIntervalMs,
      folder: parts.work.root,
      garbage: this.#garbage,
      log: options.log,
    });
    this.#calls = new ContainerCalls(parts.containerizer, parts.records);
    this.#attachments = new Attachments(parts.records);
    this.#runs = new Runs({
      requests: options.requests,
      streams: options.streams,
      records: parts.records,
      containerizer: parts.containerizer,
      random: new Random(randomInt(2 ** 48 - 1)),
      ip: options.ip,
      shutdownGraceMs: options.shutdownGraceMs,
      lingerMs: options.lingerMs,
      mayRunAs: options.mayRunAs,
      nowMs: Date.now,
      dispatch: options.dispatch,
      warn: (text) => options.log('warn', text),
    });
  }

  /** Throws CheckpointError or ContainerizerError where the agent cannot work. */
  static async open(options: AgentDriverOptions): Promise<AgentDriver> {
    const work = new WorkDirectory(options.workDirectory);
    const meddler = work.meddler();
    if (meddler !== undefined) {
      options.log(
        'warn',
        `${meddler} can change what is in ${work.root}, and with it what root does`,
      );
    }
    const { programs, host, launcher, isolation, capabilities, isolators, logger, fetching } =
      options;
    const { ociRuntime } = options;
    const warn = (text: string) => options.log('warn', text);
    const records = new RunRecords(work, warn);
    const volumes = new Volumes(work, warn);
    const containerizer = await Containerizer.open({
      work,
      records,
      volumes,
      programs: [...programs, work.meta],
      host,
      launcher,
      ociRuntime,
      isolation,
      capabilities,
      isolators,
      logger,
      fetching,
      warn,
    });
    try {
      const closed = work.closedToTasks();
      if (closed !== undefined) {
        options.log(
          'warn',
          `'${closed}' is closed to other users: tasks of theirs may not reach their sandboxes in ${work.root}`,
        );
      }
      const { store, rows, damages, doubt } = await CheckpointStore.open(work.database, {
        log: options.log,
        onStall: () => options.dispatch({ type: 'checkpointStalled', nowMs: Date.now() }),
        isStrict: options.isStrict,
        hasRuns: records.all().length > 0,
      });
      if (doubt !== undefined) {
        options.log('warn', doubt);
      }
      for (const damage of damages) {
        options.log('error', `Going on without what is lost: ${damage}`);
      }
      return new AgentDriver(options, {
        work,
        records,
        volumes,
        containerizer,
        store,
        rows,
        damages,
      });
    } catch (error) {
      await containerizer.close();
      throw error;
    }
  }

  /**
   * Reads the checkpoint of an earlier agent. First kills containers that the checkpoint does not
   * know; throws CheckpointError where their presence shows that the checkpoint lost data.
   */
  async recover(): Promise<AgentCheckpoint> {
    const rows = this.#rows;
    if (rows === undefined) {
      throw new Error('The agent recovers once');
    }
    this.#rows = undefined;
    const lastBoot = bootOf(rows);
    const gaps = gapsIn(rows);
    for (const gap of gaps) {
      if (this.#options.isStrict) {
        throw damageError(`in '${this.#database}' ${gap}`, this.#database);
      }
      this.#options.log('error', `Going on without what is lost: in the checkpoint ${gap}`);
    }
    const found = checkpointOf(rows, (container, builtin) => this.#stateOf(container, builtin));
    // A framework cannot go on without the agent's id.
    const checkpoint = found.agent === undefined ? { ...found, frameworks: [] } : found;
    const executors = checkpoint.frameworks.flatMap((framework) => framework.executors);
    const known = new Set(executors.map((executor) => executor.containerId));
    for (const executor of executors) {
      this.#tasks.set(executor.containerId, executor.tasks);
    }
    const killed = await endOrphans({
      records: this.#records,
      containerizer: this.#containerizer,
      database: this.#database,
      known,
      isForgetting: isForgetting(rows),
      isStrict: this.#options.isStrict,
      log: this.#options.log,
    });
    const ended = executors.filter(({ alive }) => !alive);
    await Promise.all(
      ended.map(({ containerId }) => this.#containerizer.destroyNested(containerId)),
    );
    await this.#containerizer.recoverCalled();
    this.#adoptGarbage(known);
    const { resources = [] } = this.#options;
    const disks = [...resources, ...(checkpoint.agent?.resources ?? [])];
    void this.#volumes.destroyLeft(disks);
    const warn = (text: string) => this.#options.log('warn', text);
    deleteDownloads(this.#downloads, warn).catch((error: unknown) =>
      warn(`Failed to look for unfinished downloads: ${textOf(error)}`),
    );
    this.#lookForRoom();
    const { bootId } = this.#options.host;
    if (lastBoot !== bootId) {
      this.#store.storeBoot(bootId);
    }
    return {
      ...checkpoint,
      rebooted: lastBoot !== undefined && lastBoot !== bootId,
      errors: this.#damages + gaps.length + killed,
    };
  }

  #lookForRoom(): void {
    const { bavail, bsize } = statfsSync(this.#options.workDirectory);
    if (bavail * bsize < ENOUGH_BYTES) {
      this.#options.log(
        'warn',
        `The disk of '${this.#options.workDirectory}' is full: nothing can be launched until there is ` +
          'room again',
      );
    }
  }

  perform(effect: DriverEffect): void {
    switch (effect.type) {
      case 'launchExecutor':
        void this.#runs.launch(effect);
        return;
      case 'reattachExecutor':
        // Not before it is known which of the containers in this one go on.
        void this.#runs
          .reattach(effect, this.#tasks.get(effect.containerId) ?? [])
          .then(() => this.#adoptGarbageBelow(effect));
        this.#tasks.delete(effect.containerId);
        return;
      case 'resizeContainer':
        this.#runs.resize(effect);
        return;
      case 'destroyContainer':
        this.#runs.destroy(effect);
        return;
      case 'attachContainer':
        void this.#attachments.attach(effect, this.#askerOf(effect));
        return;
      case 'launchContainer':
        void this.#calls.launch(effect, this.#askerOf(effect));
        return;
      case 'waitContainer':
        this.#calls.wait(effect, this.#askerOf(effect));
        return;
      case 'killContainer':
        this.#calls.kill(effect, this.#askerOf(effect));
        return;
      case 'removeContainer':
        void this.#calls.remove(effect, this.#askerOf(effect));
        return;
      case 'collectGarbage':
        this.#collectGarbage(effect);
        return;
      case 'createVolume':
        this.#createVolume(effect);
        return;
      case 'checkpoint':
        this.#checkpoint(effect);
        return;
      default:
        effect satisfies never;
    }
  }

  #askerOf({ request }: { readonly request: RequestId }) {
    return this.#options.requests.take(request);
  }

  /**
   * Metrics by Mesos's names. The fetcher's cache has no size: files are fetched again for each
   * container.
   */
  metrics(): Record<string, number> {
    const { fetched, notFetched, notDestroyed } = this.#containerizer.counts;
    const { succeeded, failed } = this.#garbage.removals;
    return {
      'containerizer/fetcher/task_fetches_succeeded': fetched,
      'containerizer/fetcher/task_fetches_failed': notFetched,
      'containerizer/fetcher/cache_size_total_bytes': 0,
      'containerizer/fetcher/cache_size_used_bytes': 0,
      'containerizer/mesos/container_destroy_errors': notDestroyed,
      'gc/path_removals_pending': this.#garbage.pending,
      'gc/path_removals_succeeded': succeeded,
      'gc/path_removals_failed': failed,
      ...this.#containerizer.metrics(),
      'slave/executor_directory_max_allowed_age_secs': this.#pressure.maxAgeMs / 1000,
    };
  }

  /** The resource usage of a container; undefined where it has ended or is not known. */
  usage(container: ContainerId): ResourceStatistics | undefined {
    return this.#runs.usage(container) ?? this.#calls.usage(container, Date.now());
  }

  /** The name of the user that a container runs as; undefined where it is not known. */
  userOf(id: ContainerId): string | undefined {
    return this.#calls.userOf(id);
  }

  /** The containers that are no executor's, and have not ended. */
  otherContainers(): OtherContainer[] {
    return this.#calls.all();
  }

  /**
   * Stops watching containers. They keep running, except those that are being destroyed, and all
   * waiting checkpoint changes are written.
   */
  async close(): Promise<void> {
    // A process that hangs in the kernel is not awaited for longer: its supervisor stays with it.
    const bound = delay(LONGEST_CLOSE_MS, undefined, { ref: false });
    const works = [...this.#runs.stop(), this.#volumes.settled()];
    const ended = Promise.all(works).then(() => this.#containerizer.containers.settled());
    await Promise.race([ended, bound]);
    this.#pressure.close();
    this.#garbage.close();
    await this.#containerizer.close();
    await this.#store.close();
  }

  #collectGarbage({ path, delayMs, volume }: CollectGarbage): void {
    if (volume === undefined) {
      this.#garbage.schedule(path, delayMs);
    } else {
      void this.#volumes
        .destroy({ path, kind: volume })
        .catch((error: unknown) =>
          this.#options.log(
            'error',
            `Failed to delete persistent volume '${path}': ${textOf(error)}`,
          ),
        );
    }
  }

  /** A failure is only logged: a task that asks for the volume will fail with the reason. */
  #createVolume(place: CreateVolume): void {
    try {
      this.#volumes.create(place);
    } catch (error) {
      this.#options.log(
        'error',
        `Failed to create persistent volume '${place.path}': ${textOf(error)}`,
      );
    }
  }

  /** Runs in the background: there may be a week's sandboxes to look at. */
  #adoptGarbage(known: ReadonlySet<string>): void {
    const inUse = (container: string) => known.has(container) || this.#runs.has(container);
    this.#garbage
      .adopt(inUse, this.#options.garbage.policy.delayMs, Date.now())
      .catch((error: unknown) =>
        this.#options.log('warn', `Failed to look for old sandboxes: ${String(error)}`),
      );
  }

  #isLive(container: ContainerId): boolean {
    return (this.#containerizer.containers.get(container)?.state ?? 'ended') !== 'ended';
  }

  #leftOf(id: ContainerId): Left {
    const { containers } = this.#containerizer;
    return {
      spare: () => this.#isLive(id),
      alone: (sweep) => containers.whileGone(id, sweep),
    };
  }

  /** What containers that an earlier agent saw ending have left in one that goes on. */
  #adoptGarbageBelow({ containerId: id, sandbox }: ReattachExecutor): void {
    const { isForAll, policy } = this.#options.garbage;
    if (isForAll) {
      this.#garbage
        .adoptBelow(sandbox, policy.delayMs, (name) => this.#leftOf(childOf(id, name)))
        .catch((error: unknown) =>
          this.#options.log('warn', `Failed to look for old sandboxes: ${String(error)}`),
        );
    }
  }

  /**
   * A built-in executor counts as alive until it has reported the end of its task, even if the
   * task's process has ended.
   */
  #stateOf(container: ContainerId, builtin: BuiltinExecutor | undefined): RunState {
    if (builtin === 'default') {
      return { alive: this.#containerizer.isOpen(container) };
    }
    const { alive, processId, waitStatus, failure } = this.#containerizer.inspect(container);
    const canReport = builtin !== undefined && (waitStatus !== undefined || failure !== undefined);
    return { alive: alive || canReport, processId, waitStatus };
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
          if (change.type === 'executorCompleted') {
            this.#runs.completed(change.containerId);
          }
        }
      }
    });
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
