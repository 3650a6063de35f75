// Families of metrics of a master.
import { amount, counter, duration, type Family, type FamilyTable, gauge } from './family.ts';
import { FRAMEWORK_FAMILIES, FRAMEWORK_SUMS } from './framework-families.ts';
import { PROCESS_FAMILIES } from './process-families.ts';

const QUOTA = 'allocator/mesos/quota/roles/{role}/resources/{resource}';
const OF_AGENTS = '<resource:cpus|gpus|mem|disk>';

const CLUSTER: readonly Family[] = [
  gauge('mesos_master_uptime_seconds', 'Time since this master started.', 'master/uptime_secs'),
  gauge('mesos_master_elected', '1 on the master that leads, 0 on others.', 'master/elected'),
  gauge(
    'mesos_master_agents_active',
    'Registered agents that may get offers.',
    'master/slaves_active',
  ),
  gauge(
    'mesos_master_agents_inactive',
    'Registered agents that get no offers: they are disconnected, draining or deactivated.',
    'master/slaves_inactive',
  ),
  gauge(
    'mesos_master_agents_connected',
    'Registered agents that are connected.',
    'master/slaves_connected',
  ),
  gauge(
    'mesos_master_agents_disconnected',
    'Registered agents that are not connected.',
    'master/slaves_disconnected',
  ),
  gauge(
    'mesos_master_agents_unreachable',
    'Agents that were given up and have not come back.',
    'master/slaves_unreachable',
  ),
  counter(
    'mesos_master_agent_registrations_total',
    'Agents that registered for the first time.',
    'master/slave_registrations',
  ),
  counter(
    'mesos_master_agent_reregistrations_total',
    'Agents that registered again: after a restart, a loss of connection or another master.',
    'master/slave_reregistrations',
  ),
  counter(
    'mesos_master_agent_removals_total',
    'Agents that were removed.',
    'master/slave_removals',
  ),
  counter(
    'mesos_master_agent_removals_by_reason_total',
    'Agents that were removed as they did not answer (unhealthy), left (unregistered), or came as another (registered).',
    'master/slave_removals/reason_<reason>',
  ),
  counter(
    'mesos_master_recovery_agent_removals_total',
    'Agents that did not come back after a change of the leader.',
    'master/recovery_slave_removals',
  ),
  counter(
    'mesos_master_agent_unreachable_transitions_total',
    'Agents that were to be marked unreachable: scheduled, and completed or canceled.',
    'master/slave_unreachable_<step:scheduled|completed|canceled>',
  ),
  counter(
    'mesos_master_agent_shutdowns_total',
    'Agents that were to be shut down for not answering: scheduled, and completed or canceled.',
    'master/slave_shutdowns_<step:scheduled|completed|canceled>',
  ),
  gauge(
    'mesos_master_frameworks_active',
    'Frameworks that may get offers.',
    'master/frameworks_active',
  ),
  gauge(
    'mesos_master_frameworks_inactive',
    'Registered frameworks that get no offers.',
    'master/frameworks_inactive',
  ),
  gauge(
    'mesos_master_frameworks_connected',
    'Frameworks that are subscribed.',
    'master/frameworks_connected',
  ),
  gauge(
    'mesos_master_frameworks_disconnected',
    'Frameworks that are not subscribed, and may come back (failover_timeout).',
    'master/frameworks_disconnected',
  ),
  gauge(
    'mesos_master_outstanding_offers',
    'Offers that frameworks have not answered.',
    'master/outstanding_offers',
  ),
  gauge(
    'mesos_master_operator_subscribers',
    'Open event streams of operators, pages among them.',
    'master/operator_event_stream_subscribers',
  ),
  counter(
    'mesos_master_http_cache_hits_total',
    'Reads that were answered with the text made for another.',
    'master/http_cache_hits',
  ),
  gauge(
    'mesos_master_event_queue_length',
    'What waits to be taken, by kind. Here events are taken as they come: always 0.',
    'master/event_queue_<kind:messages|dispatches|http_requests>',
  ),
];

const TASKS: readonly Family[] = [
  gauge(
    'mesos_master_tasks',
    'Tasks that have not ended, by state.',
    'master/tasks_<state:staging|starting|running|killing|unreachable>',
  ),
  counter(
    'mesos_master_tasks_ended_total',
    'Tasks that have ended, by state.',
    'master/tasks_<state:finished|failed|killed|lost|error|dropped|gone|gone_by_operator>',
  ),
  counter(
    'mesos_master_task_updates_total',
    'Tasks that got to a state, by who said so and why; those that have a reason.',
    'master/task_<state>/source_<source>/reason_<reason>',
  ),
  counter(
    'mesos_master_messages_total',
    'Messages and calls that came, by type.',
    'master/messages_<type>',
  ),
  counter(
    'mesos_master_judged_messages_total',
    'Messages that were found valid or invalid, by type.',
    'master/<verdict:valid|invalid>_<type>',
  ),
  counter(
    'mesos_master_dropped_messages_total',
    'Messages that were not taken.',
    'master/dropped_messages',
  ),
  gauge(
    'mesos_master_operations',
    'Operations on resources that the master knows, by type and state.',
    'master/operations/<type>/<state:pending|recovering|unreachable|finished|failed|error|dropped|gone_by_operator>',
  ),
];

