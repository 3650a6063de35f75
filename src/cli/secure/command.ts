// `mesoscale secure`: its description; main.ts runs it.
import { command } from '../command.ts';
import { SECURE_FLAGS } from './flags.ts';
import { isVerb, verbHelp, verbsText } from './verbs.ts';

export const COMMAND = command({
  name: 'secure',
  summary: 'make what a closed cluster needs, and see what is open',
  usage:
    'mesoscale secure init|add|renew|remove|check …\n\n' +
    'Makes certificates, credentials and access control lists, and finds what is open.\n\n' +
    `${verbsText}\n\nsecure VERB --help shows the flags of one of them.`,
  helpOf: ([word = '']) => (isVerb(word) ? verbHelp(word) : undefined),
  flags: SECURE_FLAGS,
  maxArguments: 3,
  run: async (parsed) => (await import('./main.ts')).runSecure(parsed),
});
