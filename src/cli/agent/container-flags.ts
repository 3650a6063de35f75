// Flags of the agent about running and confining containers, with Mesos's names and defaults. They
// are a part of AGENT_FLAGS (flags.ts).
import { ISOLATION_HELP, ISOLATION_WORDS } from '../../containerizer/isolators/names.ts';
import { LAUNCHER_NAMES, MISSING_LAUNCHERS } from '../../containerizer/launchers/names.ts';
import { figureOf } from '../../containerizer/perf/perf-output.ts';
import type { ContainerizerName } from '../../containerizer/plan/container-info.ts';
import { LOGROTATE_LOGGER } from '../../containerizer/plan/container-logger.ts';
import { closestName } from '../../model/closest-name.ts';
import { choice, duration, integer, json, list, path, size, text, toggle } from '../flags/flag.ts';
import { positive } from '../process/shared-flags.ts';

const PLANNED = { status: 'planned' } as const;
const REFUSED = { status: 'refused' } as const;
const MINUTE = 60_000;

/**
 * Refuses a confinement that was asked for and does not exist: running without it would be unsafe.
 */
const unsupported = (flag: string, known: readonly string[]) => (names: readonly string[]) => {
  const missing = names.filter((name) => !known.includes(name));
  if (missing.length === 0) {
    return undefined;
  }
  const meant = missing.flatMap((name) => {
    const close = closestName(name, known);
    return close === undefined ? [] : [`${close} for ${name}`];
  });
  const hint = meant.length === 0 ? '' : ` (did you mean ${meant.join(', ')}?)`;
  return `${flag}=${missing.join(',')} is not supported yet: there is ${known.join(', ')}${hint}`;
};

const CONTAINERIZERS: readonly ContainerizerName[] = ['mesos', 'docker'];

function checkContainerizers(names: readonly string[]): string | undefined {
  if (names.length === 0) {
    return `containerizers expects ${CONTAINERIZERS.join(' or ')}, or both`;
  }
  return repeated('containerizers', names) ?? unsupported('containerizers', CONTAINERIZERS)(names);
}

/** As in Mesos: it may be a slip for another name. */
function repeated(flag: string, names: readonly string[]): string | undefined {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `${flag} has ${twice} more than once`;
}

/** Only such events are counted as statistics have a figure for. */
function checkPerfEvents(text: string): string | undefined {
  const unknown = text
    .split(',')
    .map((event) => event.trim())
    .filter((event) => figureOf(event) === undefined);
  return unknown.length === 0
    ? undefined
    : 'perf_events expects events for which statistics have a figure, such as task-clock,' +
        `page-faults,LLC-loads, but not ${unknown.map((it) => `'${it}'`).join(', ')}`;
}

