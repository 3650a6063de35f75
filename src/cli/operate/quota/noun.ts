// `mesoscale quota`: what roles are guaranteed at least, and limited to.
import { type Noun, verb } from '../verb.ts';
import { QUOTA_LIST_FLAGS, QUOTA_REMOVE_FLAGS, QUOTA_SET_FLAGS } from './flags.ts';

const ROLE = { name: 'ROLE', help: 'A role without a slash.', completes: 'role' } as const;

const list = verb({
  name: 'list',
  summary: 'list the roles that have a quota',
  flags: QUOTA_LIST_FLAGS,
  examples: [{ line: 'quota list', says: 'what is guaranteed, limited, and taken of it' }],
  run: async ({ values }) => (await import('./quotas.ts')).listQuotas(values),
});

const set = verb({
  name: 'set',
  summary: 'limit a role, or guarantee it something',
  explanation:
    'No task ends by it, but offers may be taken back. Limits that are given replace all that the ' +
    'role has; what is not named in them is not limited. It is said how it was before. What is not ' +
    'given stays; who may set a quota but not view it gives both LIMITS and --guarantees.',
  parameters: [
    ROLE,
    {
      name: 'LIMITS',
      help: 'The most that the role gets, such as "cpus:4;mem:1024", or none. Without it, its limits stay.',
      isOptional: true,
    },
  ],
  flags: QUOTA_SET_FLAGS,
  examples: [
    { line: 'quota set eng "cpus:40;mem:65536"', says: 'at most' },
    { line: 'quota set eng --guarantees "cpus:10;mem:8192"', says: 'at least; limits stay' },
    { line: 'quota set eng none --dry-run', says: 'what would be sent to have no limits' },
  ],
  run: async (asked) => (await import('./quotas.ts')).setQuota(asked),
});

const remove = verb({
  name: 'remove',
  summary: 'take guarantees and limits from a role',
  parameters: [ROLE],
  flags: QUOTA_REMOVE_FLAGS,
  examples: [{ line: 'quota remove eng', says: 'it competes with all others again' }],
  run: async (asked) => (await import('./quotas.ts')).removeQuota(asked),
});

export const NOUN: Noun = {
  name: 'quota',
  summary: 'see and set what roles are guaranteed and limited to',
  verbs: [list, set, remove],
};
