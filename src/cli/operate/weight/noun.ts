// `mesoscale weight`: how much of what is shared each role gets.
import { type Noun, verb } from '../verb.ts';
import { WEIGHT_LIST_FLAGS, WEIGHT_SET_FLAGS } from './flags.ts';

const list = verb({
  name: 'list',
  summary: 'list the weights that were set; all other roles have 1',
  flags: WEIGHT_LIST_FLAGS,
  examples: [{ line: 'weight list --sort-by=-weight', says: 'the heaviest first' }],
  run: async ({ values }) => (await import('./weights.ts')).listWeights(values),
});

const set = verb({
  name: 'set',
  summary: 'set the weights of roles',
  explanation:
    'A role of weight 2 gets twice what a role of weight 1 beside it gets of what both want. No ' +
    'task ends, but offers may be taken back. All are set, or none.',
  parameters: [
    {
      name: 'ROLE=WEIGHT',
      help: 'A role, and a number above 0.',
      isMany: true,
      completes: 'role',
    },
  ],
  flags: WEIGHT_SET_FLAGS,
  examples: [{ line: 'weight set eng=2 eng/web=0.5', says: 'two at once' }],
  run: async (asked) => (await import('./weights.ts')).setWeights(asked),
});

const remove = verb({
  name: 'remove',
  summary: 'give roles weight 1 again, as those have that were given none',
  parameters: [{ name: 'ROLE', help: 'A role.', isMany: true, completes: 'role' }],
  flags: WEIGHT_SET_FLAGS,
  examples: [{ line: 'weight remove eng', says: 'it gets as much as others' }],
  run: async (asked) => (await import('./weights.ts')).removeWeights(asked),
});

export const NOUN: Noun = {
  name: 'weight',
  summary: 'see and set the weights of roles',
  verbs: [list, set, remove],
};
