// What flags ask of isolators, where it takes more than one flag to tell. Nothing is enforced by an
// isolator that is not used, so that such a flag is an error.
import { normalize, resolve } from 'node:path';
import type { IsolatorOptions } from '../../containerizer/isolators/isolators.ts';
import {
  DOCKER_CGROUPS,
  type IsolatorName,
  isolatorsNamed,
} from '../../containerizer/isolators/names.ts';
import { hasPort, type PortRanges, portsOf } from '../../containerizer/plan/ports.ts';
import { disksOf } from '../../model/disk-overlap.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { parseValue } from '../../model/value-text.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import { fromText } from '../flags/written.ts';
import { cgroupOptions } from './cgroups.ts';
import { allowedDevices } from './devices.ts';
import { dockerNetworks } from './docker-networks.ts';
import { idRanges } from './id-ranges.ts';
import { type AgentFlagValues, isolationOf } from './options.ts';
import { seccompProfiles } from './seccomp.ts';

/** The flags that say something to isolators, of which one must be used. */
const ISOLATORS = {
  allowed_devices: ['cgroups/devices', 'linux/devices'],
  cgroups_cpu_enable_pids_and_tids_count: ['cgroups/cpu'],
  cgroups_enable_cfs: ['cgroups/cpu'],
  cgroups_limit_swap: ['cgroups/mem'],
  cgroups_net_cls_primary_handle: ['cgroups/net_cls'],
  cgroups_net_cls_secondary_handles: ['cgroups/net_cls'],
  default_container_shm_size: ['namespaces/ipc'],
  disallow_sharing_agent_ipc_namespace: ['namespaces/ipc'],
  disallow_sharing_agent_pid_namespace: ['namespaces/pid'],
  docker_ignore_runtime: ['docker/runtime'],
  egress_burst: ['network/port_mapping'],
  egress_ceil_limit: ['network/port_mapping'],
  egress_rate_limit_per_container: ['network/port_mapping'],
  egress_rate_per_cpu: ['network/port_mapping'],
  egress_unique_flow_per_container: ['network/port_mapping'],
  enforce_container_disk_quota: ['disk/du', 'disk/xfs'],
  enforce_container_ports: ['network/ports'],
  eth0_name: ['network/port_mapping'],
  host_path_volume_force_creation: ['volume/host_path'],
  image_providers: ['filesystem/linux'],
  ingress_burst: ['network/port_mapping'],
  ingress_ceil_limit: ['network/port_mapping'],
  ingress_rate_limit_per_container: ['network/port_mapping'],
  ingress_rate_per_cpu: ['network/port_mapping'],
  lo_name: ['network/port_mapping'],
  maximum_egress_rate_limit: ['network/port_mapping'],
  maximum_ingress_rate_limit: ['network/port_mapping'],
  minimum_egress_rate_limit: ['network/port_mapping'],
  minimum_ingress_rate_limit: ['network/port_mapping'],
  network_cni_config_dir: ['network/cni'],
  network_enable_rate_statistics: ['network/cni', 'network/port_mapping'],
  network_enable_snmp_statistics: ['network/cni', 'network/port_mapping'],
  network_enable_socket_statistics_details: ['network/cni', 'network/port_mapping'],
  network_enable_socket_statistics_summary: ['network/cni', 'network/port_mapping'],
  network_link_speed: ['network/port_mapping'],
  perf_events: ['cgroups/perf_event'],
  xfs_kill_containers: ['disk/xfs'],
} as const satisfies Partial<Record<keyof AgentFlagValues, readonly IsolatorName[]>>;

/** What containers of type DOCKER have of these, whatever --isolation says. */
const OF_DOCKER: readonly IsolatorName[] = [
  ...DOCKER_CGROUPS,
  'namespaces/pid',
  'namespaces/ipc',
  'network/cni',
];

/** `resources` are the agent's, `workDir` is its folder. Throws FlagError. */
export function isolatorOptions(
  values: AgentFlagValues,
  resources: () => readonly Resource[],
  workDir: () => string,
): IsolatorOptions {
  const used = isolatorsNamed(isolationOf(values));
  requireIsolators(values, [
    ...used,
    ...(values.containerizers.includes('docker') ? OF_DOCKER : []),
  ]);
  const { enforce_container_disk_quota: isDiskEnforced, xfs_kill_containers: isKilling } = values;
  if (isKilling && !isDiskEnforced) {
    throw new FlagError('--xfs_kill_containers needs --enforce_container_disk_quota');
  }
  return {
    cgroups: cgroupOptions(values),
    devices: allowedDevices(values.allowed_devices),
    disk: {
      watchIntervalMs: values.container_disk_watch_interval,
      isEnforced: isDiskEnforced,
    },
    xfs: {
      projects: idRanges('xfs_project_range', values.xfs_project_range),
      isKilling,
      headroomBytes: values.xfs_quota_headroom,
      disks: used.includes('disk/xfs') ? pathDisks(resources(), workDir()) : [],
    },
    ports: {
      watchIntervalMs: values.container_ports_watch_interval,
      isEnforced: values.enforce_container_ports,
      isolated: isolatedPorts(values, resources),
    },
    isPidSharingAllowed: !values.disallow_sharing_agent_pid_namespace,
    ipc: {
      isSharingAllowed: !values.disallow_sharing_agent_ipc_namespace,
      shmBytes: values.default_container_shm_size,
    },
    dockerNetworks: dockerNetworks(values),
    seccomp: seccompProfiles(values),
    isImageRuntimeIgnored: values.docker_ignore_runtime,
    creatableHostPaths: values.host_path_volume_force_creation
      ?.split(':')
      .filter(Boolean)
      .map(hostFolder),
  };
}

function hostFolder(path: string): string {
  if (!path.startsWith('/')) {
    throw new FlagError(`--host_path_volume_force_creation: '${path}' is no absolute path`);
  }
  return normalize(path);
}

function requireIsolators(values: AgentFlagValues, used: readonly IsolatorName[]): void {
  readEach(Object.entries(ISOLATORS), ([flag, isolators]) => {
    const value = values[flag as keyof typeof ISOLATORS];
    if (value !== undefined && value !== false && !isolators.some((it) => used.includes(it))) {
      throw new FlagError(`--${flag} needs the isolator ${isolators.join(' or ')} in --isolation`);
    }
  });
}

const pathDisks = (resources: readonly Resource[], workDir: string) =>
  disksOf(resources).flatMap(({ type, root }) => (type === 'PATH' ? resolve(workDir, root) : []));

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
