// Launches containers as plain processes without namespaces, which needs no privileges.
//
// Every container has a supervisor (supervisor/supervisor.c) that outlives the agent. The launcher
// talks to it through the spawner, and reads its records in the work directory, so that a later
// agent knows as much as the one that launched the container.
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError, UnknownEndError } from '../../containerizer-error.ts';
import { bootId, kill } from '../../host/process-table.ts';
import type { Identity, Users } from '../../host/users.ts';
import { type Dial, dialIn } from '../../networks/dial.ts';
import { type CgroupPlacement, type DeviceLimit, NO_CGROUPS } from '../../plan/cgroup-plan.ts';
import type { ContainerPlan } from '../../plan/plan.ts';
import { rootSandbox } from '../../plan/sandbox-path.ts';
import type { Readings } from '../../readings/readings.ts';
import { notedPlace } from '../../records/place-record.ts';
import { patiently } from '../../records/record-file.ts';
import type { RunRecords } from '../../records/run-records.ts';
import { noteUser } from '../../records/user-record.ts';
import { Turns } from '../../turns.ts';
import type { WorkDirectory } from '../../work-directory.ts';
import type {
  Attachment,
  Container,
  ContainerEnd,
  ContainerUsage,
  Execution,
  Inspection,
  Launcher,
  SandboxProcess,
} from '../launcher.ts';
import type { Beside, Bundles } from '../oci/bundles.ts';
import { isForeign } from '../oci/way-in.ts';
import { Leftovers } from './leftovers.ts';
import { NotedUsers } from './noted-users.ts';
import { PlainProcesses } from './plain-processes.ts';
import { ioOf, settingsOf } from './process-settings.ts';
import { environmentOf, firstProcess, runningCommand } from './running-command.ts';
import { runningSettings } from './running-settings.ts';
import { DESTROY_SIGNAL, Spawner } from './spawner.ts';
import { supervisorProgram } from './supervisor-program.ts';
import { UsageMeter } from './usage.ts';

const SIGTERM = 15;
const SIGCONT = 18;
/** How often, and for how long together, a process that is to get a signal is looked for. */
const SIGNAL_TRIES = 100;
const SIGNAL_RETRY_MS = 10;

export interface ProcessLauncherOptions {
  readonly work: Pick<WorkDirectory, 'path'>;
  readonly records: RunRecords;
  readonly users: Users;
  /** Folders that may contain the supervisor program. */
  readonly programs: readonly string[];
  readonly warn: (text: string) => void;
  /** For containers that see another machine than the agent does. */
  readonly bundles: Bundles;
  /** Kills what is left in cgroups, and removes them. */
  readonly sweep: (folders: readonly string[]) => Promise<void>;
}

interface Known {
  readonly processId: number;
  readonly cgroups: CgroupPlacement;
  /**
   * Who opens the output of what runs beside it; undefined: the agent's own user. One of the
   * container's own files may not reach its sandbox.
   */
  readonly identity: () => Promise<Identity | undefined>;
  /** Undefined where they are not known any more: nothing is run beside the process. */
  readonly settings: readonly string[] | undefined;
  /** Whether an OCI runtime starts, or has started, the process. */
  readonly hasRuntime: boolean;
  /** Undefined where the container has no namespaces of its own. */
  readonly beside: Beside | undefined;
  /** Whether it is in another network than the agent. */
  readonly hasNetwork: boolean;
  /** As in the plan. */
  readonly ownDirectory: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** As in the plan. */
  readonly stopSignal: number | undefined;
  /** Whether it runs as a user of its own files. */
  readonly hasUserInside: boolean;
  /** Commands that run beside the container's process. */
  readonly inside: Set<Inside>;
  hasEnded: boolean;
}

interface Inside {
  readonly abort: AbortController;
  readonly ended: Promise<number>;
}

export class ProcessLauncher implements Launcher {
  readonly #options: ProcessLauncherOptions;
  readonly #program: string;
  readonly #spawner: Spawner;
  readonly #plain: PlainProcesses;
  readonly #meter = new UsageMeter();
  readonly #leftovers = new Leftovers();
  readonly #noted: NotedUsers;
  /** Containers that end together, as all of a pod do, are looked at in turns. */
  readonly #ends = new Turns();
  readonly #known = new Map<ContainerId, Known>();

