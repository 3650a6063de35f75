// `mesoscale secure`: makes the folder of a closed cluster, adds to it, and finds what is open.
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import type { SECURE_FLAGS } from './flags.ts';
import { isVerb, VERBS, type Verb } from './verbs.ts';

type Values = FlagValues<typeof SECURE_FLAGS>;

export async function runSecure({
  faults,
  rest: [verb, ...rest],
  values,
}: ParsedFlags<typeof SECURE_FLAGS>): Promise<void> {
  const action = faults.read(() => actionOf(verb));
  faults.end();
  process.stdout.write(await action.value(values, rest));
}

type Action = (values: Values, rest: readonly string[]) => Promise<string>;

/** Only what is asked for is loaded. */
const ACTIONS: Readonly<Record<Verb, Action>> = {
  init: async (values, rest) => (await import('./making.ts')).init(values, rest),
  add: async (values, rest) => (await import('./making.ts')).add(values, rest),
  renew: async (values, rest) => (await import('./making.ts')).renew(values, rest),
  remove: async (values, rest) => (await import('./making.ts')).remove(values, rest),
  check: async (values, rest) => (await import('./check.ts')).check(values, rest),
};

/** Throws FlagError. */
function actionOf(verb = ''): Action {
  if (!isVerb(verb)) {
    const got = verb === '' ? '' : `, got '${verb}'`;
    throw new FlagError(`expected ${Object.keys(VERBS).join(', ')}${got} (--help tells of each)`);
  }
  return ACTIONS[verb];
}
