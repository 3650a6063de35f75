// What a ContainerInfo of type DOCKER asks for, as one value: the fields of its DockerInfo, and
// those options of `docker run` among the parameters that have a meaning here.
import {
  type ContainerInfo,
  ContainerInfo_DockerInfo_Network as Network,
  type NetworkInfo_PortMapping as PortMapping,
} from '../../../model/generated/messages.ts';
import type { CapabilityName } from '../capabilities.ts';
import type { ResourceLimit } from '../resource-limits.ts';
import type { AllowedDevice, Mount } from '../surroundings.ts';
import { dockerError } from './docker-error.ts';
import {
  type DockerNetwork,
  morePorts,
  networkOf,
  ONE_NETWORK,
  portsIn,
  requirePossibleNetwork,
} from './docker-network.ts';
import { takeParameter } from './docker-parameters.ts';

/** A folder or file of the host, or of the sandbox where its path is relative. */
export interface DockerVolume {
  readonly host: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** A device of the machine. */
export interface DockerDevice {
  /** Both are paths in /dev. */
  readonly host: string;
  readonly target: string;
  readonly access: AllowedDevice['access'];
}

export interface DockerOptions {
  network: DockerNetwork;
  /** Of the machine, to those of the container; each has a protocol. */
  readonly ports: PortMapping[];
  /** That it is to have in its network. */
  readonly addresses: string[];
  isPrivileged: boolean;
  hostname: string | undefined;
  /** As docker takes it, `USER` or `USER:GROUP`; undefined: the image's. */
  user: string | undefined;
  /** Further groups of the process. */
  readonly groups: string[];
  workingDirectory: string | undefined;
  entrypoint: string | undefined;
  readonly environment: Record<string, string>;
  readonly labels: Record<string, string>;
  isReadOnly: boolean;
  readonly added: (CapabilityName | 'ALL')[];
  readonly dropped: (CapabilityName | 'ALL')[];
  readonly limits: ResourceLimit[];
  shmBytes: number;
  readonly memory: Mount[];
  readonly volumes: DockerVolume[];
  readonly devices: DockerDevice[];
  /** Whether a process of ours is the first one in the container, and not the command. */
  hasInit: boolean;
  hasNoNewPrivileges: boolean;
  /** Whether all system calls are allowed. */
  isUnconfined: boolean;
  sharesProcesses: boolean;
  sharesIpc: boolean;
  /** Lines of /etc/hosts. */
  readonly hosts: string[];
  /** Lines of /etc/resolv.conf. */
  readonly names: string[];
  stopSignal: number | undefined;
}

/** Of a request for a container of type DOCKER. */
export interface DockerAsked {
  readonly options: DockerOptions;
  /** Volumes that are in the machine's /dev, and in the container's own. */
  readonly devVolumes: readonly DockerVolume[];
}

/** Some cost a mount each. */
const MOST_PARAMETERS = 1_000;

/** Docker's. */
const SHM_BYTES = 64 * 2 ** 20;

/** Throws ContainerizerError, in Mesos's words where it has some. */
export function dockerOptions(info: ContainerInfo): DockerOptions {
  const { docker } = info;
  if (docker === undefined) {
    throw dockerError('No docker info found in container info');
  }
  const options: DockerOptions = {
    network: networkOf(docker.network ?? Network.HOST, info),
    ports: portsIn(info),
    addresses: [],
    isPrivileged: docker.privileged === true,
    hostname: info.hostname,
    user: undefined,
    groups: [],
    workingDirectory: undefined,
    entrypoint: undefined,
    // Of any names, `__proto__` among them.
    environment: Object.create(null) as Record<string, string>,
    labels: Object.create(null) as Record<string, string>,
    isReadOnly: false,
    added: [],
    dropped: [],
    limits: [],
    shmBytes: SHM_BYTES,
    memory: [],
    volumes: [],
    devices: [],
    hasInit: false,
    hasNoNewPrivileges: false,
    isUnconfined: false,
    sharesProcesses: false,
    sharesIpc: false,
    hosts: [],
    names: [],
    stopSignal: undefined,
  };
  const { parameters = [] } = docker;
  if (parameters.length > MOST_PARAMETERS) {
    throw dockerError(`${parameters.length} parameters are more than ${MOST_PARAMETERS}`);
  }
  if (parameters.filter(({ key }) => key === 'net' || key === 'network').length > 1) {
    throw dockerError(ONE_NETWORK);
  }
  for (const { key, value } of parameters) {
    takeParameter(options, key, value);
  }
  for (const mapping of morePorts(options.ports, info)) {
    options.ports.push(mapping);
  }
  if (options.hostname === '') {
    // As docker takes it.
    options.hostname = undefined;
  }
  requireHostname(options.hostname);
  requirePossibleNetwork(options, info);
  return options;
}

/** The kernel's bound. */
const MOST_HOSTNAME = 64;

/** It stands in files of the container, too. */
function requireHostname(name: string | undefined): void {
  if (
    name !== undefined &&
    (name.length > MOST_HOSTNAME || !/^[a-zA-Z0-9](?:[\w.-]*[a-zA-Z0-9])?$/.test(name))
  ) {
    throw dockerError(
      `expected a hostname of at most ${MOST_HOSTNAME} letters, digits, '-', '_' and '.', not '${name}'`,
    );
  }
}
