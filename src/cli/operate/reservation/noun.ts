// `mesoscale reservation`: what of agents is kept for roles.
import { AGENT } from '../parameters.ts';
import { type Noun, verb } from '../verb.ts';
import {
  RESERVATION_ADD_FLAGS,
  RESERVATION_LIST_FLAGS,
  RESERVATION_REMOVE_FLAGS,
} from './flags.ts';

const ROLE = { name: 'ROLE', help: 'For whom it is.', completes: 'role' } as const;
const RESOURCES = {
  name: 'RESOURCES',
  help: 'Such as "cpus:2;mem:1024;ports:[31000-31005]", or a JSON list of Resource.',
} as const;

const list = verb({
  name: 'list',
  summary: 'list what is reserved, by agent and role',
  explanation: 'Static reservations are those of the flags of an agent.',
  flags: RESERVATION_LIST_FLAGS,
  examples: [
    { line: 'reservation list -f role=eng', says: 'what eng has reserved' },
    { line: 'reservation list -f type=dynamic --sort-by=agent', says: 'what operators can remove' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listReservations(values),
});

const add = verb({
  name: 'add',
  summary: 'reserve resources of an agent for a role',
  explanation:
    'Only what nobody uses is reserved; offers that hold it are taken back. The role and those ' +
    'below it are offered it from then on, and nobody else.',
  parameters: [AGENT, ROLE, RESOURCES],
  flags: RESERVATION_ADD_FLAGS,
  examples: [
    { line: 'reservation add host17 eng "cpus:2;disk:10240"', says: 'of what is free' },
    { line: 'reservation add host17 eng/db disk:1024 --from=eng', says: 'out of what eng has' },
  ],
  run: async (asked) => (await import('./change.ts')).addReservation(asked),
});

const remove = verb({
  name: 'remove',
  summary: 'give back what is reserved for a role on an agent',
  explanation:
    'All of it, or so much. What tasks use is not given back, nor what volumes are on: they are ' +
    'destroyed before. Static reservations are changed by the flags of the agent.',
  parameters: [AGENT, ROLE, { ...RESOURCES, isOptional: true }],
  flags: RESERVATION_REMOVE_FLAGS,
  examples: [
    { line: 'reservation remove host17 eng', says: 'all that was reserved for eng' },
    { line: 'reservation remove host17 eng cpus:1', says: 'a part of it' },
  ],
  run: async (asked) => (await import('./change.ts')).removeReservation(asked),
});

export const NOUN: Noun = {
  name: 'reservation',
  summary: 'keep resources of agents for roles',
  verbs: [list, add, remove],
};
