// Families of metrics of single frameworks, and of principals, on a master. Labels are bounded as
// frameworks are (master/frameworks/room.ts); only registered ones are shown.
import { counter, type Family, gauge } from './family.ts';

const FRAMEWORK = 'master/frameworks/{framework_name}/{framework_id}';

/** Of each framework there are only the types and states that it has had. */
const byType = (family: Family): Family => ({ ...family, omitsZero: true });

const offers = (what: string): Family =>
  counter(
    `mesos_master_framework_offers_${what}_total`,
    `Offers of a framework that were ${what}.`,
    `${FRAMEWORK}/offers/${what}`,
  );

export const FRAMEWORK_FAMILIES: readonly Family[] = [
  gauge(
    'mesos_master_framework_subscribed',
    '1 for a framework that is subscribed, 0 for one that is not.',
    `${FRAMEWORK}/subscribed`,
  ),
  ...[
    counter(
      'mesos_master_framework_calls_total',
      'Calls of a framework, by type.',
      `${FRAMEWORK}/calls/<type>`,
    ),
    counter(
      'mesos_master_framework_events_total',
      'Events that a framework was sent, by type.',
      `${FRAMEWORK}/events/<type>`,
    ),
    counter(
      'mesos_master_framework_operations_total',
      'Operations in the ACCEPTs of a framework, by type.',
      `${FRAMEWORK}/operations/<type>`,
    ),
    gauge(
      'mesos_master_framework_tasks',
      'Tasks of a framework that have not ended, by state.',
      `${FRAMEWORK}/tasks/active/task_<state>`,
    ),
    counter(
      'mesos_master_framework_tasks_ended_total',
      'Tasks of a framework that have ended, by state.',
      `${FRAMEWORK}/tasks/terminal/task_<state>`,
    ),
  ].map(byType),
  ...['sent', 'accepted', 'declined', 'rescinded'].map(offers),
  gauge(
    'mesos_master_framework_role_suppressed',
    '1 for a role in which a framework wants no offers.',
    `${FRAMEWORK}/roles/{role}/suppressed`,
  ),
  counter(
    'mesos_master_principal_messages_received_total',
    'Calls of the frameworks of a principal, the gone ones included; it goes with the last one.',
    'frameworks/{principal}/messages_received',
  ),
  counter(
    'mesos_master_principal_messages_processed_total',
    'Those of them that --rate_limits has let through.',
    'frameworks/{principal}/messages_processed',
  ),
];

/** Names that are sums over those of the families above. */
export const FRAMEWORK_SUMS = ['calls', 'events', 'operations'].map((what) => ({
  from: `${FRAMEWORK}/${what}`,
  why: 'sums over types',
}));
