// Starts containers as plain processes, watches them, kills them, and says what they use.
//
// Every container has a supervisor (launchers/process/supervisor) that outlives the agent; this class talks to it
// through the spawner and through the records in the work directory, so that an agent started
// later knows as much as the one that launched it.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandInfo, type Resource, TaskStatus_Reason } from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import { type CgroupPlace, findCgroupRoots, shareCpus, sweepCgroup } from './cgroups/cgroups.ts';
import { ContainerizerError, UnknownEndError } from './containerizer-error.ts';
import { defaultFetchOptions, type FetchOptions, fetchAll } from './fetcher/fetcher.ts';
import { allProcesses, bootId, descendants, kill, type ProcessStat } from './host/process-table.ts';
import { UnknownUserError, Users } from './host/users.ts';
import { type Identity, type ProcessSpec, Spawner } from './launchers/process/spawner.ts';
import { supervisorProgram } from './launchers/process/supervisor-program.ts';
import { type ContainerUsage, UsageMeter } from './launchers/process/usage.ts';
import { commandEnvironment, commandLine, layered } from './plan/command-line.ts';
import { isAbsence, patiently, readText, reserveDescriptor } from './records/record-file.ts';
import { type EndRecord, RunRecords, type SupervisorRecord } from './records/run-records.ts';
import { createSandbox } from './sandboxes/sandboxes.ts';
import { timerDelay } from './timer-delay.ts';
import { Volumes } from './volumes/volumes.ts';
import type { WorkDirectory } from './work-directory.ts';

export interface ContainerizerOptions {
  readonly work: WorkDirectory;
  /** Folders in which the supervisor program is looked for, and made. */
  readonly programs: readonly string[];
  /** Where containers' cgroups are; absent: no cgroups. */
  readonly cgroups?: CgroupPlace | undefined;
  readonly fetching?: FetchOptions | undefined;
  readonly warn: (text: string) => void;
}

export interface ContainerSpec {
  readonly id: ContainerId;
  /** Relative to the work directory. */
  readonly sandbox: string;
  /** The user to run as; absent: the agent's own. */
  readonly user?: string | undefined;
  /** Whether what is launched may run as the user of this name. */
  readonly mayRunAs?: ((user: string) => boolean) | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: CommandInfo;
  readonly resources: readonly Resource[];
  /** Whether it is to end when the agent does, however that comes. */
  readonly isBound: boolean;
}

/**
 * How it ended: all fields are absent when its process was never started, or nobody could see its end,
 * as after a kill of the supervisor.
 */
export type ContainerEnd = EndRecord;

/** So often is begun anew what has no records and was lost with the spawner. */
const maxAttempts = 3;
const sigusr1 = 10;
const sigterm = 15;

/** A container with a supervisor: held until it is released, then running until it has ended. */
export class Container {
  readonly id: ContainerId;
  readonly sandbox: string;
  readonly processId: number;
  readonly ended: Promise<ContainerEnd>;
  readonly #spawner: Spawner;
  readonly #token: number;

  constructor(
    spawner: Spawner,
    of: {
      readonly id: ContainerId;
      readonly sandbox: string;
      readonly processId: number;
      readonly token: number;
      readonly ended: Promise<ContainerEnd>;
    },
  ) {
    this.#spawner = spawner;
    this.#token = of.token;
    this.id = of.id;
    this.sandbox = of.sandbox;
    this.processId = of.processId;
    this.ended = of.ended;
  }

  release(): void {
    this.#spawner.release(this.#token);
  }

  /** Asks everything in the container to end. */
  terminate(): void {
    this.#spawner.signal(this.#token, sigterm);
  }

  /** Kills everything in the container; one that is still held never runs. */
  destroy(): void {
    this.#spawner.signal(this.#token, sigusr1);
  }
}

export interface Inspection extends ContainerEnd {
  readonly started: boolean;
  readonly alive: boolean;
  readonly processId?: number;
}

export interface InsideSpec {
  readonly container: Container;
  readonly command: CommandInfo;
  readonly timeoutMs: number;
}

interface Known {
  readonly container: Container;
  readonly identity: () => Promise<Identity | undefined>;
  readonly environment: Readonly<Record<string, string>>;
  /** What runs beside its process now. */
  readonly inside: Set<Inside>;
  hasEnded: boolean;
}

interface Inside {
  readonly abort: AbortController;
  readonly ended: Promise<number>;
}

