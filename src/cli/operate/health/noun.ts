// `mesoscale health`: whether a cluster is as it should be.
import { type Noun, verb } from '../verb.ts';
import { HEALTH_FLAGS } from './flags.ts';

const health = verb({
  summary: 'tell whether the cluster is well: its master, registry and agents',
  explanation:
    'Ends with 0 where the master leads, has its registry, and there are agents of which none is away; with 1 ' +
    'where something is wrong, and 5 where no master answers.',
  flags: HEALTH_FLAGS,
  examples: [
    { line: 'health', says: 'what is well, and what is not' },
    { line: 'health --away=3 > /dev/null || page-somebody', says: 'in a script' },
  ],
  run: async ({ values }) => (await import('./health.ts')).showHealth(values),
});

export const NOUN: Noun = {
  name: 'health',
  summary: 'tell whether the cluster is well: its master, registry and agents',
  verbs: [health],
};
