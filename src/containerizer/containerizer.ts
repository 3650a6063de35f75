// The lifecycle of containers from launch to removal: it joins sandboxes, isolators, the fetcher
// and a launcher, and keeps the records by which a later agent finds a container again.

import type { Figures } from '../model/figures.ts';
import type {
  CommandInfo,
  ContainerStatus,
  Resource,
  ResourceStatistics,
} from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import { timerDelay } from '../model/timer-delay.ts';
import { awaited } from './awaited.ts';
import { applySettings, sweepCgroup } from './cgroups/cgroups.ts';
import { Placements } from './cgroups/placements.ts';
import { ContainerizerError } from './containerizer-error.ts';
import { Containers } from './containers.ts';
import { DEFAULT_FETCH_OPTIONS, Fetcher, type FetchOptions } from './fetcher/fetcher.ts';
import type { Host } from './host/host.ts';
import { Users } from './host/users.ts';
import { ephemeralFolders } from './images/container-roots.ts';
import { type ImageCalls, withSecrets } from './images/image-calls.ts';
import { LeftRoots } from './images/left-roots.ts';
import type { Provisioner } from './images/provisioner.ts';
import { DEFAULT_CGROUP_OPTIONS } from './isolators/cgroup-options.ts';
import { Cleaners } from './isolators/cleaners.ts';
import { dockerIsolators } from './isolators/docker-isolators.ts';
import type { Isolator, LaunchedContainer, MeasuredContainer } from './isolators/isolator.ts';
import { IsolatorSets } from './isolators/isolator-sets.ts';
import {
  createIsolators,
  type IsolatorOptions,
  type IsolatorParts,
  isolatorOnceUsed,
} from './isolators/isolators.ts';
import { type ContainerizerCounts, type LaunchOptions, LaunchSteps } from './launch-steps.ts';
import type { Container, ContainerUsage, Inspection, Launcher } from './launchers/launcher.ts';
import { openLauncher } from './launchers/launchers.ts';
import type { LauncherName } from './launchers/names.ts';
import { supervisorProgram } from './launchers/process/supervisor-program.ts';
import { deafListeners, type Listeners } from './listeners.ts';
import { memoryLimitation } from './memory-limitation.ts';
import { type Dial, dialHere } from './networks/dial.ts';
import type { Networks } from './networks/networks.ts';
import { besideTask } from './plan/beside-task.ts';
import type { CapabilityDefaults } from './plan/capabilities.ts';
import { commandEnvironment, commandLine, layered } from './plan/command-line.ts';
import type { ContainerizerName } from './plan/container-info.ts';
import type { ContainerLogger } from './plan/container-logger.ts';
import type { ImageSupport } from './plan/images.ts';
import type { Place } from './plan/place.ts';
import type { PlanHost } from './plan/plan.ts';
import {
  type ContainerRequest,
  placeOf,
  type ResourceBounds,
  type SessionSurroundings,
} from './plan/request.ts';
import { ThreadReadings } from './readings/readings.ts';
import { isNotedEmpty } from './records/empty-record.ts';
import { notedGroups } from './records/groups-record.ts';
import { notedPlace } from './records/place-record.ts';
import { reserveDescriptor } from './records/record-file.ts';
import type { RunRecords } from './records/run-records.ts';
import { recoverCalled } from './recovery.ts';
import { resolvedCommand, type SecretResolver } from './secrets/secret-resolver.ts';
import { surroundingsOf } from './surroundings-of.ts';
import { Undoing } from './undoing.ts';
import type { VolumeGids } from './volumes/volume-gids.ts';
import type { Volumes } from './volumes/volumes.ts';
import type { WorkDirectory } from './work-directory.ts';

export interface ContainerizerOptions {
  readonly work: WorkDirectory;
  /** The records of containers in this work directory. */
  readonly records: RunRecords;
  readonly volumes: Volumes;
  /** Folders that may contain the supervisor program. */
  readonly programs: readonly string[];
  /** The capabilities of this machine. */
  readonly host: Host;
  readonly launcher: LauncherName;
  /** Of the launcher linux: the path of the OCI runtime; undefined: one that is found. */
  readonly ociRuntime?: string | undefined;
  /** What runs containers; undefined: those of type MESOS are there only. */
  readonly containerizers?: readonly ContainerizerName[] | undefined;
  /** Names of isolators; ISOLATION_WORDS lists the valid ones. */
  readonly isolation: readonly string[];
  /** Of the isolator linux/capabilities. */
  readonly capabilities?: CapabilityDefaults | undefined;
  /** Of the isolators of disks. */
  readonly isolators?: IsolatorOptions | undefined;
  /** What keeps the output of containers; undefined: plain files. */
  readonly logger?: ContainerLogger | undefined;
  readonly fetching?: FetchOptions | undefined;
  /** What resolves secrets by reference; undefined: these are refused. */
  readonly secrets?: SecretResolver | undefined;
  /** Undefined: volumes that containers share belong to users only. */
  readonly gids?: VolumeGids | undefined;
  readonly networks: Networks;
  /** Undefined: containers can have no images. */
  readonly images?: ImageParts | undefined;
  readonly warn: (text: string) => void;
}

