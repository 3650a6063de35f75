// What flags ask of isolators, where it takes more than one flag to tell. Nothing is enforced by an
// isolator that is not used, so that such a flag is an error.
import { normalize } from 'node:path';
import type { IsolatorOptions } from '../../containerizer/isolators/isolators.ts';
import { type IsolatorName, isolatorsNamed } from '../../containerizer/isolators/names.ts';
import type { IpcOptions } from '../../containerizer/isolators/namespaces-ipc.ts';
import { hasPort, type PortRanges, portsOf } from '../../containerizer/plan/ports.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { parseValue } from '../../model/value-text.ts';
import { FlagError } from '../flags/faults.ts';
import { fromText } from '../flags/written.ts';
import { cgroupOptions } from './cgroups.ts';
import type { AgentFlagValues } from './options.ts';
import { seccompProfiles } from './seccomp.ts';

/** `resources` are the agent's, for flags that concern them. Throws FlagError. */
export function isolatorOptions(
  values: AgentFlagValues,
  resources: () => readonly Resource[],
): IsolatorOptions {
  const { enforce_container_disk_quota: isDiskEnforced } = values;
  requireIsolator(values, isDiskEnforced && 'enforce_container_disk_quota', 'disk/du');
  const { enforce_container_ports: arePortsEnforced } = values;
  requireIsolator(values, arePortsEnforced && 'enforce_container_ports', 'network/ports');
  const creatable = values.host_path_volume_force_creation;
  requireIsolator(
    values,
    creatable !== undefined && 'host_path_volume_force_creation',
    'volume/host_path',
  );
  const { disallow_sharing_agent_pid_namespace: isPidSharingDisallowed } = values;
  requireIsolator(
    values,
    isPidSharingDisallowed && 'disallow_sharing_agent_pid_namespace',
    'namespaces/pid',
  );
  return {
    cgroups: cgroupOptions(values),
    disk: {
      watchIntervalMs: values.container_disk_watch_interval,
      isEnforced: isDiskEnforced,
    },
    ports: {
      watchIntervalMs: values.container_ports_watch_interval,
      isEnforced: arePortsEnforced,
      isolated: isolatedPorts(values, resources),
    },
    isPidSharingAllowed: !isPidSharingDisallowed,
    ipc: ipcOptions(values),
    seccomp: seccompProfiles(values),
    creatableHostPaths: creatable?.split(':').filter(Boolean).map(hostFolder),
  };
}

function ipcOptions(values: AgentFlagValues): IpcOptions {
  const {
    disallow_sharing_agent_ipc_namespace: isSharingDisallowed,
    default_container_shm_size: shmBytes,
  } = values;
  const isolator = 'namespaces/ipc';
  requireIsolator(values, isSharingDisallowed && 'disallow_sharing_agent_ipc_namespace', isolator);
  requireIsolator(values, shmBytes !== undefined && 'default_container_shm_size', isolator);
  return { isSharingAllowed: !isSharingDisallowed, shmBytes };
}

function hostFolder(path: string): string {
  if (!path.startsWith('/')) {
    throw new FlagError(`--host_path_volume_force_creation: '${path}' is no absolute path`);
  }
  return normalize(path);
}

export function requireIsolator(
  { isolation }: Pick<AgentFlagValues, 'isolation'>,
  flag: string | false,
  isolator: IsolatorName,
): void {
  if (flag !== false && !isolatorsNamed(isolation).includes(isolator)) {
    throw new FlagError(`--${flag} needs the isolator ${isolator} in --isolation`);
  }
}

function isolatedPorts(
  values: AgentFlagValues,
  resources: () => readonly Resource[],
): PortRanges | undefined {
  const { container_ports_isolated_range: text } = values;
  if (text === undefined) {
    return values.check_agent_port_range_only ? portsOf(resources()) : undefined;
  }
  if (values.check_agent_port_range_only) {
    throw new FlagError(
      '--container_ports_isolated_range and --check_agent_port_range_only exclude each other',
    );
  }
  const ranges = fromText('container_ports_isolated_range', () => parseValue(text)).ranges?.range;
  if (ranges === undefined || ranges.some(({ end }) => !hasPort(PORTS, end))) {
    throw new FlagError(
      `--container_ports_isolated_range expects ranges of ports such as [0-35000], got '${text}'`,
    );
  }
  return ranges;
}

const PORTS: PortRanges = [{ begin: 0, end: 65_535 }];
