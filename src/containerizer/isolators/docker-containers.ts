// Containers of type DOCKER: what docker gives to all of them, and what their DockerInfo asks for.
// It stands among isolators, after those of files and volumes, and before all that depends on what
// a container can do.
import { resolve } from 'node:path';
import type { CapabilityInfo, Resource } from '../../model/generated/messages.ts';
import { isAtOrBelow } from '../../model/paths.ts';
import { allocationRole } from '../../model/resource-format.ts';
import type { ImageConfig } from '../images/image.ts';
import type { ContainerDns } from '../networks/container-dns.ts';
import { ALLOCATION_ROLE } from '../plan/beside-task.ts';
import { commandEnvironment, layered } from '../plan/command-line.ts';
import { volumesOfKind } from '../plan/container-volumes.ts';
import { dockerCapabilities } from '../plan/docker/docker-capabilities.ts';
import { dockerLine } from '../plan/docker/docker-command.ts';
import { dockerError } from '../plan/docker/docker-error.ts';
import { requireHostFiles } from '../plan/docker/docker-host-files.ts';
import { type FilesOfMachine, withNameFiles } from '../plan/docker/docker-name-files.ts';
import { type DockerNetwork, networkInfoOf } from '../plan/docker/docker-network.ts';
import type { DockerAsked, DockerOptions, DockerVolume } from '../plan/docker/docker-options.ts';
import { dockerSeccomp } from '../plan/docker/docker-seccomp.ts';
import { signalNamed } from '../plan/docker/docker-signals.ts';
import { imageVariables } from '../plan/image-variables.ts';
import type { NetworkDns } from '../plan/network.ts';
import { boundShm, mountedOver, shm } from '../plan/own-files.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import { type ContainerRequest, containerInfoOf } from '../plan/request.ts';
import { type SeccompTarget, seccompFor } from '../plan/seccomp-profile.ts';
import type { Device, Mount } from '../plan/surroundings.ts';
import { pathOf } from '../plan/volume-mounts.ts';
import type { Isolator } from './isolator.ts';

export interface DockerMachine extends FilesOfMachine {
  readonly hostname: string;
  readonly networks: DockerNetworks;
  /** Undefined: no system calls can be filtered on this machine. */
  readonly seccomp: Omit<SeccompTarget, 'capabilities'> | undefined;
  /** What the operator bounds containers to. */
  readonly allowed: CapabilityInfo | undefined;
  /** Whether containers may see the machine's processes, and share its IPC. */
  readonly isPidSharingAllowed: boolean;
  readonly isIpcSharingAllowed: boolean;
  /** All devices of the machine, for those that are privileged. */
  readonly devices: () => readonly Device[];
  /** The device at a path of /dev; undefined where there is none. */
  readonly device: (path: string) => Device | undefined;
  /** The paths of those that all containers may have, whatever bounds there are. */
  readonly allowedDevices: ReadonlySet<string>;
}

/** What an operator says of the networks of these containers. */
export interface DockerNetworks {
  /** The name of the one for those that ask for BRIDGE. */
  readonly bridge: string;
  readonly dns: Pick<ContainerDns, 'docker' | 'dockerBridge'>;
}

/** As it stands in records. */
export const DOCKER_CONTAINERS = 'docker/containers';

export const dockerContainers = (machine: DockerMachine): Isolator => ({
  name: DOCKER_CONTAINERS,
  contribute(plan, request) {
    const { docker } = request;
    const config = request.images?.rootfs?.config;
    if (docker === undefined || config === undefined) {
      throw dockerError('No docker info found in container info');
    }
    const { options } = docker;
    const volumes = volumesOfKind(containerInfoOf(request), 'host');
    const paths = volumes.map(({ source }) => source.path);
    const inDev = docker.devVolumes.map((it) => it.host);
    requireHostFiles([...paths, ...inDev], plan.user, {
      isBounded: machine.allowed !== undefined,
      isIpcSharingAllowed: machine.isIpcSharingAllowed,
    });
    const capabilities = dockerCapabilities(options, machine.allowed);
    const surroundings = surrounded(plan, request, docker, machine);
    return {
      ...plan,
      ...surroundings,
      ...dockerLine(request.command ?? {}, options, config),
      environment: environmentOf(plan, request, options, {
        config,
        hostname: surroundings.hostname ?? machine.hostname,
      }),
      ...directoryOf(options, config),
      madeFolders: volumesOf(config),
      userInside: { name: options.user ?? userOf(config), groups: options.groups },
      stopSignal: options.stopSignal ?? stopSignalOf(config),
      isFirst: !options.hasInit,
      capabilities,
      noNewPrivileges: options.hasNoNewPrivileges,
      rlimits: options.limits,
      seccomp:
        machine.seccomp === undefined || options.isPrivileged || options.isUnconfined
          ? undefined
          : seccompFor(dockerSeccomp(), {
              ...machine.seccomp,
              capabilities: capabilities.bounding,
            }),
    };
  },
});