/** What has happened since the start. */
export interface ContainerizerCounts {
  /** Containers whose files were brought, and those with one that could not be. */
  fetched: number;
  notFetched: number;
  /** Containers of which something could not be ended. */
  notDestroyed: number;
}

export class Containerizer {
  readonly counts: ContainerizerCounts = { fetched: 0, notFetched: 0, notDestroyed: 0 };
  readonly records: RunRecords;
  readonly volumes: Volumes;
  readonly #work: WorkDirectory;
  readonly #spawner: Spawner;
  readonly #cgroupRoots: readonly string[];
  readonly #fetching: FetchOptions;
  readonly #users = new Users();
  readonly #meter = new UsageMeter();
  readonly #known = new Map<ContainerId, Known>();
  readonly #warn: (text: string) => void;
  /** Containers without their supervisor, whose processes are about to be killed, all in one look. */
  #left: SupervisorRecord[] = [];

  private constructor(options: ContainerizerOptions, program: string) {
    this.#work = options.work;
    this.#warn = options.warn;
    this.records = new RunRecords(options.work, options.warn);
    this.volumes = new Volumes(options.work, options.warn);
    this.#spawner = new Spawner(program, options.warn);
    this.#fetching = options.fetching ?? defaultFetchOptions;
    this.#cgroupRoots = options.cgroups === undefined ? [] : findCgroupRoots(options.cgroups);
  }

  static async open(options: ContainerizerOptions): Promise<Containerizer> {
    reserveDescriptor();
    return new Containerizer(options, await supervisorProgram(options.programs));
  }

  /** Leaves containers running. */
  async close(): Promise<void> {
    await this.#spawner.close();
  }

