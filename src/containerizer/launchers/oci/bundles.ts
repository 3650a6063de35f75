// The bundles of containers that an OCI runtime starts: a folder for each, among the container's
// records, with its configuration and all that the runtime writes. It goes with the records, so
// that nothing of the runtime is left behind. A later agent runs commands beside a container by it.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { parentOf } from '../../../model/container-id.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { capabilitiesIn } from '../../host/process-status.ts';
import type { Identity } from '../../host/users.ts';
import type { ContainerPlan, ProcessPlan } from '../../plan/plan.ts';
import { requireRuntimeLimits } from '../../plan/resource-limits.ts';
import { hasOwnNamespaces, NAMESPACE_KINDS } from '../../plan/surroundings.ts';
import { isAbsence, readText } from '../../records/record-file.ts';
import type { RunRecords } from '../../records/run-records.ts';
import type { RuntimeCall } from '../process/spawner.ts';
import {
  type Carried,
  canFollow,
  carriedSteps,
  carriedVolumes,
  makePlaces,
} from './carried-volumes.ts';
import {
  type AgentUser,
  besideProcess,
  type JoinedKind,
  type OciConfig,
  ociConfig,
  ociText,
  ociValue,
  type WayIn,
} from './oci-config.ts';
import { OciRuntime, type RuntimePaths } from './oci-runtime.ts';
import { rootStep } from './root-step.ts';
import { volumeSteps } from './volume-step.ts';
import { besideWay, isForeign, wayInside, wayInto } from './way-in.ts';

const CONFIG = 'config.json';
const SHM = '/dev/shm';
const COMMAND = 'command-';
/** Files on which the runtime finds the namespaces of another container. */
const NAMESPACES = 'namespaces';
/** In the annotations of a bundle: the working directory in files of the container's own. */
const OWN_DIRECTORY = 'mesoscale.directory';
/** Where volumes that are images are mounted first, each under its place among all volumes. */
const IMAGES = 'images';
/** Where the container's cgroups are shown, while the runtime itself sees none. */
const CGROUPS = 'cgroups';
/** As the kernel calls it, by which the stage finds the container's (supervisor/stage.c). */
const namespaceIn = (folder: string, kind: JoinedKind) =>
  join(folder, NAMESPACES, KERNEL_NAMES[kind] ?? kind);
const KERNEL_NAMES: Readonly<Partial<Record<JoinedKind, string>>> = {
  mount: 'mnt',
  network: 'net',
};

export class Bundles {
  readonly #runtime: OciRuntime | undefined;
  readonly #records: RunRecords;
  readonly #agent = agentUser();
  /** The files of this agent's commands begin so. */
  readonly #ownCommand = `${COMMAND}${randomUUID()}-`;
  #lastCommand = 0;

  /** `runtime` makes containers; those that there are know theirs. */
  constructor(records: RunRecords, runtime: OciRuntime | undefined) {
    this.#records = records;
    this.#runtime = runtime;
  }

