// The network of a container of type DOCKER: the agent's, none but the loopback device, or one that
// CNI plugins attach it to. What these are told is what `docker run` would be.
import { enumNames } from '../../../model/enum-names.ts';
import {
  type ContainerInfo,
  ContainerInfo_DockerInfo_Network as Network,
  type NetworkInfo,
  type NetworkInfo_PortMapping as PortMapping,
  type Resource,
} from '../../../model/generated/messages.ts';
import { networkNameError, portMappingError } from '../../../model/network-info.ts';
import { hasPort, portsOf } from '../ports.ts';
import { dockerError } from './docker-error.ts';
import type { DockerOptions } from './docker-options.ts';

/**
 * `host`: the agent's. `none`: one of its own, in which there is only the loopback device.
 * `bridge`: that of all who name no other. Else one that the operator has configured.
 */
export type DockerNetwork = 'host' | 'none' | 'bridge' | { readonly name: string };

/** As docker calls it. */
export const networkText = (network: DockerNetwork): string =>
  typeof network === 'string' ? network : network.name;

/** Whether plugins attach the container to it. */
const isAttached = (network: DockerNetwork): boolean => network !== 'host' && network !== 'none';

const nameOf = enumNames(Network);

/** Mesos's words. */
export const ONE_NETWORK = 'Only a single network can be defined in Docker run';

/** Throws ContainerizerError, in Mesos's words where it has some. */
export function networkOf(network: Network, { network_infos = [] }: ContainerInfo): DockerNetwork {
  switch (network) {
    case Network.HOST:
      return 'host';
    case Network.NONE:
      return 'none';
    case Network.BRIDGE:
      return 'bridge';
    case Network.USER: {
      const [info] = network_infos;
      if (info === undefined) {
        throw dockerError('No network info found in container info');
      }
      if (info.name === undefined) {
        throw dockerError('No network name found in network info');
      }
      return networkNamed(info.name);
    }
    default:
      throw dockerError(`Unsupported Network mode: ${nameOf(network) ?? String(network)}`);
  }
}

/** As `docker run --network` has it. Throws ContainerizerError. */
export function networkNamed(name: string): DockerNetwork {
  if (name.startsWith('container:')) {
    throw dockerError(
      `the network '${name}' is not supported: only containers of type MESOS share one`,
    );
  }
  if (name === 'host' || name === 'none' || name === 'bridge') {
    return name;
  }
  if (name === 'default') {
    return 'bridge';
  }
  const error = networkNameError(name);
  if (error !== undefined) {
    throw dockerError(error);
  }
  return { name };
}

type Asked = Pick<DockerOptions, 'network' | 'ports' | 'addresses' | 'hostname'>;

/** What has to fit together. Throws ContainerizerError. */
export function requirePossibleNetwork(
  { network, ports, addresses, hostname }: Asked,
  { network_infos: infos = [] }: ContainerInfo,
): void {
  const [{ name, groups = [], ip_addresses = [] } = {}] = infos;
  const word = networkText(network);
  if (infos.length > 1) {
    throw dockerError(ONE_NETWORK);
  }
  if (hostname !== undefined && network === 'host') {
    throw dockerError('Unable to set hostname with host network mode');
  }
  if (ports.length > 0 && !isAttached(network)) {
    throw dockerError('Port mappings are only supported for bridge and user-defined networks');
  }
  const asked = name ?? groups[0];
  if (asked !== undefined && !isAttached(network)) {
    throw dockerError(
      `'container.network_infos' asks for '${asked}', but the container has the network '${word}'`,
    );
  }
  const address = [...addresses, ...ip_addresses.map((it) => it.ip_address)].find(Boolean);
  if (address !== undefined && typeof network === 'string') {
    throw dockerError(
      `the address '${address}' is asked for in the network '${word}': only user-defined networks ` +
        'give one that is asked for',
    );
  }
  requireDistinct(ports);
}

/** Each costs several rules of a filter. */
const MOST_PORTS = 1_000;

function requireDistinct(ports: readonly PortMapping[]): void {
  if (ports.length > MOST_PORTS) {
    throw dockerError(`${ports.length} port mappings are more than ${MOST_PORTS}`);
  }
  const taken = new Set<string>();
  for (const { host_port, protocol } of ports) {
    const port = `${host_port}/${protocol}`;
    if (taken.has(port)) {
      throw dockerError(`the port ${port} of the machine is mapped twice`);
    }
    taken.add(port);
  }
}

/** The machine's ports are resources. Throws ContainerizerError. */
export function requirePortResources(
  { ports }: Pick<Asked, 'ports'>,
  resources: readonly Resource[],
): void {
  const ranges = portsOf(resources);
  if (ports.length > 0 && ranges.length === 0) {
    throw dockerError('Port mappings require port resources');
  }
  for (const { host_port: port } of ports) {
    if (!hasPort(ranges, port)) {
      throw dockerError(`Port [${port}] not included in resources`);
    }
  }
}

/** Those of a DockerInfo, each with a protocol. Throws ContainerizerError. */
export const portsIn = ({ docker }: ContainerInfo): PortMapping[] =>
  (docker?.port_mappings ?? []).map(withProtocol);

/** Of a NetworkInfo, where frameworks repeat them, those that are not there yet. */
export function morePorts(
  ports: readonly PortMapping[],
  { network_infos: [info] = [] }: ContainerInfo,
): PortMapping[] {
  const known = new Set(ports.map(portsText));
  return (info?.port_mappings ?? []).map(withProtocol).filter((it) => !known.has(portsText(it)));
}

const portsText = ({ host_port, container_port, protocol }: PortMapping) =>
  `${host_port}:${container_port}/${protocol}`;

function withProtocol({ protocol = 'tcp', ...ports }: PortMapping): PortMapping {
  const error = portMappingError({ ...ports, protocol });
  if (error !== undefined) {
    throw dockerError(error);
  }
  return { ...ports, protocol: protocol.toLowerCase() };
}

/** Where it is attached, undefined for `host` and `none`. `bridge`: the name of that network. */
export function networkInfoOf(
  { network, ports, addresses }: Asked,
  { network_infos: [info] = [] }: Pick<ContainerInfo, 'network_infos'> = {},
  bridge: string,
): NetworkInfo | undefined {
  if (network === 'host' || network === 'none') {
    return undefined;
  }
  return {
    ...info,
    name: network === 'bridge' ? bridge : network.name,
    ...(addresses.length > 0 && {
      ip_addresses: addresses.map((ip_address) => ({ ip_address })),
    }),
    ...(ports.length > 0 && { port_mappings: [...ports] }),
  };
}