  /** Prepares a container up to the point where it has a supervisor that holds its process. */
  async launch(spec: ContainerSpec, abort: AbortSignal): Promise<Container> {
    const identity = await this.#identityFor(spec);
    await this.volumes.emptied(spec.resources);
    abort.throwIfAborted();
    const sandbox = createSandbox(this.#work, spec.sandbox, identity);
    this.volumes.provide(spec.id, spec.sandbox, spec.resources);
    const environment = layered(
      { MESOS_SANDBOX: sandbox, MESOS_DIRECTORY: sandbox },
      spec.environment,
      commandEnvironment(spec.command),
    );
    const line = commandLine(spec.command);
    const run = this.records.create(spec.id);
    const place = { directory: sandbox, identity, ...inSandbox(sandbox) };
    if (spec.command.uris !== undefined && spec.command.uris.length > 0) {
      // Not in the task's environment: its PATH need not have what fetching needs.
      const around = { ...place, environment: layered(), cgroups: [] };
      try {
        await fetchAll({
          ...this.#fetching,
          uris: spec.command.uris,
          sandbox,
          staging: this.#work.staging(spec.id),
          identity,
          abort,
          run: (program) => this.#plain({ ...around, ...program }, abort),
        });
        this.counts.fetched++;
      } catch (error) {
        this.counts.notFetched++;
        throw error;
      }
      abort.throwIfAborted();
    }
    const container = await this.#supervise(spec.id, {
      mode: spec.isBound ? 'bound' : 'supervised',
      run,
      bootId: bootId(),
      ...place,
      environment,
      cgroups: this.#cgroups(spec.id),
      ...line,
    });
    this.#known.set(spec.id, {
      container,
      identity: async () => identity,
      environment,
      inside: new Set(),
      hasEnded: false,
    });
    return container;
  }

  async #identityFor({ user, mayRunAs, sandbox }: ContainerSpec): Promise<Identity | undefined> {
    try {
      return user === undefined ? undefined : await this.#users.identity(user, mayRunAs);
    } catch (error) {
      if (!(error instanceof UnknownUserError)) {
        throw error;
      }
      // In Mesos's words, which makes the executor's folder first, and gives it to the user.
      throw new ContainerizerError(
        `Failed to create executor directory '${this.#work.path(sandbox)}': ` +
          `Failed to chown directory to '${user}': No such user '${user}'`,
        {
          cause: error,
          reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
          isDropped: true,
        },
      );
    }
  }

  /** Watches a container that an earlier agent has started, alive or not. */
  async reattach(id: ContainerId, sandboxPath: string): Promise<Container> {
    const record = this.records.supervisor(id);
    if (record === undefined) {
      throw new ContainerizerError(`Container ${id} was never started`);
    }
    const sandbox = this.#work.path(sandboxPath);
    const { pid, startTicks } = record.supervisor;
    const ended = Promise.withResolvers<ContainerEnd>();
    const token = this.#spawner.watch(pid, startTicks, {
      started: () => undefined,
      ended: () => ended.resolve(this.#finish(id)),
      failed: () => ended.resolve(this.#finish(id)),
    });
    const container = new Container(this.#spawner, {
      id,
      sandbox,
      processId: pid,
      token,
      ended: ended.promise,
    });
    this.#known.set(id, {
      container,
      // Not now: a user who cannot be looked up costs the checks, not the container.
      identity: () => this.#ownerOf(sandbox),
      environment: environmentOf(record),
      inside: new Set(),
      hasEnded: false,
    });
    return container;
  }

  /** Ends a container of an earlier agent that nobody wants any more, with its records. */
  async destroyOrphan(id: ContainerId): Promise<void> {
    if (this.records.claim(id) !== undefined) {
      const container = await this.reattach(id, '.');
      container.destroy();
      await container.ended;
    }
    await this.forget(id);
  }

  /** Removes the records of a container that has ended. */
  async forget(id: ContainerId): Promise<void> {
    this.#known.delete(id);
    await this.records.remove(id);
  }

  /**
   * What became of a container of an earlier agent. Where its supervisor has gone without a word,
   * what is left of it is killed.
   */
  inspect(id: ContainerId): Inspection {
    const record = this.records.claim(id);
    if (record === undefined) {
      return { started: false, alive: false };
    }
    const alive = this.records.alive(record);
    const end = alive ? {} : this.records.end(id);
    if (!alive) {
      this.#clear(id, end);
    }
    return { started: true, alive, processId: record.supervisor.pid, ...end };
  }

  /**
   * Runs a command beside the container's process, as its user, in its sandbox and environment. What
   * the command leaves behind ends with it, and both end with the container. Returns the raw wait
   * status, or undefined when it had to be killed after the timeout. Throws ContainerizerError,
   * UnknownEndError where nothing can be said of its end.
   */
  async runInside({ container, command, timeoutMs }: InsideSpec): Promise<number | undefined> {
    const known = this.#known.get(container.id);
    const { sandbox } = container;
    const identity = await known?.identity();
    if (known === undefined || known.hasEnded) {
      throw hasEnded(container.id);
    }
    const abort = new AbortController();
    const limit =
      timeoutMs > 0 ? setTimeout(() => abort.abort(timedOut), timerDelay(timeoutMs)) : undefined;
    limit?.unref();
    const spec = {
      directory: sandbox,
      ...inSandbox(sandbox),
      identity,
      cgroups: this.#cgroups(container.id),
      environment: layered(known.environment, commandEnvironment(command)),
      ...commandLine(command),
    };
    const inside = { abort, ended: this.#plain(spec, abort.signal) };
    known.inside.add(inside);
    try {
      return await inside.ended;
    } catch (error) {
      if (abort.signal.reason === timedOut) {
        return undefined;
      }
      throw error;
    } finally {
      clearTimeout(limit);
      known.inside.delete(inside);
    }
  }

  /** Its part of CPU time that others want as well. */
  shareCpus(id: ContainerId, cpus: number): void {
    shareCpus(this.#cgroups(id), cpus);
  }

  /** What the processes of a container have used; undefined once it has none. */
  usage(id: ContainerId): ContainerUsage | undefined {
    const known = this.#known.get(id);
    return known && this.#meter.measure(known.container.processId, this.#cgroups(id)[0]);
  }

  async #supervise(id: ContainerId, spec: ProcessSpec): Promise<Container> {
    const started = Promise.withResolvers<number>();
    const ended = Promise.withResolvers<ContainerEnd>();
    const token = this.#spawner.launch(spec, {
      started: (pid) => started.resolve(pid),
      ended: () => ended.resolve(this.#finish(id)),
      failed: (error) => {
        started.reject(error);
        ended.resolve({ failure: error.message });
      },
    });
    const processId = await started.promise;
    return new Container(this.#spawner, {
      id,
      sandbox: spec.directory,
      processId,
      token,
      ended: ended.promise,
    });
  }

  /**
   * A process without records; rejects when aborted, once all that it has started has ended. It is one
   * that may run twice: where its spawner was killed, and it with that, it is begun anew. Throws
   * UnknownEndError where that does not help.
   */
  async #plain(
    spec: Omit<ProcessSpec, 'mode' | 'run' | 'bootId'>,
    abort: AbortSignal,
  ): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#plainOnce(spec, abort);
      } catch (error) {
        if (!(error instanceof UnknownEndError) || attempt === maxAttempts) {
          throw error;
        }
        abort.throwIfAborted();
      }
    }
  }

  async #plainOnce(
    spec: Omit<ProcessSpec, 'mode' | 'run' | 'bootId'>,
    abort: AbortSignal,
  ): Promise<number> {
    abort.throwIfAborted();
    const ended = Promise.withResolvers<number>();
    const token = this.#spawner.launch(
      { mode: 'plain', run: '-', bootId: '-', ...spec },
      {
        started: () => undefined,
        ended: (status) =>
          status === undefined
            ? ended.reject(new UnknownEndError('The spawner of containers ended'))
            : ended.resolve(status),
        failed: (error) => ended.reject(error),
      },
    );
    const onAbort = () => this.#spawner.signal(token, sigusr1);
    abort.addEventListener('abort', onAbort, { once: true });
    try {
      const status = await ended.promise;
      abort.throwIfAborted();
      return status;
    } finally {
      abort.removeEventListener('abort', onAbort);
    }
  }

  #cgroups(id: ContainerId): string[] {
    return this.#cgroupRoots.map((root) => join(root, id));
  }

  /** Waits for the records to be readable: not to see how it ended is not to know that it failed. */
  async #finish(id: ContainerId): Promise<ContainerEnd> {
    await this.#endInside(id);
    const end = await patiently(
      () => this.records.end(id),
      (error) => this.#warn(`The end of container ${id} cannot be read yet: ${error.message}`),
    );
    await patiently(() => this.#clear(id, end), ignored);
    return end;
  }

  async #endInside(id: ContainerId): Promise<void> {
    const known = this.#known.get(id);
    if (known !== undefined) {
      known.hasEnded = true;
      const inside = [...known.inside];
      for (const { abort } of inside) {
        abort.abort(hasEnded(id));
      }
      await Promise.allSettled(inside.map(({ ended }) => ended));
    }
  }

  /** Sees to it that nothing of a container goes on unseen. */
  #clear(id: ContainerId, { waitStatus, failure }: ContainerEnd): void {
    const record = this.records.supervisor(id);
    const isMute = waitStatus === undefined && failure === undefined;
    if (record !== undefined && isMute && record.bootId === bootId()) {
      this.#left.push(record);
      if (this.#left.length === 1) {
        setImmediate(() => void patiently(() => this.#killLeft(), ignored));
      }
    }
    for (const folder of this.#cgroups(id)) {
      void sweepCgroup(folder).then((isGone) => {
        this.counts.notDestroyed += isGone ? 0 : 1;
      });
    }
  }

  /** After somebody has killed supervisors. */
  #killLeft(): void {
    const processes = allProcesses();
    for (const record of this.#left.splice(0)) {
      const { pid: leader, startTicks: since } = record.process;
      const isRoot = (one: ProcessStat) => one.pid === leader && one.startTicks === since;
      const below = processes.some(isRoot) ? descendants(leader, processes) : [];
      const session = processes.filter(
        (one) => isRoot(one) || (one.session === leader && one.startTicks >= since),
      );
      for (const { pid } of [...below, ...session]) {
        kill(pid, 'SIGKILL');
      }
    }
  }

  /** The sandbox is its user's: that tells a later agent whom to run checks as. */
  async #ownerOf(sandbox: string): Promise<Identity | undefined> {
    let uid: number | undefined;
    try {
      uid = statSync(sandbox).uid;
    } catch (error) {
      if (!isAbsence(error)) {
        throw error;
      }
    }
    return uid === undefined || uid === process.geteuid?.() ? undefined : this.#users.withId(uid);
  }
}

const timedOut = new ContainerizerError('Timed out');

const hasEnded = (id: ContainerId) => new UnknownEndError(`Container ${id} has ended`);

const inSandbox = (sandbox: string) => ({
  stdout: join(sandbox, 'stdout'),
  stderr: join(sandbox, 'stderr'),
});

const ignored = () => undefined;

/** The environment that a running process was started with. */
function environmentOf(record: SupervisorRecord): Record<string, string> {
  let text: string | undefined;
  try {
    text = readText(`/proc/${record.process.pid}/environ`, 'utf8');
  } catch {
    // It is only for checks, which then run without it.
  }
  return Object.fromEntries(
    (text ?? '')
      .split('\0')
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}
