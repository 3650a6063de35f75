// The bundles of containers that an OCI runtime starts: a folder for each, among the container's
// records, with its configuration and all that the runtime writes. It goes with the records, so
// that nothing of the runtime is left behind. A later agent runs commands beside a container by it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { Identity } from '../../host/users.ts';
import { namesIn } from '../../plan/capabilities.ts';
import type { ContainerPlan, ProcessPlan } from '../../plan/plan.ts';
import { NAMESPACE_KINDS } from '../../plan/surroundings.ts';
import { isAbsence, readText } from '../../records/record-file.ts';
import type { RunRecords } from '../../records/run-records.ts';
import type { RuntimeCall } from '../process/spawner.ts';
import {
  type AgentCapabilities,
  besideProcess,
  type OciConfig,
  ociConfig,
  ociText,
  ociValue,
} from './oci-config.ts';
import { OciRuntime } from './oci-runtime.ts';

/** A runtime is to see no cgroups: those of containers are made before it is started. */
const CGROUPS = '/sys/fs/cgroup';
const HIDDEN_CGROUPS = ['hide', CGROUPS, ''];

/** What a supervisor writes when the container has its first process: pid and start time. */
const FIRST = 'first';

export class Bundles {
  readonly #runtime: OciRuntime | undefined;
  readonly #records: RunRecords;
  readonly #capabilities = agentCapabilities();
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
  make(plan: ContainerPlan, identity: Identity | undefined): RuntimeCall | undefined {
    if (!needsRuntime(plan)) {
      return undefined;
    }
    const runtime = this.#runtime;
    if (runtime === undefined) {
      throw new ContainerizerError('Namespaces of its own need an agent with --launcher=linux');
    }
    const shared = NAMESPACE_KINDS.find((kind) => plan.namespaces[kind] === 'parent');
    if (shared !== undefined) {
      throw new ContainerizerError(
        `Containers cannot share the ${shared} namespace of the one they are nested in yet`,
      );
    }
    const folder = this.#folder(plan.id);
    const rootfs = plan.rootfs ?? join(folder, 'rootfs');
    const config = ociConfig(plan, {
      identity,
      rootfs,
      capabilities: this.#capabilities,
      parent: {},
      annotations: runtime.annotations,
    });
    try {
      mkdirSync(folder, { mode: 0o700 });
      mkdirSync(join(folder, 'rootfs'), { mode: 0o755 });
      writeFileSync(join(folder, 'config.json'), ociText(config), { mode: 0o600 });
    } catch (error) {
      throw new ContainerizerError(`Failed to make the bundle of the container: ${String(error)}`, {
        cause: error,
      });
    }
    const paths = this.#paths(folder, '');
    return {
      stage: [...(plan.rootfs === undefined ? ['bind', '/', rootfs] : []), ...HIDDEN_CGROUPS],
      arguments: runtime.run(folder, paths),
      pidFile: paths.pid,
      logFile: paths.log,
    };
  }

  /**
   * Commands beside the process of a container that a runtime has started; undefined where it was
   * started without one. Throws ContainerizerError.
   */
  open(id: ContainerId): Beside | undefined {
    const folder = this.#folder(id);
    const config = configIn(folder);
    if (config === undefined) {
      return undefined;
    }
    const runtime = OciRuntime.of(config.annotations);
    if (runtime === undefined) {
      throw new ContainerizerError(`The OCI runtime of container ${id} is not known here`);
    }
    return (command, as) => {
      this.#lastCommand++;
      // An earlier agent may have left files of such a name.
      const name = `command-${process.pid}-${this.#lastCommand}`;
      const file = join(folder, `${name}.json`);
      writeFileSync(
        file,
        ociText(
          besideProcess(config.process, command, as && { ...as, capabilities: this.#capabilities }),
        ),
        { mode: 0o600 },
      );
      const paths = this.#paths(folder, `${name}.`);
      return {
        stage: ['await', join(this.#records.folder(id), FIRST), '', ...HIDDEN_CGROUPS],
        arguments: runtime.execute(file, paths),
        pidFile: paths.pid,
        logFile: paths.log,
        [Symbol.dispose]: () => {
          for (const path of [file, paths.pid, paths.log]) {
            rmSync(path, { force: true });
          }
        },
      };
    };
  }

  #folder(id: ContainerId): string {
    return join(this.#records.folder(id), 'oci');
  }

  #paths(folder: string, prefix: string) {
    return {
      state: join(folder, 'state'),
      log: join(folder, `${prefix}log`),
      pid: join(folder, `${prefix}pid`),
    };
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

function configIn(folder: string): OciConfig | undefined {
  const path = join(folder, 'config.json');
  try {
    return ociValue(readFileSync(path, 'utf8')) as OciConfig;
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw new ContainerizerError(`'${path}' cannot be read: ${String(error)}`, { cause: error });
  }
}

const needsRuntime = ({ namespaces, rootfs, seccomp }: ContainerPlan) =>
  rootfs !== undefined ||
  seccomp !== undefined ||
  NAMESPACE_KINDS.some((kind) => namespaces[kind] !== 'agent');

/** Of the agent itself, which is root. */
function agentCapabilities(): AgentCapabilities {
  const status = readText('/proc/self/status', 'utf8') ?? '';
  const set = (field: string) =>
    namesIn(BigInt(`0x${new RegExp(`^${field}:\\s*(\\w+)`, 'm').exec(status)?.[1] ?? '0'}`));
  return { bounding: set('CapBnd'), permitted: set('CapPrm') };
}
