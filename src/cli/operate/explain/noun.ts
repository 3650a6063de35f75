// `mesoscale explain`: why a framework is offered what it is, and not the rest.
import { type Noun, verb } from '../verb.ts';
import { EXPLAIN_FLAGS } from './flags.ts';

const explain = verb({
  summary: 'say why a framework is offered what it is, and not the rest',
  explanation:
    'By role, all agents grouped by the reason, with what can be done about it. With --demand ' +
    'also whether a task of that size fits anywhere, now or ever. -o wide names some agents of ' +
    'each group. Masters of Apache Mesos do not know this call.',
  parameters: [
    {
      name: 'FRAMEWORK',
      help: 'Its id, the beginning or last part of it, or its name. May be left out where there is only one.',
      isOptional: true,
      completes: 'framework',
    },
  ],
  flags: EXPLAIN_FLAGS,
  examples: [
    { line: 'explain marathon', says: 'why does it get no offers?' },
    { line: 'explain marathon --demand="cpus:8;mem:32768"', says: 'why does this task wait?' },
    { line: 'explain marathon --role=eng --agent=host17', says: 'why not this agent?' },
  ],
  run: async (asked) => (await import('./explain.ts')).explainOffers(asked),
});

export const NOUN: Noun = {
  name: 'explain',
  summary: 'say why a framework is offered what it is, and not the rest',
  verbs: [explain],
};