export interface ImageParts {
  readonly support: ImageSupport;
  readonly provisioner: Provisioner;
}

export interface InsideSpec {
  readonly container: Container;
  readonly command: CommandInfo;
  readonly timeoutMs: number;
}

interface Parts {
  readonly users: Users;
  readonly launcher: Launcher;
  /** The path of the supervisor's program. */
  readonly supervisor: string;
  readonly counts: ContainerizerCounts;
  /** Kills what is left in cgroups, and removes them. */
  readonly sweep: (folders: readonly string[]) => Promise<void>;
}

export class Containerizer {
  readonly #secrets: SecretResolver | undefined;
  readonly #counts: ContainerizerCounts;
  readonly #records: RunRecords;
  readonly #work: WorkDirectory;
  readonly #launcher: Launcher;
  readonly #host: PlanHost;
  readonly #placements: Placements;
  readonly #isolators: IsolatorSets;
  readonly #fetcher: Fetcher;
  readonly #steps: LaunchSteps;
  readonly #users: Users;
  readonly #provisioner: Provisioner | undefined;
  readonly #leftRoots: LeftRoots;
  readonly #roots: Pick<Provisioner, 'recover' | 'destroy'>;
  readonly #gids: VolumeGids | undefined;
  readonly #networks: Networks;
  readonly #containers: Containers;
  readonly #undoing: Undoing;
  readonly #listeners = deafListeners();
  readonly #readings = new ThreadReadings();

