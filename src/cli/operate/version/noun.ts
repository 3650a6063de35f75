// `mesoscale version`: which versions a cluster has.
import { type Noun, verb } from '../verb.ts';
import { VERSION_FLAGS } from './flags.ts';

const version = verb({
  summary: 'show the versions of this command, the master and the agents',
  explanation:
    'Where no master is named and none answers, that of this command alone; mesoscale --version ' +
    'asks for no more.',
  flags: VERSION_FLAGS,
  examples: [
    { line: 'version', says: 'which versions run, and on how many agents' },
    { line: 'version -m master1:5050 -o json', says: 'for a script' },
  ],
  run: async ({ values }) => (await import('./version.ts')).showVersions(values),
});

export const NOUN: Noun = {
  name: 'version',
  summary: 'show the versions of this command, the master and the agents',
  verbs: [version],
};
