// What the status of a task in a container of type DOCKER tells of that container: a text such as
// `docker inspect` prints, in which frameworks look for addresses, ports and mounts. Secrets among
// the variables are left out.
import { dockerOptions } from '../containerizer/plan/docker/docker-options.ts';
import {
  type ContainerInfo,
  Environment_Variable_Type,
  type TaskInfo,
  Volume_Mode,
} from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';

export interface InspectedContainer {
  readonly id: ContainerId;
  readonly task: TaskInfo;
  readonly info: ContainerInfo;
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

function inspected({ id, task, info }: InspectedContainer, startedMs: number) {
  const { command = {} } = task;
  const options = dockerOptions(info);
  const started = new Date(startedMs).toISOString();
  const volumes = volumesOf(info, options);
  const address = { IPAddress: '', GlobalIPv6Address: '' };
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
      NetworkMode: options.network,
      Privileged: options.isPrivileged,
      Binds: volumes.map((it) => `${it.Source}:${it.Destination}:${it.Mode}`),
      PortBindings: {},
      Devices: [],
      Dns: [],
      ReadonlyRootfs: options.isReadOnly,
      ShmSize: options.shmBytes,
    },
    Mounts: volumes,
    NetworkSettings: { ...address, Ports: {}, Networks: { [options.network]: address } },
  };
}

type Options = ReturnType<typeof dockerOptions>;
type Command = NonNullable<TaskInfo['command']>;

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
