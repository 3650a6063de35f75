// `mesoscale framework`: who runs tasks here.
import { EXPLAIN_FLAGS } from '../explain/flags.ts';
import { FRAMEWORK } from '../parameters.ts';
import { type Noun, verb } from '../verb.ts';
import { FRAMEWORK_LIST_FLAGS, FRAMEWORK_SHOW_FLAGS, FRAMEWORK_TEARDOWN_FLAGS } from './flags.ts';

const list = verb({
  name: 'list',
  summary: 'list frameworks',
  explanation:
    'With --all also those that have ended, as far as the master remembers them. -o wide counts ' +
    'their tasks, too.',
  flags: FRAMEWORK_LIST_FLAGS,
  examples: [
    { line: 'framework list --sort-by=-cpus', says: 'who has the most' },
    { line: 'framework list -f state=disconnected', says: 'those whose scheduler is away' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listFrameworks(values),
});

const show = verb({
  name: 'show',
  summary: 'show one framework',
  parameters: [FRAMEWORK],
  flags: FRAMEWORK_SHOW_FLAGS,
  examples: [{ line: 'framework show marathon', says: 'its roles, what it has, and its tasks' }],
  run: async (asked) => (await import('./show.ts')).showFramework(asked),
});

const teardown = verb({
  name: 'teardown',
  summary: 'end frameworks with all their tasks',
  explanation: 'A framework that is torn down does not come back under its id.',
  parameters: [{ ...FRAMEWORK, isMany: true }],
  flags: FRAMEWORK_TEARDOWN_FLAGS,
  examples: [{ line: 'framework teardown marathon', says: 'after a question' }],
  run: async (asked) => (await import('./teardown.ts')).tearDown(asked),
});

const explain = verb({
  name: 'explain',
  summary: 'say why a framework is offered what it is, and is not offered the rest',
  explanation: 'The same as `mesoscale explain`. It takes a master of Mesoscale.',
  parameters: [FRAMEWORK],
  flags: EXPLAIN_FLAGS,
  examples: [
    {
      line: 'framework explain marathon --demand "cpus:4;mem:8192"',
      says: 'what keeps a task off',
    },
  ],
  run: async (asked) => (await import('../explain/explain.ts')).explainOffers(asked),
});

export const NOUN: Noun = {
  name: 'framework',
  summary: 'look at frameworks, see why they get no offers, and end them',
  verbs: [list, show, explain, teardown],
};
