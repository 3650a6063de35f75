// Ports of the machine that lead to ports of containers. Each leads to one container: where several
// had it, rules of the machine would silently prefer one.
import type { NetworkInfo, NetworkInfo_PortMapping } from '../../../model/generated/messages.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { listeningSockets } from '../listening-sockets.ts';

const PROTOCOLS = ['tcp', 'udp', 'sctp'];
const MAX_PORT = 65_535;
/** All ports of one protocol, and no rules without end. */
const MAX_MAPPINGS = 1_024;

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
  const mapped = port_mappings.filter((it) => protocolOf(it) === 'tcp');
  if (mapped.length === 0) {
    return;
  }
  const used = new Set((await listeningSockets()).values());
  const taken = mapped.find(({ host_port }) => used.has(host_port));
  if (taken !== undefined) {
    throw new ContainerizerError(
      `Failed to map ports: a program of the machine listens on port ${taken.host_port}/tcp`,
    );
  }
}

export class MappedPorts {
  /** By port and protocol. */
  readonly #holders = new Map<string, ContainerId>();

  /**
   * Takes the ports of all these networks. Throws ContainerizerError, and takes none, where one of
   * them has another container, or comes twice.
   */
  take(id: ContainerId, networks: readonly NetworkInfo[]): void {
    const asked = new Set<string>();
    for (const port of networks.flatMap(portsOf)) {
      const holder = this.#holders.get(port) ?? (asked.has(port) ? id : undefined);
      if (holder !== undefined) {
        throw new ContainerizerError(
          `Failed to map ports of container ${id}: host port ${port} ` +
            (holder === id ? 'is asked for twice' : `is mapped to container ${holder}`),
        );
      }
      asked.add(port);
    }
    this.recover(id, networks);
  }

  /** As an earlier agent has given them. */
  recover(id: ContainerId, networks: readonly NetworkInfo[]): void {
    for (const port of networks.flatMap(portsOf)) {
      this.#holders.set(port, id);
    }
  }

  release(id: ContainerId, networks: readonly NetworkInfo[]): void {
    for (const port of networks.flatMap(portsOf)) {
      if (this.#holders.get(port) === id) {
        this.#holders.delete(port);
      }
    }
  }
}

const portsOf = ({ port_mappings = [] }: NetworkInfo): string[] =>
  port_mappings.map((mapping) => `${mapping.host_port}/${protocolOf(mapping)}`);
