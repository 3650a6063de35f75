// The performer of the agent's effects on containers, built-in executors, sandboxes and the
// checkpoint. It reports their outcomes to the agent as events.
import { randomInt } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { AgentCheckpoint, CheckpointedTask } from '../agent/checkpoint.ts';
import type {
  AttachContainer,
  Checkpoint,
  CollectGarbage,
  CreateVolume,
  DestroyContainer,
  KillContainer,
  LaunchContainer,
  LaunchExecutor,
  ListImages,
  PruneImages,
  PullImage,
  ReattachExecutor,
  RemoveContainer,
  ResizeContainer,
  WaitContainer,
} from '../agent/effects.ts';
import type { AgentEvent } from '../agent/events.ts';
import type { CheckpointRows } from '../checkpoint/database.ts';
import { bootOf, CheckpointStore, destroyedIn } from '../checkpoint/store.ts';
import { Containerizer, type ContainerizerOptions } from '../containerizer/containerizer.ts';
import { deleteDownloads } from '../containerizer/fetcher/fetcher.ts';
import { Users } from '../containerizer/host/users.ts';
import { type NetworkOptions, openNetworks } from '../containerizer/networks/open-networks.ts';
import { RunRecords } from '../containerizer/records/run-records.ts';
import { VolumeGids } from '../containerizer/volumes/volume-gids.ts';
import { Volumes } from '../containerizer/volumes/volumes.ts';
import { WorkDirectory } from '../containerizer/work-directory.ts';
import { errorText } from '../model/error-text.ts';
import type { Figures } from '../model/figures.ts';
import type {
  ContainerStatus,
  Resource,
  ResourceStatistics,
  Value_Range,
} from '../model/generated/messages.ts';
import type { ContainerId, RequestId } from '../model/ids.ts';
import { Random } from '../model/random.ts';
import type { VolumePlace } from '../model/volume-path.ts';
import { Attachments } from './attaching.ts';
import { ContainerCalls, type MayLaunchAs, type OtherContainer } from './container-calls.ts';
import { Garbage, type GarbageRules } from './garbage.ts';
import { ImageCalls } from './image-calls.ts';
import type { ExecutorRequests } from './in-process-transport.ts';
import { executorsOf, recoverCheckpoint } from './recovery.ts';
import { type MayRunAs, Runs } from './runs.ts';

/** What the containerizer is told of the machine, and of how it runs containers. */
type ContainerSettings = Pick<
  ContainerizerOptions,
  | 'programs'
  | 'host'
  | 'launcher'
  | 'containerizers'
  | 'ociRuntime'
  | 'isolation'
  | 'capabilities'
  | 'isolators'
  | 'logger'
  | 'fetching'
  | 'images'
  | 'secrets'
>;