  private constructor(options: ProcessLauncherOptions, program: string) {
    this.#options = options;
    this.#program = program;
    this.#noted = new NotedUsers(options);
    this.#spawner = new Spawner(program, options.warn);
    this.#plain = new PlainProcesses(this.#spawner);
  }

  /** Throws ContainerizerError where there is no supervisor program. */
  static async open(options: ProcessLauncherOptions): Promise<ProcessLauncher> {
    return new ProcessLauncher(options, await supervisorProgram(options.programs));
  }

  async launch(plan: ContainerPlan, identity: Identity | undefined): Promise<Container> {
    const { id, sandbox, isBound, directory, environment, cgroups } = plan;
    const settings = settingsOf(plan);
    noteUser(this.#options.records, plan, identity);
    this.#options.records.note(id, 'settings', settings.join('\n'));
    // A session has no bundle of its own.
    const bundle =
      plan.inside === undefined
        ? this.#options.bundles.make(plan, plan.runsAs ?? identity)
        : undefined;
    if (bundle === undefined && identity?.uid === 0 && isForeign(plan, identity)) {
      throw new ContainerizerError(
        `Container ${id} cannot run as root: by its path, its sandbox is the user's of the container ` +
          'that it is nested in; it needs an agent with filesystem/linux',
      );
    }
    const session =
      plan.inside === undefined ? undefined : this.#session(plan, plan.inside, identity);
    const runtime = bundle?.call ?? session;
    const started = Promise.withResolvers<number>();
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<ContainerEnd>();
    const token = this.#spawner.launch(
      {
        mode: isBound ? 'bound' : 'supervised',
        run: this.#options.records.folder(id),
        bootId: bootId(),
        ...placeOf(id, sandbox),
        directory,
        identity,
        cgroups,
        settings,
        io: ioOf(plan),
        runtime,
        environment,
        program: plan.program,
        arguments: plan.arguments,
      },
      {
        started: (pid) => started.resolve(pid),
        begun: () => begun.resolve(),
        ended: () => {
          begun.resolve();
          session?.[Symbol.dispose]();
          ended.resolve(this.#finish(id, cgroups));
        },
        failed: (error) => {
          begun.resolve();
          session?.[Symbol.dispose]();
          started.reject(error);
          ended.resolve({ failure: error.message });
        },
      },
    );
    const processId = await started.promise;
    this.#know(id, {
      processId,
      cgroups,
      identity: async () => (plan.runsAs === undefined ? identity : undefined),
      stopSignal: plan.stopSignal,
      hasUserInside: plan.runsAs !== undefined,
      settings,
      hasRuntime: runtime !== undefined,
      beside: bundle?.beside,
      hasNetwork: bundle?.hasNetwork ?? false,
      ownDirectory: plan.ownDirectory,
      environment,
    });
    const promises = { begun: begun.promise, ended: ended.promise };
    return this.#container({ id, sandbox, processId, ...promises }, token);
  }

  async attach({ id, sandbox, cgroups }: Attachment): Promise<Container> {
    const record = this.#options.records.supervisor(id);
    if (record === undefined) {
      throw new ContainerizerError(`Container ${id} was never started`);
    }
    const { pid: processId, startTicks } = record.supervisor;
    const first = firstProcess(this.#options.records.folder(id));
    const confinement = this.#confinementOf(id, record.process.pid);
    const ended = Promise.withResolvers<ContainerEnd>();
    const token = this.#spawner.watch(processId, startTicks, {
      started: () => undefined,
      ended: () => ended.resolve(this.#finish(id, cgroups)),
      failed: () => ended.resolve(this.#finish(id, cgroups)),
    });
    this.#know(id, {
      processId,
      cgroups,
      // Looked up only when needed: a user who cannot be found disables checks, not the container.
      identity: () => this.#noted.userOf(id, sandbox),
      ...this.#noted.insideOf(id),
      ...confinement,
      // A session has no bundle of its own.
      hasRuntime: confinement.beside !== undefined || first !== undefined,
      environment: environmentOf(first ?? record.process),
    });
    const promises = { begun: Promise.resolve(), ended: ended.promise };
    return this.#container({ id, sandbox, processId, ...promises }, token);
  }

  async execute({ container, line, environment }: Execution, abort: AbortSignal): Promise<number> {
    const { id, sandbox } = container;
    const known = this.#known.get(id);
    const identity = await known?.identity();
    const settings = known?.settings;
    if (known === undefined || known.hasEnded || settings === undefined) {
      throw hasEnded(id);
    }
    const own = new AbortController();
    const ownDirectory = known.ownDirectory && '/';
    using runtime = known.beside?.({ ...line, directory: sandbox, ownDirectory, environment });
    const place = placeOf(id, sandbox);
    const spec = {
      ...place,
      // As in Mesos, nothing is mixed into what the container's own process prints.
      stdout: place.stderr,
      directory: sandbox,
      identity,
      cgroups: { own: [], joined: known.cgroups.joined },
      settings,
      runtime,
      environment,
      program: line.program,
      arguments: line.arguments,
    };
    const ended = this.#plain.run(spec, AbortSignal.any([abort, own.signal]));
    const inside = { abort: own, ended };
    known.inside.add(inside);
    try {
      return await ended;
    } finally {
      known.inside.delete(inside);
    }
  }

  run(process: SandboxProcess, identity: Identity | undefined, abort: AbortSignal) {
    const { program, root, directory, environment } = process;
    const spec = {
      directory,
      ...enteredFrom(root, directory),
      identity,
      cgroups: NO_CGROUPS,
      settings: [],
      environment,
      program,
    };
    return this.#plain.run({ ...spec, arguments: process.arguments }, abort);
  }

  environment(id: ContainerId): Readonly<Record<string, string>> | undefined {
    return this.#known.get(id)?.environment;
  }

  ownDirectory(id: ContainerId): string | undefined {
    return this.#known.get(id)?.ownDirectory;
  }

  dial(id: ContainerId): Dial | undefined {
    if (this.#known.get(id)?.hasNetwork !== true) {
      return undefined;
    }
    const first = firstProcess(this.#options.records.folder(id));
    if (first === undefined) {
      throw new ContainerizerError(`Container ${id} has no process yet`);
    }
    return dialIn(this.#program, first);
  }

  limitDevices({ folder, rules }: DeviceLimit): Promise<void> {
    return this.#spawner.limitDevices(folder, rules);
  }

  async usage(id: ContainerId, readings: Readings): Promise<ContainerUsage | undefined> {
    const known = this.#known.get(id);
    return known && this.#meter.measure(known.processId, known.cgroups.joined[0], readings);
  }

  inspect(id: ContainerId, cgroups: CgroupPlacement): Inspection {
    const { records } = this.#options;
    const record = records.claim(id);
    if (record === undefined) {
      return { started: false, alive: false };
    }
    const alive = records.alive(record);
    const end = alive ? {} : records.end(id);
    if (!alive) {
      this.#clear(id, cgroups, end);
    }
    return { started: true, alive, processId: record.supervisor.pid, ...end };
  }

  forget(id: ContainerId): void {
    this.#known.delete(id);
  }

  async close(): Promise<void> {
    await this.#spawner.close();
  }

  #know(id: ContainerId, known: Omit<Known, 'inside' | 'hasEnded'>): void {
    this.#known.set(id, { ...known, inside: new Set(), hasEnded: false });
  }

  #container(
    of: Pick<Container, 'id' | 'sandbox' | 'processId' | 'begun' | 'ended'>,
    token: number,
  ): Container {
    return {
      ...of,
      release: () => this.#spawner.release(token),
      terminate: () => {
        const stopSignal = this.#known.get(of.id)?.stopSignal;
        if (stopSignal === undefined) {
          this.#spawner.signal(token, SIGTERM);
        } else {
          void this.#signal(of.id, stopSignal);
        }
      },
      signal: (number) => void this.#signal(of.id, number),
      destroy: () => {
        this.#spawner.signal(token, DESTROY_SIGNAL);
        // A task that is root may have stopped its supervisor.
        this.#spawner.signal(token, SIGCONT);
      },
    };
  }

  /** Where the process does not run yet, it gets the signal soon after it does. */
  async #signal(id: ContainerId, number: number): Promise<void> {
    const { records } = this.#options;
    for (let tries = 0; tries < SIGNAL_TRIES; tries++) {
      const known = this.#known.get(id);
      if (known === undefined || known.hasEnded) {
        return;
      }
      const pid = known.hasRuntime
        ? runningCommand(firstProcess(records.folder(id)))
        : runningCommand(records.supervisor(id)?.process);
      if (pid !== undefined) {
        kill(pid, number);
        return;
      }
      await delay(SIGNAL_RETRY_MS);
    }
  }

  /**
   * Waits until the records can be read: if they cannot, that does not mean the container failed.
   */
  async #finish(id: ContainerId, cgroups: CgroupPlacement): Promise<ContainerEnd> {
    const { records, warn } = this.#options;
    await this.#endInside(id);
    const end = await patiently(
      () => this.#ends.run(() => records.end(id)),
      (error) => warn(`The end of container ${id} cannot be read yet: ${error.message}`),
    );
    await patiently(
      () => this.#ends.run(() => this.#clear(id, cgroups, end)),
      () => undefined,
    );
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

  /** Kills every process of the container that is left. */
  #clear(id: ContainerId, cgroups: CgroupPlacement, end: ContainerEnd): void {
    const record = this.#options.records.supervisor(id);
    const isMute = end.waitStatus === undefined && end.failure === undefined;
    if (record !== undefined && isMute && record.bootId === bootId()) {
      // Without cgroups, what a runtime has started is found by its first process only.
      const first = firstProcess(this.#options.records.folder(id)) ?? record.process;
      this.#leftovers.kill({ process: first, sandbox: this.#sandboxOf(id) });
    }
    void this.#options.sweep(cgroups.own);
  }

  /** In which its processes are; a session has those of what it looks into. */
  #sandboxOf(id: ContainerId): string | undefined {
    const { records, work } = this.#options;
    const place = notedPlace(records, id)?.place;
    const sandbox = place && work.path(place.sandbox);
    return sandbox !== undefined && place?.kind === 'debug' ? dirname(dirname(sandbox)) : sandbox;
  }

  #confinementOf(
    id: ContainerId,
    processId: number,
  ): Pick<Known, 'settings' | 'beside' | 'hasNetwork' | 'ownDirectory'> {
    try {
      const opened = this.#options.bundles.open(id);
      return {
        settings: opened ? [] : this.#settingsOf(id, processId),
        beside: opened?.beside,
        hasNetwork: opened?.hasNetwork ?? false,
        ownDirectory: opened?.ownDirectory,
      };
    } catch (error) {
      this.#options.warn(`Nothing is run beside container ${id}: ${String(error)}`);
      return {
        settings: undefined,
        beside: undefined,
        hasNetwork: false,
        ownDirectory: undefined,
      };
    }
  }

  /**
   * What confines a container of an earlier agent. Where that is not on record, for it was lost or
   * the agent was of an earlier version, nothing beside the process has more than it has now.
   */
  #settingsOf(id: ContainerId, processId: number): readonly string[] | undefined {
    const { records, warn } = this.#options;
    try {
      const noted = records.noted(id, 'settings');
      if (noted !== undefined) {
        return noted.split('\n').filter(Boolean);
      }
    } catch (error) {
      warn(`How container ${id} was confined is not known any more: ${String(error)}`);
    }
    return runningSettings(processId);
  }

  /** Who the container's own files make its user is that in sessions, too, with what he can do. */
  #session(
    plan: ContainerPlan,
    inside: ContainerId,
    identity: Identity | undefined,
  ): ReturnType<Beside> | undefined {
    const known = this.#known.get(inside);
    return known?.beside?.(plan, known.hasUserInside ? undefined : { plan, identity });
  }
}

const hasEnded = (id: ContainerId) => new UnknownEndError(`Container ${id} has ended`);

/**
 * How a process gets into a sandbox. That of a nested container lies in its root container's, whose
 * user may be another one, and is left to the agent to enter.
 */
const placeOf = (id: ContainerId, sandbox: string) =>
  enteredFrom(rootSandbox(id, sandbox), sandbox);

const enteredFrom = (root: string, sandbox: string) =>
  root === sandbox
    ? { stdout: join(sandbox, 'stdout'), stderr: join(sandbox, 'stderr') }
    : { above: root, stdout: 'stdout', stderr: 'stderr' };
