// The verbs of `mesoscale secure`: what each does, and the flags that are about it.
import { TLS_FLAGS } from '../process/tls-flags.ts';
import { SECURE_FLAGS } from './flags.ts';

type FlagName = keyof typeof SECURE_FLAGS;

interface VerbHelp {
  readonly usage: string;
  /** What it does, after `secure VERB ARGUMENTS`. */
  readonly does: string;
  readonly flags: readonly FlagName[];
}

const TLS_NAMES = Object.keys(TLS_FLAGS) as FlagName[];

export const VERBS = {
  init: {
    usage: 'secure init DIR',
    does:
      'makes a folder with all that a closed cluster needs, and shows how to start ' +
      'its parts. Only its user can read what is in it.',
    flags: ['days', 'hosts', 'install_dir', 'roles', 'users'],
  },
  add: {
    usage: 'secure add host|agent|framework|operator|viewer|monitor NAME --dir=DIR',
    does:
      'adds to such a folder a machine’s ' +
      'certificate, or a principal with its secret and with what it may do.',
    flags: ['days', 'dir', 'hosts', 'install_dir', 'roles', 'users'],
  },
  renew: {
    usage: 'secure renew host|principal NAME --dir=DIR',
    does:
      'gives a machine or a principal a new certificate and ' +
      'key. What it is called, its secret and what it may do stay as they are.',
    flags: ['days', 'dir', 'hosts', 'install_dir'],
  },
  remove: {
    usage: 'secure remove NAME --dir=DIR',
    does: 'takes a principal out of the credentials and lists.',
    flags: ['dir', 'install_dir'],
  },
  check: {
    usage: 'secure check',
    does:
      'looks for what is open: at files with --dir, at a master with --master, at an ' +
      'agent with --agent. It tells what to do about each, and exits with status 1 where something is.',
    flags: ['agent', 'dir', 'master', 'principal', 'secret', ...TLS_NAMES],
  },
} as const satisfies Record<string, VerbHelp>;

export type Verb = keyof typeof VERBS;

export const isVerb = (word: string): word is Verb => Object.hasOwn(VERBS, word);

/** The help of one verb. */
export function verbHelp(verb: Verb) {
  const { usage, does, flags }: VerbHelp = VERBS[verb];
  const names: readonly FlagName[] = [...flags, 'help'];
  return {
    usage: `mesoscale ${usage}\n\nsecure ${verb} ${does}`,
    flags: Object.fromEntries(names.map((name) => [name, SECURE_FLAGS[name]])),
  };
}

/** A paragraph about each. */
export const verbsText = Object.values(VERBS)
  .map(({ usage, does }) => `${usage} ${does}`)
  .join('\n\n');
