// What the status of a task in a container of type DOCKER tells of that container: a text such as
// `docker inspect` prints, in which frameworks look for addresses, ports and mounts. Secrets among
// the variables are left out.
import { addressesOf } from '../containerizer/networks/name-files.ts';
import { networkText } from '../containerizer/plan/docker/docker-network.ts';
import { dockerOptions } from '../containerizer/plan/docker/docker-options.ts';
import {
  type ContainerInfo,
  Environment_Variable_Type,
  type NetworkInfo,
  type TaskInfo,
  Volume_Mode,
} from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';

export interface InspectedContainer {
  readonly id: ContainerId;
  readonly task: TaskInfo;
  readonly info: ContainerInfo;
  /** What it has of networks of its own. */
  readonly networks: NetworkInfo[];
}

/** It goes with a status, which is kept until it is acknowledged. */
const MOST_BYTES = 65_536;

/** In UTF-8. One that would be too long leaves out what the task itself has said. */
export function dockerInspection(container: InspectedContainer, startedMs: number): Uint8Array {
  const { Config, HostConfig, Mounts, ...rest } = inspected(container, startedMs);
  const whole = encoded({ ...rest, Config, HostConfig, Mounts });
  const { NetworkMode, Privileged } = HostConfig;
  return whole.length <= MOST_BYTES
    ? whole
    : encoded({ ...rest, HostConfig: { NetworkMode, Privileged } });
}

const encoded = (container: object) => new TextEncoder().encode(JSON.stringify([container]));

/** Docker's word for a time that has not come. */
const NEVER = '0001-01-01T00:00:00Z';

function inspected({ id, task, info, networks }: InspectedContainer, startedMs: number) {
  const { command = {} } = task;
  const options = dockerOptions(info);
  const started = new Date(startedMs).toISOString();
  const volumes = volumesOf(info, options);
  const network = networkText(options.network);
  const address = addressIn(networks);
  return {
    Id: id,
    Name: `/mesos-${id}`,
    Created: started,
    State: {
      Status: 'running',
      Running: true,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      ExitCode: 0,
      Error: '',
      StartedAt: started,
      FinishedAt: NEVER,
    },
    RestartCount: 0,
    Config: {
      Image: info.docker?.image ?? '',
      Hostname: options.hostname ?? '',
      User: options.user ?? '',
      WorkingDir: options.workingDirectory ?? '',
      Entrypoint: command.shell === false ? entrypointOf(options) : ['/bin/sh'],
      Cmd: command.shell === false ? wordsOf(command) : ['-c', command.value ?? ''],
      Env: variablesOf(command, options),
      Labels: options.labels,
    },
    HostConfig: {
      NetworkMode: network,
      Privileged: options.isPrivileged,
      Binds: volumes.map((it) => `${it.Source}:${it.Destination}:${it.Mode}`),
      PortBindings: bindingsOf(options, ''),
      Devices: [],
      Dns: [],
      ReadonlyRootfs: options.isReadOnly,
      ShmSize: options.shmBytes,
    },
    Mounts: volumes,
    NetworkSettings: {
      // As docker has it, of its own network only.
      ...(network === 'bridge' ? address : addressIn([])),
      Ports: bindingsOf(options, '0.0.0.0'),
      Networks: { [network]: address },
    },
  };
}

type Options = ReturnType<typeof dockerOptions>;
type Command = NonNullable<TaskInfo['command']>;

function addressIn(networks: NetworkInfo[]) {
  const addresses = addressesOf(networks);
  const isIpv6 = (address: string) => address.includes(':');
  return {
    IPAddress: addresses.find((it) => !isIpv6(it)) ?? '',
    GlobalIPv6Address: addresses.find(isIpv6) ?? '',
  };
}

/** By the port of the container, as `80/tcp`, which several of the machine may lead to. */
function bindingsOf({ ports }: Options, HostIp: string) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { host_port, container_port, protocol = 'tcp' } of ports) {
    const port = `${container_port}/${protocol}`;
    bindings[port] = [...(bindings[port] ?? []), { HostIp, HostPort: String(host_port) }];
  }
  return bindings;
}

const entrypointOf = ({ entrypoint }: Options) => (entrypoint === undefined ? null : [entrypoint]);

const wordsOf = ({ value, arguments: given = [] }: Command) =>
  value === undefined ? given : [value, ...given];

const variablesOf = ({ environment }: Command, options: Options): string[] => [
  ...(environment?.variables ?? [])
    .filter(({ type }) => type !== Environment_Variable_Type.SECRET)
    .map(({ name, value }) => `${name}=${value ?? ''}`),
  ...Object.entries(options.environment).map(([name, value]) => `${name}=${value}`),
];

const volumesOf = ({ volumes = [] }: ContainerInfo, options: Options) =>
  [
    ...volumes.flatMap(({ host_path: host, container_path: target, mode }) =>
      host === undefined ? [] : [{ host, target, isReadOnly: mode === Volume_Mode.RO }],
    ),
    ...options.volumes,
  ].map(({ host, target, isReadOnly }) => ({
    Type: 'bind',
    Source: host,
    Destination: target,
    Mode: isReadOnly ? 'ro' : 'rw',
    RW: !isReadOnly,
  }));