export const AGENT_CONTAINER_FLAGS = {
  agent_subsystems: list({
    alias: 'slave_subsystems',
    help: 'Cgroup controllers (such as memory, cpuacct) in whose hierarchies of v1 the agent puts itself, with the processes that it keeps, into the cgroup agent below --cgroups_root, so that they can be measured.',
  }),
  allowed_devices: json({
    help: 'cgroups/devices: devices that containers may use besides the usual ones, as JSON.',
  }),
  bounding_capabilities: json({
    help: 'linux/capabilities: the most capabilities a task can ever get, as JSON, such as {"capabilities": ["NET_RAW"]}.',
  }),
  cgroups_cpu_enable_pids_and_tids_count: toggle({
    default: false,
    help: 'cgroups/cpu: count the processes and threads of a container.',
  }),
  cgroups_destroy_timeout: duration({
    default: MINUTE,
    help: 'How long removing a container’s cgroups may take before it counts as failed.',
  }),
  cgroups_enable_cfs: toggle({
    default: false,
    help: 'cgroups/cpu: hard limits of CPU time, not only shares.',
  }),
  cgroups_hierarchy: text({
    default: '/sys/fs/cgroup',
    help: 'Where the cgroup file systems are mounted.',
  }),
  cgroups_limit_swap: toggle({
    default: false,
    help: 'cgroups/mem: limit memory and swap together.',
  }),
  cgroups_net_cls_primary_handle: text({
    help: 'cgroups/net_cls: primary handle, such as 0x0012.',
  }),
  cgroups_net_cls_secondary_handles: text({
    help: 'cgroups/net_cls: range of the secondary handles, such as 0x0001,0xFFFF.',
  }),
  cgroups_root: text({
    default: 'mesos',
    check: checkCgroupsRoot,
    help: 'Name of the cgroup below which those of containers are made, in each hierarchy that is used.',
  }),
  container_disk_watch_interval: duration({
    default: 15_000,
    check: positive('container_disk_watch_interval'),
    help: 'disk/du and disk/xfs: time between two looks at what containers have on disks.',
  }),
  container_logger: text({
    check: (name) =>
      name === LOGROTATE_LOGGER
        ? undefined
        : `container_logger: there is no module '${name}', only ${LOGROTATE_LOGGER}`,
    help:
      'What keeps the output of containers. Without, that goes to the files stdout and stderr of the sandbox; ' +
      `with ${LOGROTATE_LOGGER} these are rotated when they are full. Its parameters are in --modules.`,
  }),
  modules: json({
    help:
      `Parameters of modules, as JSON. Only ${LOGROTATE_LOGGER} is there, built in: max_stdout_size, ` +
      'logrotate_stdout_options (of which `rotate COUNT` counts), the same for stderr, environment_variable_prefix.',
  }),
  containerizers: list({
    default: ['mesos'],
    check: checkContainerizers,
    help: 'Which types of containers there are: mesos, docker or both. Those of type DOCKER are as docker makes them, without a Docker daemon: with images, namespaces, cgroups and capabilities of their own, whatever --isolation, --launcher and --image_providers say of others. They need an agent that is root, and crun or runc.',
  }),
  csi_plugin_config_dir: path({
    ...PLANNED,
    help: 'Folder of the configurations of CSI plugins.',
  }),
  default_container_dns: json({
    help: 'What containers on networks of their own are told of names where their networks do not say it, as JSON: {"mesos": [{"network_mode": "CNI", "network_name": "net", "dns": {"nameservers": ["10.0.0.53"]}}]}; without a name, of all networks.',
  }),
  default_container_info: json({
    help: 'ContainerInfo of executors that have none, as JSON.',
  }),
  default_container_shm_size: size({
    check: (bytes) =>
      bytes > 0
        ? undefined
        : 'default_container_shm_size must be positive: size 0 would be no limit',
    help: 'namespaces/ipc: size of the /dev/shm of containers with ipc_mode PRIVATE that do not say; all others see the machine’s, or that of their parent.',
  }),
  disallow_sharing_agent_ipc_namespace: toggle({
    default: false,
    help: 'namespaces/ipc: refuse containers that ask for the agent’s IPC namespace.',
  }),
  disallow_sharing_agent_pid_namespace: toggle({
    default: false,
    help: 'namespaces/pid: refuse containers that ask for the agent’s process namespace.',
  }),
  disk_profile_adaptor: text({
    ...REFUSED,
    help: 'A module that translates disk profiles for storage plugins.',
  }),
  effective_capabilities: json({
    alias: 'allowed_capabilities',
    help: 'linux/capabilities: capabilities of tasks that do not ask for any, as JSON.',
  }),
  enforce_container_disk_quota: toggle({
    default: false,
    help: 'disk/du and disk/xfs: hold containers to what they were given of disks: disk/du ends them, with disk/xfs they cannot write more.',
  }),
  gc_non_executor_container_sandboxes: toggle({
    default: false,
    help: 'Also delete the sandboxes of nested and standalone containers that have ended, and of tasks of groups, --gc_delay later.',
  }),
  host_path_volume_force_creation: text({
    help: 'volume/host_path: folders, separated by colons, below which missing ones are made.',
  }),
  http_command_executor: toggle({
    default: false,
    help: 'The built-in command executor always speaks the v1 executor API; with this it ends when its last update is acknowledged, not a second after it.',
  }),
  isolation: list({
    default: ['posix/cpu', 'posix/mem'],
    check: (words) =>
      repeated('isolation', words) ?? unsupported('isolation', ISOLATION_WORDS)(words),
    help: `Isolators to use: ${ISOLATION_HELP}. Others are refused.`,
  }),
  launcher: choice(
    LAUNCHER_NAMES,
    MISSING_LAUNCHERS,
  )({
    defaultText: 'linux where --isolation has an isolator that needs it, else posix',
    help: `How containers are started and ended. With posix each runs in a process group of its own, and in a cgroup where that is possible. With linux each is in cgroups, and can have namespaces, mounts and files of its own, by way of an OCI runtime: crun or runc for root, crun and user namespaces for others. Others of Mesos are refused: ${Object.keys(MISSING_LAUNCHERS).join(', ')}.`,
  }),
  launcher_dir: text({
    default: '/usr/local/libexec/mesos',
    status: 'partial',
    help: 'Folder of Mesos’s own helper programs. None of them is used; the path that is shown of the command executor lies in it.',
  }),
  nvidia_gpu_devices: text({
    ...PLANNED,
    help: 'gpu/nvidia: numbers of the GPUs to offer, separated by commas.',
  }),
  oci_runtime: path({
    help: 'With --launcher=linux, or --containerizers=docker: the path of the OCI runtime, crun or runc. Without, the first of the two that is in PATH.',
  }),
  perf_duration: duration({
    default: 10_000,
    check: positive('perf_duration'),
    help: 'cgroups/perf_event: how long one sample takes.',
  }),
  perf_events: text({
    check: checkPerfEvents,
    help: 'cgroups/perf_event: events to count in each container, such as task-clock,page-faults, by the names that `perf list` has for them. That needs the program perf.',
  }),
  perf_interval: duration({
    default: MINUTE,
    check: positive('perf_interval'),
    help: 'cgroups/perf_event: time from the start of one sample to the next.',
  }),
  revocable_cpu_low_priority: toggle({
    default: true,
    help: 'cgroups/cpu: run containers on revocable CPUs at a low priority.',
  }),
  runtime_dir: text({
    default: '/var/run/mesos',
    help: 'Folder of what must outlive the agent, but not a reboot: the network namespaces of containers. All else is kept in --work_dir.',
  }),
  sandbox_directory: text({
    default: '/mnt/mesos/sandbox',
    help: 'Where a container with an image finds its sandbox: an absolute path.',
  }),
  seccomp_config_dir: path({
    help: 'linux/seccomp: folder of the profiles, in the format of docker, which are read at the start.',
  }),
  seccomp_profile_name: text({
    help: 'linux/seccomp: the profile of containers that do not name one; a file of --seccomp_config_dir.',
  }),
  secret_resolver: text({
    placeholder: 'file:/FOLDER',
    help:
      'Where secrets by reference are (environment variables, volumes, logins of images): in a folder that only ' +
      'the agent can read, the name of a reference being the path of a file in it, and its key one of the ' +
      'file’s JSON object. Secrets by value are resolved without.',
  }),
  switch_user: toggle({
    default: true,
    help: 'Run tasks as the user their framework names; without, as the agent’s own user.',
  }),
  systemd_enable_support: toggle({
    default: true,
    status: 'accepted',
    help: 'Tasks keep running when systemd stops the agent, given KillMode=process in the unit.',
  }),
  systemd_runtime_directory: text({
    default: '/run/systemd/system',
    status: 'accepted',
    help: 'Where systemd keeps its runtime files.',
  }),
  volume_gid_range: text({
    help: 'Group ids for volumes shared by tasks of several users, such as [10000-20000].',
  }),
  xfs_kill_containers: toggle({
    default: false,
    help: 'disk/xfs: end containers that have more than they were given.',
  }),
  xfs_project_range: text({
    default: '[5000-10000]',
    help: 'disk/xfs: project ids to use.',
  }),
  xfs_quota_headroom: size({
    default: 10 * 2 ** 20,
    help: 'disk/xfs: how much more containers may have until they are ended (--xfs_kill_containers).',
  }),
  max_completed_executors_per_framework: integer({
    default: 150,
    help: 'How many completed executors of a framework are remembered.',
  }),
} as const;

/**
 * Refuses a path that leads outside: it would be a plain folder, and processes would be in no
 * cgroup.
 */
function checkCgroupsRoot(path: string): string | undefined {
  const isBelow = path.split('/').every((name) => !['', '.', '..'].includes(name));
  return isBelow && !/\p{Cc}/u.test(path)
    ? undefined
    : 'cgroups_root expects names with a slash between them, such as mesos or services/mesos';
}