  /**
   * Makes the bundle of a container whose records exist; undefined where it sees what the agent
   * sees, so that no runtime is needed. Throws ContainerizerError.
   */
  make(plan: ContainerPlan, identity: Identity | undefined): Bundle | undefined {
    const parent = parentOf(plan.id);
    const asked = NAMESPACE_KINDS.filter((kind) => plan.namespaces[kind] === 'parent');
    const outer = parent === undefined || asked.length === 0 ? undefined : this.#config(parent);
    const shared = asked.filter((kind) => outer !== undefined && has(outer.config, kind));
    if (shared.length === 0 && !needsRuntime(plan)) {
      return undefined;
    }
    const runtime = this.#runtime;
    if (runtime === undefined) {
      throw new ContainerizerError('Namespaces of its own need an agent with --launcher=linux');
    }
    requireRuntimeLimits(plan.rlimits);
    const { id } = plan;
    const folder = this.#folder(id);
    const rootfs = join(folder, 'rootfs');
    // Only who is in its user namespace can join the others.
    const joined: JoinedKind[] =
      shared.length > 0 && outer !== undefined && has(outer.config, 'user')
        ? ['user', ...shared]
        : shared;
    const { ownDirectory } = plan;
    const way =
      ownDirectory === undefined ? wayInto(id, plan.directory) : wayInside(ownDirectory, plan);
    const cgroups = join(folder, CGROUPS);
    const isRoot = this.#agent.uid === 0;
    const isMended = runtime.makesPrivate && isRoot && canFollow(release());
    const shows = isMended ? 'soon' : runtime.makesPrivate || !isRoot ? 'never' : 'always';
    const carried = carriedVolumes(plan, { folder, isRoot, shows });
    const host = { identity, rootfs, way, cgroups, carried, agent: this.#agent };
    const config = ociConfig(plan, {
      ...host,
      parent: Object.fromEntries(joined.map((kind) => [kind, namespaceIn(folder, kind)])),
      annotations: {
        ...runtime.annotations,
        ...(ownDirectory !== undefined && { [OWN_DIRECTORY]: ownDirectory }),
      },
    });
    const { cgroupViews } = plan;
    make(folder, { joined, images: imagesIn(plan), cgroupViews, carried }, config);
    const call = this.#call(folder, '', {
      stage: this.#stage(runtime, joined.includes('user') ? outer?.run : undefined, [
        ...joined.flatMap((kind) => ['join', outer?.run ?? '', namespaceIn(folder, kind)]),
        ...(outer !== undefined && joined.includes('ipc') ? ['share', outer.run, SHM] : []),
        ...cgroupSteps(plan, cgroups),
        ...fileSteps(plan, { folder, rootfs, way, isRoot, isForeign: isForeign(plan, identity) }),
        ...carriedSteps(carried),
        ...(isMended && plan.namespaces.mount === 'own' ? ['follow', '', ''] : []),
      ]),
      arguments: (paths) => runtime.run(folder, paths),
    });
    const made = { id, run: this.#records.folder(id), folder, config };
    return { call, beside: this.#beside(made, runtime), hasNetwork: has(config, 'network') };
  }

  /**
   * Commands beside the process of a container that a runtime has started; undefined where it was
   * started without one. Throws ContainerizerError.
   */
  open(id: ContainerId): Opened | undefined {
    const outer = this.#config(id);
    if (outer === undefined) {
      return undefined;
    }
    const runtime = runtimeOf(outer);
    removeCommands(outer.folder, this.#ownCommand);
    const { [OWN_DIRECTORY]: ownDirectory } = outer.config.annotations;
    const hasNetwork = has(outer.config, 'network');
    return { beside: this.#beside(outer, runtime), ownDirectory, hasNetwork };
  }

  #beside({ id, folder, run, config }: Outer, runtime: OciRuntime): Beside {
    return (command, as) => {
      this.#lastCommand++;
      const name = `${this.#ownCommand}${this.#lastCommand}`;
      const file = join(folder, `${name}.json`);
      writeFileSync(
        file,
        ociText(
          besideProcess(
            config.process,
            command,
            command.ownDirectory === undefined
              ? wayInto(id, command.directory)
              : besideWay(command.ownDirectory),
            as && { ...as, agent: this.#agent },
          ),
        ),
        { mode: 0o600 },
      );
      const call = this.#call(folder, `${name}.`, {
        stage: this.#stage(runtime, run, ['enter', run, '']),
        arguments: (paths) => runtime.execute(file, paths),
      });
      return {
        ...call,
        [Symbol.dispose]: () => {
          for (const path of [file, call.pidFile, call.logFile]) {
            rmSync(path, { force: true });
          }
        },
      };
    };
  }

  /** `outer`: the run of a container whose user namespace, if any, is entered for this. */
  #stage(runtime: OciRuntime, outer: string | undefined, steps: readonly string[]): string[] {
    const users = this.#agent.uid === 0 ? [] : ['users', outer ?? '', ''];
    return [...users, ...runtime.stage(steps)];
  }

  #call(folder: string, prefix: string, { stage, arguments: line }: Line): RuntimeCall {
    const paths = {
      state: stateIn(folder),
      log: join(folder, `${prefix}log`),
      pid: join(folder, `${prefix}pid`),
    };
    return {
      stage,
      arguments: line(paths),
      pidFile: paths.pid,
      logFile: paths.log,
    };
  }

  #folder(id: ContainerId): string {
    return join(this.#records.folder(id), 'oci');
  }

  /** Undefined where the container was started without a runtime. Throws ContainerizerError. */
  #config(id: ContainerId): Outer | undefined {
    const folder = this.#folder(id);
    const path = join(folder, CONFIG);
    try {
      const config = ociValue(readFileSync(path, 'utf8')) as OciConfig;
      return { id, run: this.#records.folder(id), folder, config };
    } catch (error) {
      if (isAbsence(error)) {
        return undefined;
      }
      throw new ContainerizerError(`'${path}' cannot be read: ${String(error)}`, { cause: error });
    }
  }
}

/** What an earlier agent, which was killed, has left of commands: they have ended with it. */
function removeCommands(folder: string, own: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(COMMAND) && !name.startsWith(own)) {
      rmSync(join(folder, name), { force: true });
    }
  }
}

/** A container that is to be started, and the commands that can run beside it then. */
interface Bundle {
  readonly call: RuntimeCall;
  readonly beside: Beside;
  /** Whether it is in another network than the agent. */
  readonly hasNetwork: boolean;
}

/** A container that an earlier agent has started. */
interface Opened extends Pick<Bundle, 'hasNetwork'> {
  readonly beside: Beside;
  /** As in the plan. */
  readonly ownDirectory: string | undefined;
}

interface Line {
  readonly stage: readonly string[];
  readonly arguments: (paths: RuntimePaths) => string[];
}

