// `mesoscale role`: who shares the cluster, and how much of it each role has.
import { type Noun, verb } from '../verb.ts';
import { ROLE_LIST_FLAGS, ROLE_TREE_FLAGS } from './flags.ts';

const EXPLANATION =
  'What a role has counts what the roles below it have. SHARE is the greatest part that it has of ' +
  'anything there is; a master of Apache Mesos does not tell it.';

const list = verb({
  name: 'list',
  summary: 'list roles',
  explanation: EXPLANATION,
  flags: ROLE_LIST_FLAGS,
  examples: [
    { line: 'role list --sort-by=-share', says: 'who has the most' },
    { line: 'role list -f "frameworks>0" -o wide', says: 'those in use, with more columns' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listRoles(values),
});

const tree = verb({
  name: 'tree',
  summary: 'show roles below those that they belong to',
  explanation: EXPLANATION,
  parameters: [
    { name: 'ROLE', help: 'It, and the roles below it.', isOptional: true, completes: 'role' },
  ],
  flags: ROLE_TREE_FLAGS,
  examples: [{ line: 'role tree eng', says: 'what eng has, and how that is divided' }],
  run: async (asked) => (await import('./list.ts')).showTree(asked),
});

export const NOUN: Noun = {
  name: 'role',
  summary: 'see what roles have, are guaranteed and limited to',
  verbs: [list, tree],
};
