// `mesoscale events`: what happens in a cluster, as it happens.
import { type Noun, verb } from '../verb.ts';
import { EVENTS_FLAGS } from './flags.ts';

const events = verb({
  summary: 'tell what happens to tasks, agents and frameworks, as it happens',
  explanation:
    'Until Ctrl-C. Where the stream ends - the master is restarted, or another one leads - it is ' +
    'begun anew, and a line says so. Columns for --filter: type (TASK_ADDED, TASK_UPDATED, ' +
    'AGENT_ADDED …), of (task, agent, framework), id, name, state, framework and agent. A master ' +
    'of Apache Mesos tells less: nothing of agents that drain or are disconnected.',
  flags: EVENTS_FLAGS,
  examples: [
    { line: 'events', says: 'all that happens' },
    { line: 'events --filter of=agent', says: 'agents that come and go' },
    { line: 'events --filter state=TASK_FAILED -o json', says: 'failures, for a program' },
  ],
  run: async ({ values }) => (await import('./events.ts')).followEvents(values),
});

export const NOUN: Noun = {
  name: 'events',
  summary: 'tell what happens to tasks, agents and frameworks, as it happens',
  verbs: [events],
};