const RESOURCES: readonly Family[] = [
  amount('mesos_master_resources', 'What the registered agents have.', `master/${OF_AGENTS}_total`),
  amount(
    'mesos_master_resources_used',
    'What tasks and executors have of it.',
    `master/${OF_AGENTS}_used`,
  ),
  gauge(
    'mesos_master_resources_used_ratio',
    'The part of it that is used, from 0 to 1.',
    `master/${OF_AGENTS}_percent`,
  ),
  amount(
    'mesos_master_revocable_resources',
    'What the registered agents have beyond that, and may take back.',
    `master/${OF_AGENTS}_revocable_total`,
  ),
  amount(
    'mesos_master_revocable_resources_used',
    'What tasks and executors have of what may be taken back.',
    `master/${OF_AGENTS}_revocable_used`,
  ),
  gauge(
    'mesos_master_revocable_resources_used_ratio',
    'The part of what may be taken back that is used, from 0 to 1.',
    `master/${OF_AGENTS}_revocable_percent`,
  ),
];

const ALLOCATOR: readonly Family[] = [
  counter(
    'mesos_allocator_runs_total',
    'Runs of the allocator.',
    'allocator/mesos/allocation_runs',
  ),
  duration(
    'mesos_allocator_run_duration_seconds',
    'How long runs of the allocator took.',
    'allocator/mesos/allocation_run_ms',
  ),
  duration(
    'mesos_allocator_run_latency_seconds',
    'From what asks for a run of the allocator to the run.',
    'allocator/mesos/allocation_run_latency_ms',
  ),
  counter(
    'mesos_allocator_core_rebuilds_total',
    'Times that the scheduler core was made anew. Each is a bug, or its memory was full.',
    'allocator/mesos/core_rebuilds',
  ),
  gauge(
    'mesos_allocator_event_queue_length',
    'What waits for the allocator. Here it is called at once: always 0.',
    'allocator/mesos/event_queue_dispatches',
  ),
  amount(
    'mesos_allocator_resources',
    'What there is to allocate.',
    'allocator/mesos/resources/{resource}/total',
  ),
  amount(
    'mesos_allocator_resources_offered_or_allocated',
    'What is on offer or in use of it.',
    'allocator/mesos/resources/{resource}/offered_or_allocated',
  ),
  gauge(
    'mesos_allocator_role_dominant_share',
    'The largest part that a role has of a resource, by its weight: the role with the least is served first.',
    'allocator/mesos/roles/{role}/shares/dominant',
  ),
  gauge(
    'mesos_allocator_role_offer_filters',
    'Refusals of frameworks in a role that are in force.',
    'allocator/mesos/offer_filters/roles/{role}/active',
  ),
  amount(
    'mesos_allocator_role_quota_guarantee',
    'What a role is guaranteed.',
    `${QUOTA}/guarantee`,
  ),
  amount('mesos_allocator_role_quota_limit', 'What a role may have at most.', `${QUOTA}/limit`),
  amount(
    'mesos_allocator_role_offered_or_allocated',
    'What a role with a quota has on offer or in use.',
    `${QUOTA}/offered_or_allocated`,
  ),
  amount(
    'mesos_allocator_role_consumed',
    'What a role has of its quota, with what is reserved for it and the roles below it.',
    `${QUOTA}/consumed`,
  ),
];

const REGISTRY: readonly Family[] = [
  {
    name: 'mesos_registry_fetch_seconds',
    type: 'gauge',
    help: 'How long reading the registry took, when this master was elected.',
    from: ['registrar/state_fetch_ms'],
    unit: 'milliseconds',
  },
  duration(
    'mesos_registry_store_duration_seconds',
    'How long changes of the registry took until they were durable.',
    'registrar/state_store_ms',
  ),
  gauge(
    'mesos_registry_queued_operations',
    'Changes that wait until they are durable.',
    'registrar/queued_operations',
  ),
  gauge('mesos_registry_size_bytes', 'Size of the registry.', 'registrar/registry_size_bytes'),
  gauge(
    'mesos_registry_log_recovered',
    '1 where the registry can be used.',
    'registrar/log/recovered',
  ),
  gauge(
    'mesos_registry_log_ensemble_size',
    'How many places keep the registry.',
    'registrar/log/ensemble_size',
  ),
];

export const MASTER_FAMILIES: FamilyTable = {
  families: [
    ...CLUSTER,
    ...TASKS,
    ...RESOURCES,
    ...FRAMEWORK_FAMILIES,
    ...ALLOCATOR,
    ...REGISTRY,
    ...PROCESS_FAMILIES,
  ],
  omissions: [
    ...FRAMEWORK_SUMS,
    {
      from: 'master/operations/<state:total|pending|recovering|unreachable|finished|failed|error|dropped|gone_by_operator>',
      why: 'sums of `mesos_master_operations`',
    },
    { from: 'master/operations/<type>/total', why: 'sums of `mesos_master_operations`' },
    {
      from: 'allocator/event_queue_dispatches',
      why: 'the same as `mesos_allocator_event_queue_length`',
    },
  ],
};
