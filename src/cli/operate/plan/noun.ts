// `mesoscale plan VERB`: what would come of a change, which the master makes on a copy.
import { AGENT, FRAMEWORK } from '../parameters.ts';
import { type Noun, verb } from '../verb.ts';
import { PLAN_AGENTS_FLAGS, PLAN_CHANGES_FLAGS, PLAN_FLAGS, PLAN_QUOTA_FLAGS } from './flags.ts';

const EXPLANATION =
  'Nothing is changed: the master makes the change on a copy of its allocator, and tells the ' +
  'cluster before and after. -o wide also shows what stays as it is. Masters of Apache Mesos do ' +
  'not know this call.';

const drain = verb({
  name: 'drain',
  summary: 'what draining agents would end, and what is left',
  explanation: EXPLANATION,
  parameters: [{ ...AGENT, isMany: true }],
  flags: PLAN_FLAGS,
  examples: [{ line: 'plan drain host17 host18', says: 'can the others take their tasks?' }],
  run: async (asked) => (await import('./plan.ts')).planDrain(asked),
});

const quota = verb({
  name: 'quota',
  summary: 'what a quota of a role would do to all roles',
  explanation: `It replaces the quota that the role has. ${EXPLANATION}`,
  parameters: [
    { name: 'ROLE', help: 'A role at the top.', completes: 'role' },
    {
      name: 'LIMITS',
      help: 'What it may have at most, such as cpus:40;mem:65536.',
      isOptional: true,
    },
  ],
  flags: PLAN_QUOTA_FLAGS,
  examples: [
    { line: 'plan quota eng "cpus:40;mem:65536"', says: 'who would get what eng may not have?' },
    { line: 'plan quota eng --guarantees=cpus:8', says: 'what would be held back for eng?' },
  ],
  run: async (asked) => (await import('./plan.ts')).planQuota(asked),
});

const weight = verb({
  name: 'weight',
  summary: 'what other weights of roles would do',
  explanation: EXPLANATION,
  parameters: [{ name: 'ROLE=WEIGHT', help: 'Such as eng=2.5.', completes: 'role', isMany: true }],
  flags: PLAN_FLAGS,
  examples: [{ line: 'plan weight eng=3 ops=1', says: 'if eng counted three times' }],
  run: async (asked) => (await import('./plan.ts')).planWeights(asked),
});

const addAgents = verb({
  name: 'add-agents',
  summary: 'what more agents would be offered to whom',
  explanation: EXPLANATION,
  parameters: [{ name: 'NUMBER', help: 'How many.' }],
  flags: PLAN_AGENTS_FLAGS,
  examples: [
    {
      line: 'plan add-agents 10 --resources="cpus:16;mem:65536"',
      says: 'would that be enough for all guarantees?',
    },
  ],
  run: async (asked) => (await import('./plan.ts')).planAgents(asked),
});

const removeFramework = verb({
  name: 'remove-framework',
  summary: 'what the end of a framework would end and free',
  explanation: EXPLANATION,
  parameters: [FRAMEWORK],
  flags: PLAN_FLAGS,
  examples: [{ line: 'plan remove-framework old-batch', says: 'before it is torn down' }],
  run: async (asked) => (await import('./plan.ts')).planRemoval(asked),
});

const changes = verb({
  name: 'changes',
  summary: 'what several changes together would do',
  explanation: `Each flag is a change; they are made one on top of the other. ${EXPLANATION}`,
  flags: PLAN_CHANGES_FLAGS,
  examples: [
    {
      line: 'plan changes --drain=host17 --add-agents="1 cpus:16;mem:65536"',
      says: 'would a new machine make up for it?',
    },
    { line: 'plan changes --weight=eng=3 --quota="ops cpus:40"', says: 'both at once' },
  ],
  run: async (asked) => (await import('./plan.ts')).planChanges(asked),
});

export const NOUN: Noun = {
  name: 'plan',
  summary: 'say what a change would do, and change nothing',
  verbs: [drain, quota, weight, addAgents, removeFramework, changes],
};
