// Families of metrics of single frameworks, and of principals, on a master. Labels are bounded as
// frameworks are (master/frameworks/room.ts); only registered ones are shown.
import type { Family } from './family.ts';

const FRAMEWORK = 'master/frameworks/{framework_name}/{framework_id}';

/** Of each framework there are only the types and states that it has had. */
const byType = (type: 'counter' | 'gauge', name: string, help: string, from: string): Family => ({
  name,
  type,
  help,
  from: [`${FRAMEWORK}/${from}`],
  omitsZero: true,
});

const offers = (what: string): Family => ({
  name: `mesos_master_framework_offers_${what}_total`,
  type: 'counter',
  help: `Offers of a framework that were ${what}.`,
  from: [`${FRAMEWORK}/offers/${what}`],
});

export const FRAMEWORK_FAMILIES: readonly Family[] = [
  {
    name: 'mesos_master_framework_subscribed',
    type: 'gauge',
    help: '1 for a framework that is subscribed, 0 for one that is not.',
    from: [`${FRAMEWORK}/subscribed`],
  },
  byType(
    'counter',
    'mesos_master_framework_calls_total',
    'Calls of a framework, by type.',
    'calls/<type>',
  ),
  byType(
    'counter',
    'mesos_master_framework_events_total',
    'Events that a framework was sent, by type.',
    'events/<type>',
  ),
  byType(
    'counter',
    'mesos_master_framework_operations_total',
    'Operations in the ACCEPTs of a framework, by type.',
    'operations/<type>',
  ),
  byType(
    'gauge',
    'mesos_master_framework_tasks',
    'Tasks of a framework that have not ended, by state.',
    'tasks/active/task_<state>',
  ),
  byType(
    'counter',
    'mesos_master_framework_tasks_ended_total',
    'Tasks of a framework that have ended, by state.',
    'tasks/terminal/task_<state>',
  ),
  ...['sent', 'accepted', 'declined', 'rescinded'].map(offers),
  {
    name: 'mesos_master_framework_role_suppressed',
    type: 'gauge',
    help: '1 for a role in which a framework wants no offers.',
    from: [`${FRAMEWORK}/roles/{role}/suppressed`],
  },
  {
    name: 'mesos_master_principal_messages_received_total',
    type: 'counter',
    help: 'Calls of the registered frameworks of a principal; it falls when one of them leaves.',
    from: ['frameworks/{principal}/messages_received'],
  },
  {
    name: 'mesos_master_principal_messages_processed_total',
    type: 'counter',
    help: 'Those of them that --rate_limits has let through.',
    from: ['frameworks/{principal}/messages_processed'],
  },
];

/** Names that are sums over those of the families above. */
export const FRAMEWORK_SUMS = ['calls', 'events', 'operations'].map((what) => ({
  from: `${FRAMEWORK}/${what}`,
  why: 'sums over types',
}));
