// Families of metrics of an agent.
import { amount, counter, duration, type Family, type FamilyTable, gauge } from './family.ts';
import { PROCESS_FAMILIES } from './process-families.ts';

const OWN = '<resource:cpus|gpus|mem|disk>';

const AGENT: readonly Family[] = [
  gauge('mesos_agent_uptime_seconds', 'Time since this agent started.', 'slave/uptime_secs'),
  gauge(
    'mesos_agent_registered',
    '1 while the agent is registered with a master.',
    'slave/registered',
  ),
  counter(
    'mesos_agent_recovery_errors_total',
    'Executors and tasks whose record could not be used at the start.',
    'slave/recovery_errors',
  ),
  gauge(
    'mesos_agent_recovery_seconds',
    'How long the agent took at its start to find what runs.',
    'slave/recovery_time_secs',
  ),
  counter(
    'mesos_agent_core_rebuilds_total',
    'Times that the scheduler core was made anew. Each is a bug, or its memory was full.',
    'slave/core_rebuilds',
  ),
  gauge(
    'mesos_agent_frameworks_active',
    'Frameworks with something on the agent.',
    'slave/frameworks_active',
  ),
  gauge(
    'mesos_agent_executors',
    'Executors, by state.',
    'slave/executors_<state:registering|running|terminating>',
  ),
  counter(
    'mesos_agent_executors_terminated_total',
    'Executors that have ended.',
    'slave/executors_terminated',
  ),
  counter(
    'mesos_agent_executors_preempted_total',
    'Executors that were ended as their resources were taken back.',
    'slave/executors_preempted',
  ),
  gauge(
    'mesos_agent_tasks',
    'Tasks that have not ended, by state.',
    'slave/tasks_<state:staging|starting|running|killing>',
  ),
  counter(
    'mesos_agent_tasks_ended_total',
    'Tasks that have ended, by state.',
    'slave/tasks_<state:finished|failed|killed|lost|gone>',
  ),
  counter(
    'mesos_agent_judged_messages_total',
    'Messages that were found valid or invalid, by type.',
    'slave/<verdict:valid|invalid>_<type:status_updates|framework_messages>',
  ),
  amount('mesos_agent_resources', 'What the agent has.', `slave/${OWN}_total`),
  amount('mesos_agent_resources_used', 'What tasks and executors have of it.', `slave/${OWN}_used`),
  gauge(
    'mesos_agent_resources_used_ratio',
    'The part of it that is used, from 0 to 1.',
    `slave/${OWN}_percent`,
  ),
  amount(
    'mesos_agent_revocable_resources',
    'What the agent has beyond that, and may take back.',
    `slave/${OWN}_revocable_total`,
  ),
  amount(
    'mesos_agent_revocable_resources_used',
    'What tasks and executors have of what may be taken back.',
    `slave/${OWN}_revocable_used`,
  ),
  gauge(
    'mesos_agent_revocable_resources_used_ratio',
    'The part of what may be taken back that is used, from 0 to 1.',
    `slave/${OWN}_revocable_percent`,
  ),
  gauge(
    'mesos_agent_resource_providers_subscribed',
    'Resource providers; there are none.',
    'resource_provider_manager/subscribed',
  ),
  counter(
    'mesos_agent_resource_provider_events_total',
    'Resource providers that came or left, by event; there are none.',
    'resource_provider_manager/events/<event:subscribe|disconnect>',
  ),
];

const CONTAINERS: readonly Family[] = [
  counter(
    'mesos_agent_container_launch_errors_total',
    'Containers that could not be launched.',
    'slave/container_launch_errors',
  ),
  counter(
    'mesos_agent_container_destroy_errors_total',
    'Containers of which something could not be ended.',
    'containerizer/mesos/container_destroy_errors',
  ),
  counter(
    'mesos_agent_fetches_total',
    'Fetches of the URIs of a container, by outcome.',
    'containerizer/fetcher/task_fetches_<outcome:succeeded|failed>',
  ),
  gauge(
    'mesos_agent_fetcher_cache_size_bytes',
    'What the cache of fetched files may take.',
    'containerizer/fetcher/cache_size_total_bytes',
  ),
  gauge(
    'mesos_agent_fetcher_cache_used_bytes',
    'What the cache of fetched files takes.',
    'containerizer/fetcher/cache_size_used_bytes',
  ),
  gauge(
    'mesos_agent_sandbox_max_age_seconds',
    'How old the sandbox of what has ended becomes before it is deleted; the less, the fuller the disk.',
    'slave/executor_directory_max_allowed_age_secs',
  ),
  gauge(
    'mesos_agent_sandbox_removals_pending',
    'Sandboxes and the like that are to be deleted.',
    'gc/path_removals_pending',
  ),
  counter(
    'mesos_agent_sandbox_removals_total',
    'Sandboxes and the like that were deleted, or could not be.',
    'gc/path_removals_<outcome:succeeded|failed>',
  ),
  gauge(
    'mesos_agent_volume_gids',
    'Group ids for shared volumes (--volume_gid_range).',
    'volume_gid_manager/volume_gids_total',
  ),
  gauge(
    'mesos_agent_volume_gids_free',
    'Those of them that are free.',
    'volume_gid_manager/volume_gids_free',
  ),
  gauge(
    'mesos_agent_disk_project_ids',
    'Project ids for disk quotas (disk/xfs).',
    'containerizer/mesos/disk/project_ids_total',
  ),
  gauge(
    'mesos_agent_disk_project_ids_free',
    'Those of them that are free.',
    'containerizer/mesos/disk/project_ids_free',
  ),
  duration(
    'mesos_agent_image_pull_duration_seconds',
    'How long pulls of images took, by store, whether they succeeded or not.',
    'containerizer/mesos/provisioner/<store>/image_pull_ms',
  ),
  gauge(
    'mesos_agent_containers_with_image',
    'Containers that have the files of an image.',
    'containerizer/mesos/filesystem/containers_new_rootfs',
  ),
  counter(
    'mesos_agent_image_remove_container_errors_total',
    'Containers whose files of an image could not all be deleted.',
    'containerizer/mesos/provisioner/remove_container_errors',
  ),
  counter(
    'mesos_agent_image_remove_rootfs_errors_total',
    'Root file systems that could not be deleted, by backend.',
    'containerizer/mesos/provisioner/<backend>/remove_rootfs_errors',
  ),
  counter(
    'mesos_agent_cni_failures_total',
    'Plugins of container networks that have failed, by what was asked of them.',
    'containerizer/mesos/network_cni/<command:attach|detach|check>_failures',
  ),
  gauge(
    'mesos_agent_port_mapping_rate_limit_bytes_per_second',
    'What a container may send or receive for each of its CPUs; 0 without a limit.',
    'port_mapping/per_cpu_<direction:egress|ingress>_rate_limit',
  ),
  counter(
    'mesos_agent_port_mapping_filter_errors_total',
    'Filters of ports of containers that could not be changed.',
    'port_mapping/updating_container_ip_filters_errors',
  ),
];

export const AGENT_FAMILIES: FamilyTable = {
  families: [...AGENT, ...CONTAINERS, ...PROCESS_FAMILIES],
  omissions: [],
};
