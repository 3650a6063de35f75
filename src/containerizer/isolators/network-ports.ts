// network/ports: containers on the machine's own network listen on ports that they were given. One
// that listens on another is told of in the log, and ended if the operator wants that. One round
// looks at all containers.
//
// Ports are given to an executor and all its tasks together, so that those of nested containers are
// those of their root.
import { readFile } from 'node:fs/promises';
import { rootOf } from '../../model/container-id.ts';
import { type Resource, TaskStatus_Reason } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { OnLimitation } from '../limitation.ts';
import { listeningSockets, OpenSockets } from '../networks/listening-sockets.ts';
import type { WaitingSockets } from '../networks/socket-tables.ts';
import {
  hasPort,
  type PortRanges,
  portsOf,
  portsResource,
  portsText,
  rangesOf,
} from '../plan/ports.ts';
import { isAbsence } from '../records/record-file.ts';
import { Rounds } from '../rounds.ts';
import type { Isolator } from './isolator.ts';

export interface PortOptions {
  readonly watchIntervalMs: number;
  /** Whether containers that listen on ports which they were not given are ended. */
  readonly isEnforced: boolean;
  /** Only these ports are looked at; undefined: all. */
  readonly isolated?: PortRanges | undefined;
}

export const DEFAULT_PORT_OPTIONS: PortOptions = { watchIntervalMs: 30_000, isEnforced: false };

interface Reporting extends PortOptions {
  readonly onLimitation: OnLimitation;
  readonly warn: (text: string) => void;
}

interface NetworkPortsParts extends Reporting {
  /** The program find; undefined where there is none. */
  readonly find: string | undefined;
  /** That of the supervisor: its path. */
  readonly supervisor: string;
  readonly hasCgroups: boolean;
}

/** Throws ContainerizerError where it cannot be told who listens. */
export function networkPorts({
  find,
  supervisor,
  hasCgroups,
  ...parts
}: NetworkPortsParts): Isolator {
  if (find === undefined) {
    throw new ContainerizerError('--isolation: network/ports needs the program find');
  }
  if (!hasCgroups) {
    throw new ContainerizerError('--isolation: network/ports needs cgroups for containers');
  }
  const ports = new Ports(parts, new OpenSockets(find, supervisor));
  return {
    name: 'network/ports',
    contribute: (plan, { id, resources }) =>
      rootOf(id) === id ? { ...plan, ports: portsOf(resources) } : plan,
    async prepare({ id, cgroups, ports: given }) {
      ports.watch(id, cgroups.joined[0], given);
    },
    update: ({ id, cgroups }, resources: readonly Resource[]) =>
      ports.watch(id, cgroups.joined[0], portsOf(resources)),
    recover: ({ id, cgroups }, resources: readonly Resource[]) =>
      ports.watch(id, cgroups.joined[0], portsOf(resources)),
    cleanup: (id) => ports.forget(id),
    close: () => ports.close(),
  };
}

interface Watched {
  /** The cgroup with the container's own processes. */
  readonly cgroup: string;
  /** Of a root container. */
  readonly given: PortRanges;
  /** What was told of last, so that the log says it once. */
  told: string;
}

class Ports {
  readonly #options: Reporting;
  readonly #open: OpenSockets;
  readonly #watched = new Map<ContainerId, Watched>();
  readonly #rounds: Rounds;

  constructor(options: Reporting, open: OpenSockets) {
    this.#options = options;
    this.#open = open;
    this.#rounds = new Rounds({
      intervalMs: options.watchIntervalMs,
      look: () =>
        this.#look().catch((error: unknown) => {
          options.warn(`The ports of containers cannot be looked at: ${String(error)}`);
        }),
      hasMore: () => this.#watched.size > 0,
    });
  }

  watch(id: ContainerId, cgroup: string | undefined, given: PortRanges): void {
    if (cgroup !== undefined) {
      this.#watched.set(id, { cgroup, given, told: this.#watched.get(id)?.told ?? '' });
      this.#rounds.start();
    }
  }

  forget(id: ContainerId): void {
    this.#watched.delete(id);
  }

  close(): void {
    this.#rounds.close();
    this.#open.close();
  }

  async #look(): Promise<void> {
    const sockets = this.#isolated(await listeningSockets());
    if (sockets.size === 0) {
      return;
    }
    const containers = new Map<number, ContainerId>();
    for (const [id, { cgroup }] of this.#watched) {
      for (const pid of await processesIn(cgroup)) {
        containers.set(pid, id);
      }
    }
    const listeners = new Map<ContainerId, Map<number, Set<number>>>();
    await this.#open.list([...containers.keys()], (pid, inode) => {
      const port = sockets.get(inode);
      const id = containers.get(pid);
      if (port !== undefined && id !== undefined && !this.#isGiven(id, port)) {
        const ports = listeners.get(id) ?? new Map<number, Set<number>>();
        listeners.set(id, ports.set(port, (ports.get(port) ?? new Set()).add(pid)));
      }
    });
    for (const [id, ports] of listeners) {
      await this.#judge(id, ports);
    }
  }

  #isolated(sockets: WaitingSockets): WaitingSockets {
    const { isolated } = this.#options;
    return isolated === undefined
      ? sockets
      : new Map([...sockets].filter(([, port]) => hasPort(isolated, port)));
  }

  /** True also where it is not known any more what the container was given: it ends. */
  #isGiven(id: ContainerId, port: number): boolean {
    const root = this.#watched.get(rootOf(id));
    return root === undefined || hasPort(root.given, port);
  }

  /** A process may have ended meanwhile, and its number be that of another container's. */
  async #judge(id: ContainerId, ports: ReadonlyMap<number, ReadonlySet<number>>): Promise<void> {
    const watched = this.#watched.get(id);
    const still = new Set(watched && (await processesIn(watched.cgroup)));
    const ranges = rangesOf(
      [...ports]
        .filter(([port, pids]) => !this.#isGiven(id, port) && !pids.isDisjointFrom(still))
        .map(([port]) => port),
    );
    if (watched === undefined || ranges.length === 0) {
      return;
    }
    const message = `Container ${id} is listening on unallocated port(s): ${portsText(ranges)}`;
    if (watched.told !== message) {
      watched.told = message;
      this.#options.warn(message);
    }
    if (this.#options.isEnforced) {
      this.#options.onLimitation(rootOf(id), {
        message,
        reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION,
        resources: [portsResource(ranges)],
      });
    }
  }
}

/** None where the container has ended. */
async function processesIn(cgroup: string): Promise<number[]> {
  try {
    const text = await readFile(`${cgroup}/cgroup.procs`, 'latin1');
    return text.split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if (isAbsence(error)) {
      return [];
    }
    throw error;
  }
}
