// The isolators of containers of type DOCKER: these have what docker gives to all, whatever
// --isolation says, and are measured, limited and confined by what that names besides.
import { hostname, release } from 'node:os';
import { ContainerizerError } from '../containerizer-error.ts';
import { NO_DNS } from '../networks/container-dns.ts';
import { BRIDGE_NETWORK } from '../networks/docker/bridge.ts';
import { kernelVersion, seccompArchitecture } from '../plan/seccomp-profile.ts';
import { readText } from '../records/record-file.ts';
import { type DockerNetworks, dockerContainers } from './docker-containers.ts';
import { deviceAt, hostDevices } from './host-devices.ts';
import type { Isolator } from './isolator.ts';
import { type IsolatorParts, isolatorNamed } from './isolators.ts';
import { DOCKER_CGROUPS, type IsolatorName, missingController } from './names.ts';
import { volumeHostPath } from './volume-host-path.ts';

/** Before what docker adds. */
const FILES: readonly IsolatorName[] = [
  'filesystem/linux',
  'volume/host_path',
  'volume/sandbox_path',
  'volume/secret',
  'volume/image',
];

/** What docker decides in its own way, and what is for containers of type MESOS only. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'filesystem/posix',
  'filesystem/shared',
  'network/port_mapping',
  'posix/rlimits',
  'linux/capabilities',
  'linux/devices',
  'namespaces/pid',
  'namespaces/ipc',
  'docker/runtime',
  'network/cni',
  'network/port_mapping',
]);

/**
 * `used` are those of all other containers. Throws ContainerizerError where something is missing.
 */
export function dockerIsolators(
  used: readonly Isolator[],
  parts: IsolatorParts,
): readonly Isolator[] {
  const missing = whatIsMissing(parts);
  if (missing !== undefined) {
    throw new ContainerizerError(`--containerizers=docker needs ${missing}`);
  }
  // One that keeps account of containers does so for all of them.
  const named = (name: IsolatorName) =>
    used.find((it) => it.name === name) ?? isolatorNamed(name, parts);
  // As with docker, a folder of the host is made wherever it is missing, and may be any.
  const files = FILES.map((name) =>
    name === 'volume/host_path'
      ? volumeHostPath({
          creatable: ['/'],
          isRoot: parts.host.isRoot,
          showsProcesses: parts.options.isPidSharingAllowed ?? true,
        })
      : named(name),
  );
  const more = used.filter(
    ({ name }) => !LEFT_OUT.has(name) && !FILES.includes(name as IsolatorName),
  );
  const cgroups = DOCKER_CGROUPS.filter((name) => !more.some((it) => it.name === name)).map(named);
  return [
    ...files,
    dockerContainers({
      hostname: hostname(),
      networks: parts.options.dockerNetworks ?? USUAL_NETWORKS,
      seccomp: seccompMachine(),
      allowed: parts.capabilities.bounding,
      isPidSharingAllowed: parts.options.isPidSharingAllowed ?? true,
      isIpcSharingAllowed: parts.options.ipc?.isSharingAllowed ?? true,
      devices: hostDevices,
      device: deviceAt,
      allowedDevices: new Set((parts.options.devices ?? []).map(({ path }) => path)),
      text: (path) => readText(path, 'utf8') ?? '',
    }),
    ...[...more, ...cgroups].map(ofDocker),
  ];
}

const USUAL_NETWORKS: DockerNetworks = { bridge: BRIDGE_NETWORK, dns: NO_DNS };

function whatIsMissing({ host }: IsolatorParts): string | undefined {
  if (!host.isRoot) {
    return 'an agent that runs as root';
  }
  return DOCKER_CGROUPS.map((name) => missingController(name, host.cgroups.missing)).find(
    (it) => it !== undefined,
  );
}

function seccompMachine() {
  const architecture = seccompArchitecture(process.arch);
  return architecture === undefined
    ? undefined
    : { architecture, kernel: kernelVersion(release()) };
}

/** Some are different for what docker has decided before. */
function ofDocker(isolator: Isolator): Isolator {
  switch (isolator.name) {
    case 'cgroups/devices':
      return {
        ...isolator,
        // One that is privileged can use them all.
        contribute: (plan, request, host) =>
          request.docker?.options.isPrivileged === true
            ? plan
            : isolator.contribute(plan, request, host),
      };
    case 'linux/seccomp':
      return {
        ...isolator,
        // Without a profile of the operator's, docker's stays.
        contribute: (plan, request, host) => {
          const seccomp = isolator.contribute(plan, request, host).seccomp ?? plan.seccomp;
          return { ...plan, seccomp };
        },
      };
    default:
      return isolator;
  }
}