function surrounded(
  plan: ContainerPlan,
  request: ContainerRequest,
  { options, devVolumes }: DockerAsked,
  machine: DockerMachine,
) {
  const { isPrivileged, sharesProcesses, sharesIpc, network, memory } = options;
  if (sharesProcesses && !machine.isPidSharingAllowed) {
    throw dockerError("parameter 'pid' is not allowed: --disallow_sharing_agent_pid_namespace");
  }
  if (sharesIpc && !machine.isIpcSharingAllowed) {
    throw dockerError("parameter 'ipc' is not allowed: --disallow_sharing_agent_ipc_namespace");
  }
  requireVisible(plan, memory);
  const hostname = options.hostname ?? (network === 'host' ? undefined : plan.id.slice(0, 12));
  const container = containerInfoOf(request);
  const info = networkInfoOf(options, container, machine.networks.bridge);
  // As with Mesos, whatever that network is called here.
  const told = [container?.network_infos?.[0] ?? {}];
  const own = sharesIpc ? boundShm : shm(['noexec', `size=${options.shmBytes}`]);
  return {
    namespaces: {
      ...plan.namespaces,
      pid: sharesProcesses ? 'agent' : 'own',
      ipc: sharesIpc ? 'agent' : 'own',
      network: network === 'host' ? 'agent' : 'own',
      uts: hostname === undefined ? 'agent' : 'own',
    },
    network:
      info === undefined || hostname === undefined
        ? undefined
        : { kind: 'cni', networks: [info], told, hasOtherDns: true, hostname, isStrict: true },
    networkNamespace: request.network?.namespace,
    hostname,
    isRootReadOnly: options.isReadOnly,
    mounts: [
      ...mountedOver(plan.mounts, own).map((it) => (isPrivileged ? opened(it) : it)),
      ...(sharesIpc ? [] : [QUEUES]),
      ...memory,
      ...devVolumes.map(bound),
    ],
    maskedPaths: isPrivileged ? [] : plan.maskedPaths,
    readonlyPaths: isPrivileged ? [] : plan.readonlyPaths,
    devices: isPrivileged ? machine.devices() : [...plan.devices, ...devicesOf(options, machine)],
    volumeMounts: withNameFiles(plan.volumeMounts, options, {
      hostname,
      attached: request.network,
      dns: dnsFor(network, machine.networks),
      text: machine.text,
    }),
  } satisfies Partial<ContainerPlan>;
}

/** What the operator says of names; undefined where that is nothing. */
function dnsFor(network: DockerNetwork, { dns }: DockerNetworks): NetworkDns | undefined {
  return network === 'bridge'
    ? dns.dockerBridge
    : typeof network === 'string'
      ? undefined
      : (dns.docker.networks.get(network.name) ?? dns.docker.others);
}

/** The message queues of the container's own IPC. */
const QUEUES: Mount = {
  source: 'mqueue',
  target: '/dev/mqueue',
  type: 'mqueue',
  options: ['nosuid', 'nodev', 'noexec'],
};

/** In a container's /dev, by the runtime. */
const bound = ({ host, target, isReadOnly }: DockerVolume): Mount => ({
  source: host,
  target,
  type: 'bind',
  options: ['rbind', 'nosuid', 'noexec', ...(isReadOnly ? ['ro'] : [])],
});

