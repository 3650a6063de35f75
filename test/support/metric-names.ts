// The metrics that Apache Mesos documents for monitors, as far as a master and an agent have them
// by default. An agent with disk/xfs, --volume_gid_range or --image_providers has those of project
// quotas, volume gids or images (`image_pull_ms`, `containers_new_rootfs`) as well; those of the
// docker containerizer and of each resource provider do not exist here.

const timer = (name: string) =>
  ['', '/count', '/max', '/min', '/p50', '/p90', '/p95', '/p99', '/p999', '/p9999'].map(
    (figure) => `${name}${figure}`,
  );

const below = (prefix: string, names: string) =>
  names
    .split(/\s+/)
    .filter(Boolean)
    .map((name) => `${prefix}${name}`);

const amounts = (prefix: string) =>
  ['cpus', 'disk', 'gpus', 'mem'].flatMap((name) =>
    ['', '_revocable'].flatMap((kind) =>
      ['percent', 'total', 'used'].map((what) => `${prefix}${name}${kind}_${what}`),
    ),
  );

const operations = below(
  '',
  'create create_disk destroy destroy_disk grow_volume reserve shrink_volume unreserve',
);
const operationStates = below(
  '',
  'dropped error failed finished gone_by_operator pending recovering total unreachable',
);

const system = below(
  'system/',
  'cpus_total load_15min load_5min load_1min mem_free_bytes mem_total_bytes',
);

/** The metrics of a master that has run its allocator and written its registry. */
export const masterMetricNames: readonly string[] = [
  ...system,
  ...amounts('master/'),
  ...below(
    'master/',
    `elected uptime_secs
    slave_registrations slave_removals slave_reregistrations slave_unreachable_scheduled
    slave_unreachable_canceled slave_unreachable_completed slaves_active slaves_connected
    slaves_disconnected slaves_inactive slaves_unreachable
    slave_shutdowns_scheduled slave_shutdowns_canceled slave_shutdowns_completed
    frameworks_active frameworks_connected frameworks_disconnected frameworks_inactive
    outstanding_offers
    tasks_error tasks_failed tasks_finished tasks_killed tasks_killing tasks_lost tasks_running
    tasks_staging tasks_starting tasks_unreachable tasks_dropped tasks_gone tasks_gone_by_operator
    invalid_executor_to_framework_messages invalid_framework_to_executor_messages
    invalid_operation_status_update_acknowledgements invalid_operation_status_updates
    invalid_status_update_acknowledgements invalid_status_updates dropped_messages
    messages_authenticate messages_deactivate_framework messages_decline_offers
    messages_executor_to_framework messages_exited_executor messages_framework_to_executor
    messages_kill_task messages_launch_tasks messages_operation_status_update
    messages_operation_status_update_acknowledgement messages_reconcile_operations
    messages_reconcile_tasks messages_register_framework messages_register_slave
    messages_reregister_framework messages_reregister_slave messages_resource_request
    messages_revive_offers messages_status_update messages_status_update_acknowledgement
    messages_suppress_offers messages_unregister_framework messages_unregister_slave
    messages_update_slave recovery_slave_removals slave_removals/reason_registered
    slave_removals/reason_unhealthy slave_removals/reason_unregistered
    valid_executor_to_framework_messages valid_framework_to_executor_messages
    valid_operation_status_update_acknowledgements valid_operation_status_updates
    valid_status_update_acknowledgements valid_status_updates
    event_queue_dispatches event_queue_http_requests event_queue_messages http_cache_hits
    operator_event_stream_subscribers`,
  ),
  ...['', ...operations.map((type) => `${type}/`)].flatMap((type) =>
    operationStates.map((state) => `master/operations/${type}${state}`),
  ),
  ...below('registrar/', 'queued_operations registry_size_bytes state_fetch_ms'),
  ...timer('registrar/state_store_ms'),
  ...below('registrar/log/', 'recovered ensemble_size'),
  'allocator/event_queue_dispatches',
  ...below('allocator/mesos/', 'event_queue_dispatches allocation_runs'),
  ...timer('allocator/mesos/allocation_run_ms'),
  ...timer('allocator/mesos/allocation_run_latency_ms'),
  ...['cpus', 'disk', 'mem'].flatMap((name) =>
    below(`allocator/mesos/resources/${name}/`, 'offered_or_allocated total'),
  ),
];

export const agentMetricNames: readonly string[] = [
  ...system,
  ...amounts('slave/'),
  ...below(
    'slave/',
    `registered uptime_secs container_launch_errors frameworks_active
    executor_directory_max_allowed_age_secs executors_preempted executors_registering
    executors_running executors_terminated executors_terminating recovery_errors
    recovery_time_secs tasks_failed tasks_finished tasks_gone tasks_killed tasks_killing tasks_lost
    tasks_running tasks_staging tasks_starting invalid_framework_messages invalid_status_updates
    valid_framework_messages valid_status_updates`,
  ),
  ...below('gc/path_removals_', 'failed pending succeeded'),
  ...below(
    'containerizer/fetcher/',
    'cache_size_total_bytes cache_size_used_bytes task_fetches_failed task_fetches_succeeded',
  ),
  'containerizer/mesos/container_destroy_errors',
  ...below('resource_provider_manager/', 'subscribed events/subscribe events/disconnect'),
];
