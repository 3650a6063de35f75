// `mesoscale maintenance`: when machines will be away, and taking them down and up.
import { type Noun, verb } from '../verb.ts';
import {
  MAINTENANCE_ADD_FLAGS,
  MAINTENANCE_DEED_FLAGS,
  MAINTENANCE_DOWN_FLAGS,
  MAINTENANCE_LIST_FLAGS,
  MAINTENANCE_SET_FLAGS,
} from './flags.ts';

const MACHINES = {
  name: 'MACHINE',
  help: 'Its host name, its address, an agent on it, or HOST/IP of one that has no agent now.',
  isMany: true,
  completes: 'agent',
} as const;

const status = verb({
  name: 'status',
  summary: 'list machines that are scheduled for maintenance, or down',
  explanation:
    'draining: frameworks are asked to leave the machine; how many have agreed and declined is ' +
    'told. down: agents on it are turned away.',
  flags: MAINTENANCE_LIST_FLAGS,
  examples: [{ line: 'maintenance status -f state=down', says: 'what is to be brought up again' }],
  run: async ({ values }) => (await import('./list.ts')).listStatus(values),
});

const schedule = verb({
  name: 'schedule',
  summary: 'list the machines of the schedule, with when they are away',
  flags: MAINTENANCE_LIST_FLAGS,
  examples: [
    { line: 'maintenance schedule --sort-by=from', says: 'what comes first' },
    { line: 'maintenance schedule -o json', says: 'as maintenance set takes it' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listSchedule(values),
});

const add = verb({
  name: 'add',
  summary: 'schedule maintenance of machines',
  explanation:
    'Frameworks are asked to leave the machines, and are told when these will be away. No task ' +
    'ends by it. Machines that are scheduled already are moved to the new time.',
  parameters: [MACHINES],
  flags: MAINTENANCE_ADD_FLAGS,
  examples: [
    { line: 'maintenance add host17 host18 --from=2027-01-31T22:00 --for=2hrs', says: 'at night' },
  ],
  run: async (asked) => (await import('./change.ts')).addWindow(asked),
});

const remove = verb({
  name: 'remove',
  summary: 'take machines out of the schedule',
  parameters: [MACHINES],
  flags: MAINTENANCE_DEED_FLAGS,
  examples: [{ line: 'maintenance remove host17', says: 'it is called off' }],
  run: async (asked) => (await import('./change.ts')).removeMachines(asked),
});

const set = verb({
  name: 'set',
  summary: 'replace the whole schedule by that of a file',
  parameters: [{ name: 'FILE', help: 'JSON: a list of Window, or a Schedule.' }],
  flags: MAINTENANCE_SET_FLAGS,
  examples: [
    { line: 'maintenance set new.json --if-unchanged=old.json', says: 'unless others were faster' },
  ],
  run: async (asked) => (await import('./change.ts')).setSchedule(asked),
});

const down = verb({
  name: 'down',
  summary: 'take scheduled machines down: their agents end, and are turned away',
  parameters: [MACHINES],
  flags: MAINTENANCE_DOWN_FLAGS,
  examples: [{ line: 'maintenance down host17 --yes', says: 'its tasks are lost' }],
  run: async (asked) => (await import('./turns.ts')).takeDown(asked),
});

const up = verb({
  name: 'up',
  summary: 'bring machines up again: agents on them are let in, and the schedule forgets them',
  parameters: [MACHINES],
  flags: MAINTENANCE_DEED_FLAGS,
  examples: [{ line: 'maintenance up host17', says: 'then start its agent' }],
  run: async (asked) => (await import('./turns.ts')).bringUp(asked),
});

export const NOUN: Noun = {
  name: 'maintenance',
  summary: 'say when machines will be away, and take them down and up',
  verbs: [status, schedule, add, remove, set, down, up],
};