function devicesOf({ devices }: DockerOptions, machine: DockerMachine): Device[] {
  return devices.map(({ host, target, access }) => {
    if (machine.allowed !== undefined && !machine.allowedDevices.has(host)) {
      throw dockerError(
        `parameter 'device' asks for '${host}', which --allowed_devices of the agent does not name: it has ` +
          '--bounding_capabilities',
      );
    }
    const found = machine.device(host);
    if (found === undefined) {
      throw dockerError(
        `parameter 'device' asks for '${host}', which is no device of this machine`,
      );
    }
    return { ...found, path: target, access };
  });
}

/** What is mounted later hides what is there. */
function requireVisible({ volumeMounts }: ContainerPlan, memory: readonly Mount[]): void {
  for (const { target } of memory) {
    const hidden = volumeMounts
      .map((it) => pathOf(it.target))
      .find((path) => isAtOrBelow(path, target));
    if (hidden !== undefined) {
      throw dockerError(`parameter 'tmpfs' at '${target}' would hide what is at '${hidden}'`);
    }
  }
}

/** /sys can be written to by those that are privileged. */
const opened = (mount: Mount): Mount =>
  mount.target === '/sys'
    ? { ...mount, options: mount.options.filter((it) => it !== 'ro') }
    : mount;

/**
 * The agent's variables are for executors that it speaks with, and not for tasks of a built-in one.
 */
function environmentOf(
  plan: ContainerPlan,
  { id, command = {}, environment, task, resources, network }: ContainerRequest,
  options: DockerOptions,
  { config, hostname }: { readonly config: ImageConfig; readonly hostname: string },
): Record<string, string> {
  return layered(
    { HOSTNAME: hostname, ...(plan.io.kind === 'terminal' && { TERM: 'xterm' }) },
    imageVariables(config),
    commandEnvironment(command),
    task === undefined ? { ...environment, MESOS_DIRECTORY: plan.sandbox } : {},
    // An executor that uses libprocess listens on all addresses that it has.
    task === undefined && network !== undefined ? { LIBPROCESS_IP: '0.0.0.0' } : {},
    roleOf(resources),
    { MESOS_SANDBOX: plan.sandboxInside, MESOS_CONTAINER_NAME: `mesos-${id}` },
    options.environment,
  );
}

/** Of executors, too, and of the first one where there could be several. */
function roleOf(resources: readonly Resource[]): Record<string, string> {
  const role = allocationRole(resources);
  return role === undefined ? {} : { [ALLOCATION_ROLE]: role };
}

function directoryOf(
  { workingDirectory }: DockerOptions,
  config: ImageConfig,
): Pick<ContainerPlan, 'ownDirectory'> {
  const own = workingDirectory ?? config.workingDirectory;
  return { ownDirectory: own === undefined || own === '' ? '/' : absolute(own) };
}

/** A volume of the image is a folder of the container's own files, and may be missing there. */
function volumesOf({ volumes = [] }: ImageConfig): readonly string[] {
  if (volumes.length > MOST_VOLUMES) {
    throw dockerError(
      `the image declares ${volumes.length} volumes: at most ${MOST_VOLUMES} are made`,
    );
  }
  return volumes
    .map((path) => resolve('/', path))
    .filter((path) => !KERNEL_FOLDERS.some((folder) => isAtOrBelow(path, folder)));
}

const MOST_VOLUMES = 1000;

/** What the container has there is mounted by the runtime. */
const KERNEL_FOLDERS = ['/proc', '/sys', '/dev'];

const absolute = (path: string) => (path.startsWith('/') ? path : `/${path}`);

function userOf({ user }: ImageConfig): string {
  if (user === undefined) {
    throw dockerError(
      "who the image runs as is not known, as an earlier version has pulled it: use 'force_pull_image' once, or PRUNE_IMAGES",
    );
  }
  return user;
}

function stopSignalOf({ stopSignal }: ImageConfig): number {
  const number = signalNamed(stopSignal === undefined || stopSignal === '' ? 'TERM' : stopSignal);
  if (number === undefined) {
    throw dockerError(`the image's StopSignal '${stopSignal}' is no signal`);
  }
  return number;
}