export interface AgentDriverOptions extends ExecutorRequests, ContainerSettings {
  readonly workDirectory: string;
  /** The agent's IP address. */
  readonly ip: string;
  /** The agent's resources. */
  readonly resources?: readonly Resource[];
  /** Undefined: containers have the agent's network. */
  readonly networks?: NetworkOptions | undefined;
  /** The groups for volumes that containers of several users share; undefined: none. */
  readonly volumeGids?: readonly Value_Range[] | undefined;
  readonly garbage: GarbageRules;
  /** How long an executor has to shut down, unless its ExecutorInfo says so. */
  readonly shutdownGraceMs: number;
  /** How long a command executor stays after its task's terminal update. */
  readonly lingerMs: number;
  /** How long a default executor stays when all updates of its tasks are acknowledged. */
  readonly podLingerMs: number;
  readonly mayRunAs: MayRunAs;
  readonly mayLaunchAs: MayLaunchAs;
  /**
   * Whether state that cannot be recovered is an error. Otherwise it is ignored, and its containers
   * are killed.
   */
  readonly isStrict: boolean;
  readonly dispatch: (event: AgentEvent) => void;
  /** The time that events have. */
  readonly nowMs: () => number;
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
  | PruneImages
  | ListImages
  | PullImage
  | CollectGarbage
  | CreateVolume
  | Checkpoint;

/**
 * Less free space than this is a full disk: it is room for the records and sandboxes of a few
 * launches.
 */
const ENOUGH_BYTES = 1024 * 1024;
const LONGEST_CLOSE_MS = 3_000;

export class AgentDriver {
  readonly #options: AgentDriverOptions;
  readonly #records: RunRecords;
  readonly #volumes: Volumes;
  readonly #containerizer: Containerizer;
  readonly #store: CheckpointStore;
  readonly #garbage: Garbage;
  readonly #runs: Runs;
  readonly #calls: ContainerCalls;
  readonly #images: ImageCalls;
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
    this.#garbage = new Garbage({
      ...options.garbage,
      work: parts.work,
      containerizer: parts.containerizer,
      log: options.log,
    });
    this.#calls = new ContainerCalls(parts.containerizer, parts.records, {
      destroyRun: (id) => this.#runs.kill(id),
      mayLaunchAs: options.mayLaunchAs,
    });
    this.#images = new ImageCalls(parts.containerizer.images);
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
      podLingerMs: options.podLingerMs,
      mayRunAs: options.mayRunAs,
      nowMs: options.nowMs,
      dispatch: options.dispatch,
      warn: (text) => options.log('warn', text),
    });
  }

  /** Throws CheckpointError or ContainerizerError where the agent cannot work. */
  static async open(options: AgentDriverOptions): Promise<AgentDriver> {
    const { programs, volumeGids } = options;
    const warn = (text: string) => options.log('warn', text);
    const work = new WorkDirectory(options.workDirectory);
    const meddler = work.meddler();
    if (meddler !== undefined) {
      warn(`${meddler} can change what is in ${work.root}, and with it what root does`);
    }
    const records = new RunRecords(work, warn);
    const gids =
      volumeGids &&
      new VolumeGids({ meta: work.meta, ranges: volumeGids, users: new Users(), warn });
    const volumes = new Volumes(work, warn, gids);
    const networks = await openNetworks(options.networks, {
      work,
      programs: [...programs, work.meta],
      warn,
    });
    const containerizer = await Containerizer.open({
      ...options,
      work,
      records,
      volumes,
      programs: [...programs, work.meta],
      gids,
      networks,
      warn,
    });
    try {
      const closed = work.closedToTasks();
      if (closed !== undefined) {
        warn(
          `'${closed}' is closed to other users: tasks of theirs may not reach their sandboxes in ${work.root}`,
        );
      }
      const { store, rows, damages, doubt } = await CheckpointStore.open(work.database, {
        log: options.log,
        onStall: () => options.dispatch({ type: 'checkpointStalled', nowMs: options.nowMs() }),
        isStrict: options.isStrict,
        hasRuns: !records.isEmpty,
      });
      if (doubt !== undefined) {
        warn(doubt);
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
    const { isStrict, log } = this.#options;
    const { bootId } = this.#options.host;
    const recorded = await this.#records.listed();
    await this.#containerizer.recoverShared(recorded);
    const checkpoint = await recoverCheckpoint({
      rows,
      damages: this.#damages,
      database: this.#database,
      records: this.#records,
      recorded,
      containerizer: this.#containerizer,
      bootId,
      isStrict,
      log,
    });
    const executors = executorsOf(checkpoint);
    for (const { containerId, tasks } of executors) {
      this.#tasks.set(containerId, tasks);
    }
    const known = new Set<string>(executors.map(({ containerId }) => containerId));
    this.#garbage.adopt((container) => known.has(container) || this.#runs.has(container));
    const { resources = [] } = this.#options;
    const disks = [...resources, ...(checkpoint.agent?.resources ?? [])];
    for (const place of destroyedIn(rows)) {
      this.#destroyVolume(place);
    }
    void this.#volumes.destroyLeft(disks);
    const warn = (text: string) => log('warn', text);
    deleteDownloads(this.#downloads, warn).catch((error: unknown) =>
      warn(`Failed to look for unfinished downloads: ${errorText(error)}`),
    );
    this.#lookForRoom();
    if (bootOf(rows) !== bootId) {
      this.#store.storeBoot(bootId);
    }
    // The agent takes all of it in one step, which is to have a turn of the loop to itself.
    await nextTurn();
    return checkpoint;
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
          .then(() => this.#garbage.adoptBelow(effect.containerId, effect.sandbox));
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
      case 'pruneImages':
        void this.#images.prune(effect, this.#askerOf(effect));
        return;
      case 'listImages':
        void this.#images.list(effect, this.#askerOf(effect));
        return;
      case 'pullImage':
        void this.#images.pull(effect, this.#askerOf(effect));
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

  /** Metrics by Mesos's names. */
  metrics(): Figures {
    return { ...this.#garbage.metrics(), ...this.#containerizer.metrics() };
  }

  /** The resource usage of a container; undefined where it has ended or is not known. */
  async usage(container: ContainerId): Promise<ResourceStatistics | undefined> {
    return (await this.#runs.usage(container)) ?? this.#calls.usage(container, Date.now);
  }

  /** The name of the user that a container runs as; undefined where it is not known. */
  userOf(id: ContainerId): string | undefined {
    return this.#calls.userOf(id);
  }

  /** What is told of a container; undefined where it has ended or is not known. */
  containerStatus(id: ContainerId): ContainerStatus | undefined {
    return this.#calls.containerStatus(id);
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
    this.#garbage.close();
    await this.#containerizer.close();
    await this.#store.close();
  }

  #collectGarbage({ path, delayMs, volume }: CollectGarbage): void {
    if (volume === undefined) {
      this.#garbage.schedule(path, delayMs);
    } else {
      this.#destroyVolume({ path, kind: volume });
    }
  }

  #destroyVolume(place: VolumePlace): void {
    this.#volumes
      .destroy(place, () => this.#store.forgetDestroyed(place))
      .catch((error: unknown) =>
        this.#options.log(
          'error',
          `Failed to delete persistent volume '${place.path}': ${errorText(error)}`,
        ),
      );
  }

  /** A failure is only logged: a task that asks for the volume will fail with the reason. */
  #createVolume(place: CreateVolume): void {
    try {
      this.#volumes.create(place);
    } catch (error) {
      this.#options.log(
        'error',
        `Failed to create persistent volume '${place.path}': ${errorText(error)}`,
      );
    }
  }

  #checkpoint({ transaction, changes }: Checkpoint): void {
    this.#store.store(changes, (error) => {
      this.#options.dispatch({
        type: 'checkpointed',
        nowMs: this.#options.nowMs(),
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