/** A container that others enter. */
interface Outer {
  readonly id: ContainerId;
  /** The folder of its records. */
  readonly run: string;
  /** Its bundle. */
  readonly folder: string;
  readonly config: OciConfig;
}

const stateIn = (folder: string) => join(folder, 'state');

function runtimeOf({ id, config }: Outer): OciRuntime {
  const runtime = OciRuntime.of(config.annotations);
  if (runtime === undefined) {
    throw new ContainerizerError(`The OCI runtime of container ${id} is not known here`);
  }
  return runtime;
}

const has = ({ linux }: OciConfig, kind: JoinedKind) =>
  linux.namespaces.some(({ type }) => type === kind);

/** The places of volumes that are images, among all. */
const imagesIn = ({ volumeMounts }: ContainerPlan): number[] =>
  volumeMounts.flatMap(({ source }, at) => (source.kind === 'image' ? [at] : []));

/** Mounts the container's files, and then its volumes on these. */
function fileSteps(
  plan: ContainerPlan,
  at: {
    readonly folder: string;
    readonly rootfs: string;
    readonly way: WayIn;
    readonly isRoot: boolean;
    /** Whether the way to its sandbox is another user's. */
    readonly isForeign: boolean;
  },
): string[] {
  const { folder, rootfs, way, isRoot, isForeign } = at;
  const files =
    plan.rootfs === undefined
      ? // The configuration mounts the devices.
        [
          ...['bind', '/', rootfs, 'leave', join(rootfs, 'dev'), ''],
          ...(isForeign ? ['way', rootfs, ''] : []),
          ...(plan.volumeMounts.length > 0 ? ['keep', rootfs, way.entered] : []),
        ]
      : rootStep(plan.rootfs, rootfs, isRoot);
  return [
    ...files,
    // None is in a volume, as long as none is mounted.
    ...plan.madeFolders.flatMap((path) => ['reach', rootfs, path]),
    ...plan.volumeMounts.flatMap((mount, index) =>
      volumeSteps(mount, {
        rootfs,
        isOwn: plan.rootfs !== undefined,
        seesProcesses: plan.namespaces.pid === 'agent',
        image: join(folder, IMAGES, String(index)),
        isRoot,
      }),
    ),
    ...(plan.rootfs === undefined ? [] : ['reach', rootfs, way.entered]),
  ];
}

/** Shows the cgroups in one folder, closed to writing. */
function cgroupSteps({ cgroupViews }: ContainerPlan, target: string): string[] {
  if (cgroupViews.length === 0) {
    return [];
  }
  const isOne = cgroupViews.every(({ name }) => name === '');
  const binds = cgroupViews.flatMap(({ folder, name }) => ['bind', folder, join(target, name)]);
  return [...(isOne ? [] : ['bind', target, target]), ...binds, 'close', target, ''];
}

interface Folders extends Pick<ContainerPlan, 'cgroupViews'> {
  readonly joined: readonly JoinedKind[];
  readonly images: readonly number[];
  readonly carried: readonly Carried[];
}

function make(folder: string, folders: Folders, config: object): void {
  const { joined, images, cgroupViews, carried } = folders;
  try {
    mkdirSync(folder, { mode: 0o700 });
    mkdirSync(join(folder, 'rootfs'), { mode: 0o755 });
    mkdirSync(join(folder, NAMESPACES), { mode: 0o700 });
    for (const kind of joined) {
      writeFileSync(namespaceIn(folder, kind), '');
    }
    for (const { name } of cgroupViews) {
      mkdirSync(join(folder, CGROUPS, name), { recursive: true, mode: 0o755 });
    }
    for (const image of images) {
      mkdirSync(join(folder, IMAGES, String(image)), { recursive: true, mode: 0o700 });
    }
    makePlaces(folder, carried);
    writeFileSync(join(folder, CONFIG), ociText(config), { mode: 0o600 });
  } catch (error) {
    throw new ContainerizerError(`Failed to make the bundle of the container: ${String(error)}`, {
      cause: error,
    });
  }
}

/**
 * The call for a command beside a container's process: in its namespaces, confined as it is, with
 * its environment and these variables; `as` another user, with that user's capabilities. To be
 * disposed of when the command has ended.
 */
export type Beside = (command: ProcessPlan, as?: BesideAs) => RuntimeCall & Disposable;

interface BesideAs {
  readonly plan: Pick<ContainerPlan, 'capabilities'>;
  readonly identity: Identity | undefined;
}

const needsRuntime = ({ namespaces, rootfs, seccomp }: ContainerPlan) =>
  rootfs !== undefined || seccomp !== undefined || hasOwnNamespaces(namespaces);

function agentUser(): AgentUser {
  const status = readText('/proc/self/status', 'utf8') ?? '';
  return {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    bounding: capabilitiesIn(status, 'CapBnd'),
    permitted: capabilitiesIn(status, 'CapPrm'),
  };
}
