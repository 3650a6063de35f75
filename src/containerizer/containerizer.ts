// The lifecycle of containers from launch to removal: it joins sandboxes, isolators, the fetcher
// and a launcher, and keeps the records by which a later agent finds a container again.

import { parentOf } from '../model/container-id.ts';
import {
  type CommandInfo,
  type Resource,
  type ResourceStatistics,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import { applySettings, makeCgroups, sweepCgroup } from './cgroups/cgroups.ts';
import { Placements } from './cgroups/placements.ts';
import { ContainerizerError } from './containerizer-error.ts';
import { DEFAULT_FETCH_OPTIONS, type FetchOptions, fetchAll } from './fetcher/fetcher.ts';
import type { Host } from './host/host.ts';
import { bootId } from './host/process-table.ts';
import { type Identity, UnknownUserError, Users } from './host/users.ts';
import type { Isolator, LaunchedContainer } from './isolators/isolator.ts';
import { createIsolators, type IsolatorOptions } from './isolators/isolators.ts';
import type { Container, Inspection, Launcher } from './launchers/launcher.ts';
import { openLauncher } from './launchers/launchers.ts';
import type { LauncherName } from './launchers/names.ts';
import type { OnLimitation } from './limitation.ts';
import type { CapabilityDefaults } from './plan/capabilities.ts';
import { commandEnvironment, commandLine, layered } from './plan/command-line.ts';
import { type ContainerPlan, type PlanHost, planContainer, refusalError } from './plan/plan.ts';
import type { ContainerRequest } from './plan/request.ts';
import { reserveDescriptor } from './records/record-file.ts';
import type { RunRecords } from './records/run-records.ts';
import { createNestedSandbox, createOutput, createSandbox } from './sandboxes/sandboxes.ts';
import { timerDelay } from './timer-delay.ts';
import type { Volumes } from './volumes/volumes.ts';
import type { WorkDirectory } from './work-directory.ts';

export interface ContainerizerOptions {
  readonly work: WorkDirectory;
  /** The records of containers in this work directory. */
  readonly records: RunRecords;
  readonly volumes: Volumes;
  /** Folders that may contain the supervisor program. */
  readonly programs: readonly string[];
  readonly host: Host;
  readonly launcher: LauncherName;
  /** Names of isolators; ISOLATION_WORDS lists the valid ones. */
  readonly isolation: readonly string[];
  /** Of the isolator linux/capabilities. */
  readonly capabilities?: CapabilityDefaults | undefined;
  /** Of the isolators of disks. */
  readonly isolators?: IsolatorOptions | undefined;
  readonly fetching?: FetchOptions | undefined;
  readonly warn: (text: string) => void;
}

export interface LaunchOptions {
  readonly abort: AbortSignal;
  /** Whether the container may run as this user. */
  readonly mayRunAs?: ((user: string) => boolean) | undefined;
}

export interface InsideSpec {
  readonly container: Container;
  readonly command: CommandInfo;
  readonly timeoutMs: number;
}

/** Counts since the agent's start. */
export interface ContainerizerCounts {
  /** Containers whose files were fetched, and containers with a file that could not be fetched. */
  fetched: number;
  notFetched: number;
  /** Containers with processes that could not be killed. */
  notDestroyed: number;
}

interface Parts {
  readonly users: Users;
  readonly launcher: Launcher;
  readonly counts: ContainerizerCounts;
}

export class Containerizer {
  readonly counts: ContainerizerCounts;
  readonly #records: RunRecords;
  readonly #work: WorkDirectory;
  readonly #launcher: Launcher;
  readonly #host: PlanHost;
  readonly #placements: Placements;
  readonly #isolators: readonly Isolator[];
  readonly #fetching: FetchOptions;
  readonly #users: Users;
  #onLimitation: OnLimitation = () => undefined;

  private constructor(options: ContainerizerOptions, parts: Parts) {
    this.#work = options.work;
    this.counts = parts.counts;
    this.#records = options.records;
    this.#users = parts.users;
    this.#launcher = parts.launcher;
    this.#fetching = options.fetching ?? DEFAULT_FETCH_OPTIONS;
    this.#isolators = createIsolators(options.isolation, {
      host: options.host,
      volumes: options.volumes,
      capabilities: options.capabilities ?? {},
      options: options.isolators ?? {},
      launcher: options.launcher,
      warn: options.warn,
      onLimitation: (container, limitation) => this.#onLimitation(container, limitation),
    });
    this.#host = {
      workDirectory: options.work.root,
      cgroups: options.host.cgroups.hierarchies,
    };
    this.#placements = new Placements(options.records, this.#host.cgroups);
  }

  static async open(options: ContainerizerOptions): Promise<Containerizer> {
    reserveDescriptor();
    const { records, programs, warn } = options;
    const counts: ContainerizerCounts = { fetched: 0, notFetched: 0, notDestroyed: 0 };
    const users = new Users();
    const launcher = await openLauncher(options.launcher, {
      records,
      users,
      programs,
      warn,
      onNotDestroyed: () => counts.notDestroyed++,
    });
    return new Containerizer(options, { users, launcher, counts });
  }

  /** Whoever runs containers ends those that use more than they may. */
  watchLimits(onLimitation: OnLimitation): void {
    this.#onLimitation = onLimitation;
  }

  /** Containers keep running. */
  async close(): Promise<void> {
    for (const isolator of this.#isolators) {
      isolator.close?.();
    }
    await this.#launcher.close();
  }

  /**
   * Prepares a container up to the point where its process exists and is held. Rejects with
   * ContainerizerError; if the plan is refused, nothing has been created.
   */
  async launch(request: ContainerRequest, options: LaunchOptions): Promise<Container> {
    const { abort } = options;
    const { plan, identity } = await this.#begin(request, options);
    if (request.nested !== undefined) {
      this.#records.note(plan.id, 'task', request.nested.note);
    }
    await this.#fetch(plan, identity, abort);
    this.#placements.note(plan.id, plan.cgroups);
    let container: Container;
    try {
      container = await this.#launcher.launch(plan, identity);
    } catch (error) {
      this.removeCgroups(plan.id);
      throw error;
    }
    try {
      applySettings(plan.cgroups.settings);
    } catch (error) {
      container.destroy();
      await container.ended;
      throw error;
    }
    return container;
  }

  /**
   * Makes a container without a process, for others to be nested in. Rejects with
   * ContainerizerError; if the plan is refused, nothing has been created.
   */
  async launchEmpty(request: ContainerRequest, options: LaunchOptions): Promise<void> {
    const { plan } = await this.#begin({ ...request, isEmpty: true }, options);
    this.#records.note(plan.id, 'empty', bootId());
    this.#placements.note(plan.id, plan.cgroups);
    try {
      makeCgroups(plan.cgroups.own);
      applySettings(plan.cgroups.settings);
    } catch (error) {
      this.removeCgroups(plan.id);
      throw error;
    }
  }

  /**
   * Takes over a container without a process that an earlier agent made; `sandbox` is relative to
   * the work directory.
   */
  reattachEmpty(id: ContainerId, sandbox: string, resources: readonly Resource[]): void {
    for (const isolator of this.#isolators) {
      isolator.recover?.(this.#launched(id, sandbox), resources);
    }
  }

  /** Whether this is a container without a process, made since the machine was started. */
  isEmpty(id: ContainerId): boolean {
    try {
      return this.#records.noted(id, 'empty') === bootId();
    } catch (error) {
      if (error instanceof ContainerizerError) {
        return false;
      }
      throw error;
    }
  }

  /** The part of every launch up to the container's records. */
  async #begin(
    request: ContainerRequest,
    { abort, mayRunAs }: LaunchOptions,
  ): Promise<{ readonly plan: ContainerPlan; readonly identity: Identity | undefined }> {
    const parent = parentOf(request.id);
    const parentCgroups = parent && this.#placements.of(parent);
    const planned = planContainer(request, { ...this.#host, parentCgroups }, this.#isolators);
    if (planned.kind === 'refusal') {
      throw refusalError(planned);
    }
    const { plan } = planned;
    const identity = await this.#identityFor(plan, mayRunAs);
    abort.throwIfAborted();
    this.#createSandbox(request, plan, identity);
    for (const isolator of this.#isolators) {
      await isolator.prepare?.(plan, abort);
    }
    this.#records.create(plan.id);
    return { plan, identity };
  }

  #createSandbox(
    request: ContainerRequest,
    plan: ContainerPlan,
    identity: Identity | undefined,
  ): void {
    const { nested, sandbox, isEmpty } = request;
    if (nested === undefined) {
      createSandbox(this.#work, sandbox, identity);
      if (isEmpty === true) {
        createOutput(this.#work, sandbox, identity);
      }
      return;
    }
    const links = new Map([...plan.volumes].map(([name, { target }]) => [name, target]));
    createNestedSandbox(this.#work, { ...nested, links }, identity);
  }

  async #fetch(
    { id, sandbox, uris }: ContainerPlan,
    identity: Identity | undefined,
    abort: AbortSignal,
  ): Promise<void> {
    if (uris.length === 0) {
      return;
    }
    // The fetcher does not use the task's environment, whose PATH may lack the programs for
    // fetching.
    const around = { directory: sandbox, environment: layered() };
    try {
      await fetchAll({
        ...this.#fetching,
        uris,
        sandbox,
        staging: this.#work.staging(id),
        identity,
        abort,
        run: (line) => this.#launcher.run({ ...around, ...line }, identity, abort),
      });
      this.counts.fetched++;
    } catch (error) {
      this.counts.notFetched++;
      throw error;
    }
    abort.throwIfAborted();
  }

  async #identityFor(
    { user, sandbox }: ContainerPlan,
    mayRunAs: LaunchOptions['mayRunAs'],
  ): Promise<Identity | undefined> {
    try {
      return user === undefined ? undefined : await this.#users.identity(user, mayRunAs);
    } catch (error) {
      if (!(error instanceof UnknownUserError)) {
        throw error;
      }
      // Mesos's words: it creates the executor's directory first, and then gives it to the user.
      throw new ContainerizerError(
        `Failed to create executor directory '${sandbox}': ` +
          `Failed to chown directory to '${user}': No such user '${user}'`,
        {
          cause: error,
          reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
          isDropped: true,
        },
      );
    }
  }

  /**
   * Watches a container of an earlier agent, whether it is running or not; `sandbox` is relative to
   * the work directory. Rejects with ContainerizerError.
   */
  async reattach(
    id: ContainerId,
    sandbox: string,
    resources: readonly Resource[],
  ): Promise<Container> {
    this.reattachEmpty(id, sandbox, resources);
    return this.#attach(id, sandbox);
  }

  #attach(id: ContainerId, sandbox: string): Promise<Container> {
    return this.#launcher.attach(this.#launched(id, sandbox));
  }

  /** Changes the container's resources. Throws ContainerizerError where the container must end. */
  update(id: ContainerId, sandbox: string, resources: readonly Resource[]): void {
    for (const isolator of this.#isolators) {
      isolator.update?.(this.#launched(id, sandbox), resources);
      applySettings(isolator.settings?.(id, resources, this.#host) ?? []);
    }
  }

  /** To be called when a container has ended or was not launched. Its sandbox and records stay. */
  cleanup(id: ContainerId): void {
    for (const isolator of this.#isolators.toReversed()) {
      isolator.cleanup?.(id);
    }
  }

  /** Destroys a container of an earlier agent and its records, nested containers first. */
  async destroyOrphan(id: ContainerId): Promise<void> {
    for (const nested of this.#records.all(id)) {
      await this.destroyOrphan(nested);
    }
    if (this.#records.claim(id) !== undefined) {
      const container = await this.#attach(id, '.');
      container.destroy();
      await container.ended;
    }
    this.removeCgroups(id);
    await this.forget(id);
  }

  /** Of a container without a process, when those nested in it have ended. */
  removeCgroups(id: ContainerId): void {
    for (const folder of this.#placements.of(id).own) {
      void sweepCgroup(folder).then((isGone) => {
        if (!isGone) {
          this.counts.notDestroyed++;
        }
      });
    }
  }

  /** Removes the records of a container that has ended. */
  async forget(id: ContainerId): Promise<void> {
    for (const nested of this.#records.all(id)) {
      // Of one whose executor could not be recovered, it may be running.
      await this.destroyOrphan(nested);
    }
    this.#launcher.forget(id);
    this.#placements.forget(id);
    await this.#records.remove(id);
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
    try {
      return await this.#launcher.execute(
        { container, line: commandLine(command), environment: commandEnvironment(command) },
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

  /** The usage of the container's processes; undefined where it has none. */
  usage(id: ContainerId): Partial<ResourceStatistics> | undefined {
    const used = this.#launcher.usage(id);
    return (
      used &&
      Object.assign({}, ...this.#isolators.map((isolator) => isolator.usage?.(used, id) ?? {}))
    );
  }

  #launched(id: ContainerId, sandbox: string): LaunchedContainer {
    return { id, sandbox: this.#work.path(sandbox), cgroups: this.#placements.of(id) };
  }
}

const timedOut = new ContainerizerError('Timed out');