  private constructor(options: ContainerizerOptions, parts: Parts) {
    this.#work = options.work;
    this.#counts = parts.counts;
    this.#records = options.records;
    this.#users = parts.users;
    this.#launcher = parts.launcher;
    const isolatorParts: IsolatorParts = {
      host: options.host,
      volumes: options.volumes,
      capabilities: options.capabilities ?? {},
      options: options.isolators ?? {},
      launcher: options.launcher,
      supervisor: parts.supervisor,
      warn: options.warn,
      onLimitation: (container, limitation) => this.#listeners.onLimitation(container, limitation),
    };
    const isolators = createIsolators(options.isolation, isolatorParts);
    this.#isolators = new IsolatorSets(
      isolators,
      hasDocker(options) ? dockerIsolators(isolators, isolatorParts) : undefined,
    );
    this.#host = {
      workDirectory: options.work.root,
      cgroups: options.host.cgroups.hierarchies,
      logger: options.logger,
      images: options.images?.support,
      containerizers: options.containerizers,
    };
    this.#provisioner = options.images?.provisioner;
    this.#leftRoots = new LeftRoots(options.work.provisioner, options.warn);
    this.#roots = this.#provisioner ?? this.#leftRoots;
    this.#gids = options.gids;
    this.#networks = options.networks;
    this.#placements = new Placements(options.records, this.#host.cgroups);
    this.#fetcher = new Fetcher({
      ...(options.fetching ?? DEFAULT_FETCH_OPTIONS),
      records: options.work.cacheRecords,
      warn: options.warn,
    });
    this.#secrets = options.secrets;
    this.#steps = new LaunchSteps({
      ...parts,
      work: options.work,
      records: options.records,
      host: this.#host,
      isolators: this.#isolators,
      placements: this.#placements,
      fetcher: this.#fetcher,
      isDiskEnforced: options.isolators?.disk?.isEnforced ?? false,
      secrets: options.secrets,
      gids: options.gids,
      networks: options.networks,
      provisioner: this.#provisioner,
    });
    this.#containers = new Containers({
      clean: async (node) => {
        await this.#undoing.clean(node);
        this.#isolators.forget(node.id);
      },
      discard: (id) => this.#undoing.discard(id),
      warn: options.warn,
    });
    this.#undoing = new Undoing({
      ...parts,
      work: options.work,
      records: options.records,
      containers: this.#containers,
      cleaners: new Cleaners({
        isolators: this.#isolators.all,
        onceUsed: (name) => isolatorOnceUsed(name, isolatorParts),
        records: options.records,
        warn: options.warn,
      }),
      placements: this.#placements,
      provisioner: this.#roots,
      gids: options.gids,
      networks: options.networks,
      attach: (id) => this.#attach(id, '.'),
      onSandboxLeft: (id, place) => this.#listeners.onSandboxLeft(id, place),
    });
  }

  /** Which containers there are, and what becomes of them. */
  get containers(): Pick<
    Containers,
    | 'get'
    | 'live'
    | 'all'
    | 'running'
    | 'verdict'
    | 'destroy'
    | 'gone'
    | 'wait'
    | 'forget'
    | 'whileGone'
    | 'settled'
  > {
    return this.#containers;
  }

  static async open(options: ContainerizerOptions): Promise<Containerizer> {
    reserveDescriptor();
    const counts: ContainerizerCounts = { fetched: 0, notFetched: 0, notDestroyed: 0 };
    const users = new Users();
    const limitMs = (options.isolators?.cgroups ?? DEFAULT_CGROUP_OPTIONS).destroyMs;
    const sweep = async (folders: readonly string[]) => {
      for (const folder of folders) {
        if (!(await sweepCgroup(folder, limitMs))) {
          counts.notDestroyed++;
          options.warn(`Cgroup '${folder}' of a container that has ended cannot be removed`);
        }
      }
    };
    const launcher = await openLauncher(options.launcher, {
      ...options,
      users,
      sweep,
      hasDocker: hasDocker(options),
    });
    const supervisor = await supervisorProgram(options.programs);
    return new Containerizer(options, { users, launcher, supervisor, counts, sweep });
  }

  watch(listeners: Partial<Listeners>): void {
    Object.assign(this.#listeners, listeners);
  }

  /** Containers keep running. */
  async close(): Promise<void> {
    for (const isolator of this.#isolators.all) {
      isolator.close?.();
    }
    await this.#launcher.close();
    await this.#fetcher.close();
    await this.#readings.close();
    await this.#leftRoots.close();
    this.#networks.close();
  }

  /**
   * Prepares a container up to the point where its process exists and is held. Rejects with
   * ContainerizerError; if the plan is refused, nothing has begun. A container that could
   * not be launched has ended: what was made for it is undone, and its records stay.
   */
  launch(request: ContainerRequest, options: LaunchOptions): Promise<Container> {
    return this.#containers.launch(request.id, placeOf(request), {
      abort: options.abort,
      make: async (abort, reached) =>
        this.#watched(await this.#steps.make(request, { ...options, abort }, reached)),
    });
  }

  /** Tells of a limit of memory that the container has hit, before it tells of its end. */
  #watched(container: Container): Container {
    const { memory } = this.#placements.of(container.id);
    if (memory === undefined) {
      return container;
    }
    const ended = container.ended.then((end) => {
      if (end.memory !== undefined) {
        this.#listeners.onLimitation(
          this.#placements.ownerOf(memory, container.id),
          memoryLimitation(end.memory),
        );
      }
      return end;
    });
    return { ...container, ended };
  }

  /**
   * Makes a container without a command, for others to be nested in. Rejects with
   * ContainerizerError; if the plan is refused, nothing has begun.
   */
  async launchEmpty(request: ContainerRequest, options: LaunchOptions): Promise<void> {
    await this.#containers.launch(request.id, placeOf(request), {
      abort: options.abort,
      make: (abort, reached) => this.#steps.makeEmpty(request, { ...options, abort }, reached),
    });
  }

  /** What a session in this container shares with it. Rejects with ContainerizerError. */
  surroundings(id: ContainerId): Promise<SessionSurroundings> {
    return surroundingsOf(id, {
      containers: this.#containers,
      users: this.#users,
      launcher: this.#launcher,
      records: this.#records,
    });
  }

  /**
   * Takes over a container without a command that an earlier agent made; `sandbox` is relative to
   * the work directory.
   */
  async reattachEmpty(
    id: ContainerId,
    place: Place,
    resources: readonly Resource[],
  ): Promise<void> {
    this.#recover(id, place, resources);
    if (this.#hasHolder(id)) {
      await this.#containers.foundRunning(id, place, this.#attach(id, place.sandbox));
    } else {
      this.#containers.found(id, place);
    }
  }

  /** Whether a process was begun, to hold the namespaces of a container without a command. */
  #hasHolder(id: ContainerId): boolean {
    return this.#records.noted(id, 'settings') !== undefined;
  }

  #recover(id: ContainerId, { sandbox }: Place, resources: readonly Resource[]): void {
    const container = this.#launched(id, sandbox);
    this.#isolators.recover(id, notedPlace(this.#records, id)?.isolators ?? []);
    for (const isolator of this.#isolators.of(id)) {
      isolator.recover?.(container, resources);
      this.#updateNetwork(isolator, id, resources);
    }
  }

  /** Whether this is a container without a command, made since the machine was started. */
  #isEmpty(id: ContainerId): boolean {
    return isNotedEmpty(this.#records, id);
  }

  /** Whether others can be nested in it still. */
  isOpen(id: ContainerId): boolean {
    return this.#isEmpty(id) && (!this.#hasHolder(id) || this.inspect(id).alive);
  }

  /**
   * Watches a container of an earlier agent, whether it is running or not; `sandbox` is relative to
   * the work directory. Rejects with ContainerizerError.
   */
  reattach(id: ContainerId, place: Place, resources: readonly Resource[]): Promise<Container> {
    this.#recover(id, place, resources);
    return this.#containers.foundRunning(id, place, this.#attach(id, place.sandbox));
  }

  /**
   * Takes back the containers of an earlier agent that calls of the API asked for, nested in a root
   * container, which has been taken back.
   */
  recoverNested(root: ContainerId): Promise<void> {
    return this.#recoverCalled(this.#records.all(root));
  }

  /** The same of those that stand alone: those that are no executor's, of all that have records. */
  recoverAlone(recorded: readonly ContainerId[]): Promise<void> {
    return this.#recoverCalled(recorded);
  }

  #recoverCalled(recorded: readonly ContainerId[]): Promise<void> {
    return recoverCalled(
      {
        records: this.#records,
        containers: this.#containers,
        inspect: (id) => this.inspect(id),
        reattach: (id, place) => this.reattach(id, place, place.resources),
        remove: (id) => this.remove(id),
        destroyOrphan: (id) => this.destroyOrphan(id),
      },
      recorded,
    );
  }

  #attach(id: ContainerId, sandbox: string): Promise<Container> {
    return this.#launcher.attach(this.#launched(id, sandbox)).then((it) => this.#watched(it));
  }

  /** Changes the container's resources. Throws ContainerizerError where the container must end. */
  update(id: ContainerId, sandbox: string, bounds: ResourceBounds): void {
    const container = this.#launched(id, sandbox);
    for (const isolator of this.#isolators.of(id)) {
      isolator.update?.(container, bounds.resources);
      const settings = isolator.settings?.(id, bounds, this.#host) ?? [];
      // One of an earlier agent may lack the cgroups of isolators that this one has.
      applySettings(settings.filter(({ folder }) => container.cgroups.own.includes(folder)));
      this.#updateNetwork(isolator, id, bounds.resources);
    }
  }

  #updateNetwork({ network }: Isolator, id: ContainerId, resources: readonly Resource[]): void {
    const asked = network?.(id, resources);
    if (asked !== undefined) {
      void this.#networks.update(id, asked);
    }
  }

  /** Destroys what is nested in a container of an earlier agent, with the records of that. */
  destroyNested(id: ContainerId): Promise<void> {
    return this.#undoing.destroyNested(id);
  }

  /** Destroys a container of an earlier agent and its records, nested containers first. */
  destroyOrphan(id: ContainerId): Promise<void> {
    return this.#undoing.destroyOrphan(id);
  }

  /** Removes a container that has ended, and those nested in it, with their sandboxes. */
  remove(id: ContainerId): Promise<void> {
    return this.#undoing.remove(id);
  }

  /**
   * The state of a container of an earlier agent. If its supervisor was killed, its processes are
   * killed.
   */
  inspect(id: ContainerId): Inspection {
    return this.#launcher.inspect(id, this.#placements.of(id));
  }

  /**
   * Runs a command beside the container's process, as the same user, in the same sandbox and
   * environment. Processes that the command leaves end with it, and all end with the container.
   * Returns the raw wait status, or undefined if the command was killed after the timeout. Throws
   * ContainerizerError, or UnknownEndError if the status is unknown.
   */
  async runInside({ container, command, timeoutMs }: InsideSpec): Promise<number | undefined> {
    const abort = new AbortController();
    const limit =
      timeoutMs > 0 ? setTimeout(() => abort.abort(timedOut), timerDelay(timeoutMs)) : undefined;
    limit?.unref();
    const { id } = container;
    try {
      const secrets = this.#secrets;
      const environment = layered(
        besideTask(this.#containers.get(id)?.kind, this.#launcher.environment(id)),
        commandEnvironment(
          secrets ? await resolvedCommand(command, secrets, abort.signal) : command,
        ),
      );
      return await this.#launcher.execute(
        { container, line: commandLine(command), environment },
        abort.signal,
      );
    } catch (error) {
      if (error === timedOut) {
        return undefined;
      }
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  /** Connects in the container's network. Throws ContainerizerError where that is not there yet. */
  dial(id: ContainerId): Dial {
    return this.#launcher.dial(id) ?? dialHere;
  }

  /**
   * To be called before all else, with the containers that have records: what was made for others
   * is undone.
   */
  async recoverShared(recorded: readonly ContainerId[]): Promise<void> {
    await this.#roots.recover(new Set(recorded));
    await this.#networks.recover(new Set(recorded));
    await this.#gids?.recover(recorded, (id) => notedGroups(this.#records, id));
  }

  /** A clause about what a container still waits for; undefined: for nothing that may take long. */
  awaited(id: ContainerId): string | undefined {
    return awaited(id, this.#provisioner, this.#networks);
  }

  /** Undefined where this agent has no images. */
  get images(): ImageCalls | undefined {
    return this.#provisioner && withSecrets(this.#provisioner, this.#secrets);
  }

  /** Figures by Mesos's names, also those of isolators and of images. */
  metrics(): Figures {
    const { fetched, notFetched, notDestroyed } = this.#counts;
    const { total, used } = this.#fetcher.cacheBytes;
    const own = {
      'containerizer/fetcher/task_fetches_succeeded': fetched,
      'containerizer/fetcher/task_fetches_failed': notFetched,
      'containerizer/fetcher/cache_size_total_bytes': total,
      'containerizer/fetcher/cache_size_used_bytes': used,
      'containerizer/mesos/container_destroy_errors': notDestroyed,
      'containerizer/mesos/provisioner/remove_container_errors': 0,
    };
    const figures = this.#isolators.all.map((isolator) => isolator.metrics?.() ?? {});
    return Object.assign(
      own,
      ...figures,
      this.#provisioner?.metrics(),
      this.#gids?.metrics(),
      this.#networks.metrics(),
    );
  }

  /** What the container uses, as its isolators and networks measure it. */
  async usage(id: ContainerId, isForExecutor: boolean): Promise<Partial<ResourceStatistics>> {
    const readings = this.#readings;
    let processes: Promise<ContainerUsage | undefined> | undefined;
    const container: MeasuredContainer = {
      id,
      isForExecutor,
      cgroups: this.#placements.of(id),
      readings,
      processes: () => (processes ??= this.#launcher.usage(id, readings)),
      memoryPressure: () => this.#records.memoryPressure(id, readings),
    };
    const measured = this.#isolators.of(id).map((isolator) => isolator.usage?.(container));
    const used = await Promise.all([...measured, this.#networks.usage(id)]);
    return Object.assign({}, ...used);
  }

  /** What is told of a container's cgroups and networks, or of those that it shares. */
  containerStatus(id: ContainerId): ContainerStatus {
    const cgroups = this.#placements.of(id);
    const told = this.#isolators
      .of(id)
      .map((isolator) => isolator.cgroupInfo?.(cgroups))
      .filter((it) => it !== undefined);
    const networks = this.#networks.of(id)?.infos ?? [];
    return {
      ...(told.length > 0 && { cgroup_info: Object.assign({}, ...told) }),
      ...(networks.length > 0 && { network_infos: networks }),
    };
  }

  /** The same, until the container's process has ended; undefined then, or for one not known. */
  liveStatus(id: ContainerId): ContainerStatus | undefined {
    const { state } = this.#containers.live(id) ?? {};
    return state === undefined || state === 'destroying' ? undefined : this.containerStatus(id);
  }

  #launched(id: ContainerId, sandbox: string): LaunchedContainer {
    return {
      id,
      sandbox: this.#work.path(sandbox),
      ephemeral: ephemeralFolders(this.#work.provisioner, id),
      cgroups: this.#placements.of(id),
      isEmpty: this.#isEmpty(id),
      hasOwnFiles: this.#launcher.ownDirectory(id) !== undefined,
    };
  }
}

const hasDocker = ({ containerizers = [] }: ContainerizerOptions) =>
  containerizers.includes('docker');

const timedOut = new ContainerizerError('Timed out');
