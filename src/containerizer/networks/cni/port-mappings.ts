// Ports of the machine that lead to ports of containers. Each leads to one container: where several
// had it, rules of the machine would silently prefer one.
import type { NetworkInfo, NetworkInfo_PortMapping } from '../../../model/generated/messages.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { usedPorts } from '../used-ports.ts';

const PROTOCOLS = ['tcp', 'udp', 'sctp'];
const MAX_PORT = 65_535;
/** While rules are made for a container, all others wait for theirs. */
const MAX_MAPPINGS = 128;

export const protocolOf = ({ protocol }: NetworkInfo_PortMapping): string =>
  protocol?.toLowerCase() || 'tcp';

/** Throws ContainerizerError with what no plugin can map. */
export function checkMappings({ name, port_mappings = [] }: NetworkInfo): void {
  const refuse = (why: string) =>
    new ContainerizerError(`Failed to map ports of CNI network '${name}': ${why}`);
  if (port_mappings.length > MAX_MAPPINGS) {
    throw refuse(`there are ${port_mappings.length}, and at most ${MAX_MAPPINGS} are mapped`);
  }
  for (const mapping of port_mappings) {
    for (const field of ['host_port', 'container_port'] as const) {
      if (mapping[field] < 1 || mapping[field] > MAX_PORT) {
        throw refuse(`'${field}' must be from 1 to ${MAX_PORT}: ${mapping[field]}`);
      }
    }
    if (!PROTOCOLS.includes(protocolOf(mapping))) {
      throw refuse(`'protocol' must be ${PROTOCOLS.join(', ')}: '${mapping.protocol}'`);
    }
  }
}

/** Rejects with ContainerizerError where somebody would not be reached any more. */
export async function requireUnused({ port_mappings = [] }: NetworkInfo): Promise<void> {
  for (const protocol of new Set(port_mappings.map(protocolOf))) {
    const used = await usedPorts(protocol);
    const taken = port_mappings.find((it) => protocolOf(it) === protocol && used.has(it.host_port));
    if (taken !== undefined) {
      throw new ContainerizerError(
        `Failed to map ports: a program of the machine listens on port ${taken.host_port}/${protocol}`,
      );
    }
  }
}

/** For how long the end of a container may be told before it is detached. */
const WAIT_MS = 1_000;

/** Which container has which port. */
export class MappedPorts {
  /** By port and protocol. */
  readonly #holders = new Map<string, ContainerId>();
  /** Containers that give their ports back, as soon as plugins have taken the rules away. */
  readonly #leaving = new Set<ContainerId>();
  readonly #waitMs: number;
  #next = Promise.withResolvers<void>();

  constructor(waitMs = WAIT_MS) {
    this.#waitMs = waitMs;
  }

  /**
   * Takes the ports of all these networks, which may be those of a container that has just ended.
   * Rejects with ContainerizerError, and takes none, where one of them has another container, or
   * comes twice.
   */
  async take(id: ContainerId, networks: readonly NetworkInfo[], abort: AbortSignal): Promise<void> {
    const ports = networks.flatMap(portsOf);
    const twice = ports.find((port, at) => ports.indexOf(port) !== at);
    if (twice !== undefined) {
      throw notMapped(id, twice, 'is asked for twice');
    }
    let isLate = false;
    const wake = () => this.#wake();
    const timer = setTimeout(() => {
      isLate = true;
      wake();
    }, this.#waitMs);
    abort.addEventListener('abort', wake);
    try {
      for (;;) {
        abort.throwIfAborted();
        const taken = ports.find((port) => this.#holders.has(port));
        const holder = taken === undefined ? undefined : this.#holders.get(taken);
        if (taken === undefined || holder === undefined) {
          break;
        }
        if (isLate && !this.#leaving.has(holder)) {
          throw notMapped(id, taken, `is mapped to container ${holder}`);
        }
        await this.#next.promise;
      }
    } finally {
      clearTimeout(timer);
      abort.removeEventListener('abort', wake);
    }
    this.recover(id, networks);
  }

  /** The container is being detached. */
  leave(id: ContainerId): void {
    this.#leaving.add(id);
  }

  /** It has them, as an earlier agent has given them, or as it could not be detached. */
  recover(id: ContainerId, networks: readonly NetworkInfo[]): void {
    this.#leaving.delete(id);
    for (const port of networks.flatMap(portsOf)) {
      this.#holders.set(port, id);
    }
    this.#wake();
  }

  release(id: ContainerId, networks: readonly NetworkInfo[]): void {
    for (const port of networks.flatMap(portsOf)) {
      if (this.#holders.get(port) === id) {
        this.#holders.delete(port);
      }
    }
    this.#leaving.delete(id);
    this.#wake();
  }

  /** Whoever waits for ports looks again. */
  #wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}

const notMapped = (id: ContainerId, port: string, why: string) =>
  new ContainerizerError(`Failed to map ports of container ${id}: host port ${port} ${why}`);

const portsOf = ({ port_mappings = [] }: NetworkInfo): string[] =>
  port_mappings.map((mapping) => `${mapping.host_port}/${protocolOf(mapping)}`);
