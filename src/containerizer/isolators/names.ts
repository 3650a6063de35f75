// The isolators that there are, by Mesos's names for them, as `--isolation` takes them: data alone,
// so that flags and their help can be read without loading one of them.

/**
 * In the order in which they add to a plan. An isolator is a name here, and its file in
 * isolators.ts.
 */
export const ISOLATOR_NAMES = ['filesystem/posix', 'posix/cpu', 'posix/mem', 'posix/disk'] as const;
export type IsolatorName = (typeof ISOLATOR_NAMES)[number];

/** Words of Mesos that stand for several. */
const ALIASES: ReadonlyMap<string, readonly IsolatorName[]> = new Map([
  ['process', ['posix/cpu', 'posix/mem']],
]);

/** All that `--isolation` may name. */
export const ISOLATION_WORDS: readonly string[] = [...ISOLATOR_NAMES, ...ALIASES.keys()];

/** Containers have the machine's files where no other isolator gives them some of their own. */
const ALWAYS: IsolatorName = 'filesystem/posix';

/** Each once, in their order. Words that name none are left out: flags have refused them. */
export function isolatorsNamed(words: readonly string[]): IsolatorName[] {
  const wanted = new Set<string>([ALWAYS]);
  for (const word of words) {
    for (const name of ALIASES.get(word) ?? [word]) {
      wanted.add(name);
    }
  }
  return ISOLATOR_NAMES.filter((name) => wanted.has(name));
}
