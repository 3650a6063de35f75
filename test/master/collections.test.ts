// Every collection in the master's state, with its bound. A new collection needs an entry here.
import { expect, test } from 'vitest';
import { collectionsOf } from '../support/collections.ts';
import { cluster } from './harness.ts';

/**
 * At most one entry for each agent that is registered, lost, gone or being admitted: the number of
 * these is up to the operator and the registry's bound.
 */
const AGENTS =
  'MAX_AGENTS that are registered or recovered, and registry_max_agent_count of those that were';
const ROLES = 'MAX_FRAMEWORK_ROLES and MAX_ROLES, of 1,024 characters';
const OFFERED = 'what agents have is offered once';
const ON_AGENT = 'MAX_TASK_BYTES, and MAX_AGENT_BYTES of an agent';

const ofState: Record<string, string> = {
  'agents.byAddress': AGENTS,
  'agents.byPid': AGENTS,
  'agents.deactivated': AGENTS,
  'agents.draining': AGENTS,
  'agents.gone': AGENTS,
  'agents.recovered': `${AGENTS}, of MAX_AGENT_INFO_BYTES`,
  'agents.registered': `${AGENTS}, of MAX_AGENT_INFO_BYTES`,
  'agents.unreachableDecisions': AGENTS,
  'agents.lost': 'MAX_LOST_AGENTS, of MAX_HOSTNAME_CHARACTERS',
  'agents.refused': 'MAX_REFUSED_AGENTS, of three times MAX_CHARACTERS',
  'agents.removed': 'maxRemovedAgents',
  'agents.unreachable': AGENTS,
  'agents.unreachableTasks': 'ids of what ran on unreachable agents, and goes with them',
  effects: 'of one step',
  'frameworks.byStream': 'MAX_FRAMEWORKS',
  'frameworks.completed':
    'max_completed_frameworks, of MAX_FRAMEWORK_BYTES and MAX_TASK_HISTORY_BYTES',
  'frameworks.registered': 'MAX_FRAMEWORKS and MAX_FRAMEWORKS_BYTES, twice: frameworks/room.ts',
  grants: OFFERED,
  'history.counted': 'states of tasks',
  'history.points': 'MAX_POINTS',
  'insights.waiting': 'PLACES, of one body each',
  'insights.turns': 'those that wait, and one more',
  inverseOffers: 'one of a framework on an agent',
  machines: 'MAX_MACHINES, all named in one body',
  offers: OFFERED,
  quotas: 'MAX_ALL_ENTRIES, of 1,024 characters and 1,024 resource names',
  resourceNames: 'the names that the core takes: 1,024',
  schedules: 'MAX_MACHINES, all in one body',
  'shares.waiting': 'PLACES, of one body each',
  'shares.turns': 'those that wait, and one more',
  subscribers: 'connections',
  tellings: 'one of each subscriber',
  'throttle.turns': 'principals that --rate_limits names, and one for all others',
  'waiting.calls': 'settings that wait: number and bytes in registrar.ts',
  'waiting.subjects': 'types of continuations; of each, one for each of waiting.writes',
  'waiting.writes': 'one for each agent that changes, and settings: see waiting.calls',
  weights: 'MAX_ALL_ENTRIES, of 1,024 characters',
};

const ofAgent: Record<string, string> = {
  executors: ON_AGENT,
  frameworkBytes: 'one for each framework of its tasks and executors',
  offers: OFFERED,
  tasks: ON_AGENT,
  taskSizes: 'one for each of its tasks',
  total: 'items that the core counts: 65,536',
};

const ofFramework: Record<string, string> = {
  executors: ON_AGENT,
  inverseOffers: 'one on an agent',
  offers: OFFERED,
  operationUuids: 'operations of agents',
  operations: 'operations of agents',
  roles: ROLES,
  suppressedRoles: ROLES,
  tasks: ON_AGENT,
  unreachableTasks: 'max_unreachable_tasks_per_framework and MAX_TASK_HISTORY_BYTES',
};

test('every collection of the state has a bound', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  const state = world.master;
  const others = ['options', 'info', 'core', 'algebra', 'allocator', 'counters'];
  expect(collectionsOf(state, others)).toEqual(Object.keys(ofState).sort());
  const [first] = state.agents.registered.values();
  expect(first?.id).toBe(agent.id);
  expect(collectionsOf(first ?? {}, ['info', 'capabilities'])).toEqual(Object.keys(ofAgent).sort());
  const [only] = state.frameworks.registered.values();
  expect(collectionsOf(only ?? {}, ['info', 'counters', 'constraints', 'capabilities'])).toEqual(
    Object.keys(ofFramework).sort(),
  );
});
