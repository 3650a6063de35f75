// Requests for containers of type DOCKER, and what they are planned with.
import type { DockerMachine } from '../../../../src/containerizer/isolators/docker-containers.ts';
import { dockerIsolators } from '../../../../src/containerizer/isolators/docker-isolators.ts';
import { createIsolators } from '../../../../src/containerizer/isolators/isolators.ts';
import { NO_DNS } from '../../../../src/containerizer/networks/container-dns.ts';
import type { PlanHost } from '../../../../src/containerizer/plan/plan.ts';
import type { ContainerRequest } from '../../../../src/containerizer/plan/request.ts';
import {
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  Image_Type,
} from '../../../../src/model/generated/messages.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { cpus, mem } from '../../../core/resources.ts';
import { isolatorParts } from '../../isolators/parts.ts';

const root = { kind: 'folder', path: '/image', isReadOnly: false } as const;
const hierarchies = [
  { version: 1 as const, root: '/cg/mem/mesos', controllers: ['memory'] },
  { version: 1 as const, root: '/cg/cpu/mesos', controllers: ['cpu', 'cpuacct'] },
  { version: 1 as const, root: '/cg/dev/mesos', controllers: ['devices'] },
];
export const host: PlanHost = {
  workDirectory: '/agent',
  cgroups: hierarchies,
  images: { types: [], sandboxDirectory: '/mnt/mesos/sandbox' },
  containerizers: ['docker', 'mesos'],
};
export const parts = {
  ...isolatorParts,
  host: { ...isolatorParts.host, cgroups: { ...isolatorParts.host.cgroups, hierarchies } },
};
export const used = createIsolators(['posix/cpu', 'posix/mem'], parts);
export const isolators = dockerIsolators(used, parts);

export const machine: DockerMachine = {
  hostname: 'm',
  networks: { bridge: 'own-bridge', dns: NO_DNS },
  seccomp: undefined,
  allowed: undefined,
  isPidSharingAllowed: true,
  isIpcSharingAllowed: true,
  devices: () => [],
  device: () => undefined,
  allowedDevices: new Set<string>(),
  text: () => '',
};

export const config = {
  entrypoint: ['/entry'],
  command: ['usual'],
  environment: ['A=image', 'B=image'],
  workingDirectory: '/srv',
  user: 'app',
  stopSignal: 'QUIT',
  volumes: ['/data', 'more/../var/lib', '/proc/x', '/dev'],
};

export const request = (container: ContainerInfo, command: CommandInfo): ContainerRequest => ({
  id: containerId('c1'),
  kind: 'executor',
  sandbox: 'slaves/s/runs/c1',
  user: 'ann',
  environment: { MESOS_SLAVE_ID: 's' },
  command,
  resources: [{ ...cpus(1), allocation_info: { role: 'web' } }, mem(64)],
  isBound: false,
  executor: { executor_id: { value: 'e' }, container },
  task: { name: 't', task_id: { value: 't' }, agent_id: { value: 's' }, command },
  images: {
    rootfs: { type: Image_Type.DOCKER, config, root },
    volumes: [],
  },
});

export const docker = (
  more: Partial<NonNullable<ContainerInfo['docker']>> = {},
  info: Partial<ContainerInfo> = {},
): ContainerInfo => ({
  type: ContainerInfo_Type.DOCKER,
  docker: { image: 'app', ...more },
  ...info,
});
