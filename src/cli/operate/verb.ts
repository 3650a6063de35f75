// A verb: what an operator types after a noun, as `list` in `mesoscale task list`. Help,
// completion, docs/commands.md and the man pages are made from these descriptions, and no code of a
// verb is loaded before it runs.
import type { FlagFaults } from '../flags/faults.ts';
import type { FlagTable, FlagValues } from '../flags/flag.ts';

/** What completion offers for an argument. */
export type Completes =
  | 'agent'
  | 'command'
  | 'container'
  | 'context'
  | 'file'
  | 'framework'
  | 'resource'
  | 'role'
  | 'shell'
  | 'task';

/** An argument that is no flag. */
export interface Parameter {
  /** As it stands in help: `TASK`. */
  readonly name: string;
  readonly help: string;
  readonly isOptional?: boolean;
  /** Takes all words that are left; only the last one may. */
  readonly isMany?: boolean;
  readonly completes?: Completes;
}

export interface Example {
  /** After `mesoscale `. */
  readonly line: string;
  readonly says: string;
}

/** What was asked for, its flags read. */
export interface Asked<Table extends FlagTable> {
  /** The arguments, in the order of the parameters. */
  readonly words: readonly string[];
  readonly values: FlagValues<Table>;
  /** The flags that were written on the command line. */
  readonly written: ReadonlySet<string>;
  /** For faults that only the verb can see. */
  readonly faults: FlagFaults;
}

interface Description<Table extends FlagTable> {
  /**
   * `list`, or `files ls` of a group of verbs. Undefined: the noun alone is the command, as in
   * `mesoscale top`.
   */
  readonly name?: string;
  /** A clause without subject. */
  readonly summary: string;
  /** Paragraphs for help, each a line. */
  readonly explanation?: string;
  readonly parameters?: readonly Parameter[];
  readonly flags: Table;
  readonly examples: readonly Example[];
  /** What comes after the first argument is not ours, not even what begins with a dash. */
  readonly passesThrough?: boolean;
}

export interface Verb extends Description<FlagTable> {
  /** Resolves with an exit status; nothing is 0. */
  run(asked: Asked<FlagTable>): Promise<number | undefined>;
}

/** A noun and its verbs, in the order of help. */
export interface Noun {
  readonly name: string;
  /** For the list of commands: a clause without subject. */
  readonly summary: string;
  readonly verbs: readonly Verb[];
  /** Groups of verbs, by the words that stand before these: a clause without subject for each. */
  readonly groups?: Readonly<Record<string, string>>;
}

export const verb = <Table extends FlagTable>(
  description: Description<Table> & {
    // biome-ignore lint/suspicious/noConfusingVoidType: most verbs return nothing.
    run(asked: Asked<Table>): Promise<number | undefined | void>;
  },
): Verb => ({
  ...description,
  run: async (asked) => (await description.run(asked as Asked<Table>)) ?? undefined,
});
