// A command. The command.ts in its folder describes it, and loads the rest when it runs: the list
// of commands, their help and the page of their flags load no master and no agent.
import type { EarlyPort } from '../http/transport/listener.ts';
import { answerHelp, orFailLater, readCommandLine } from './command-line.ts';
import { fail } from './failure.ts';
import { LastingFlagError, MissingFlagError } from './flags/faults.ts';
import type { FlagTable, FlagValues } from './flags/flag.ts';
import type { ParsedFlags, Source } from './flags/parse.ts';
import { type ListeningFlags, openEarlyPort } from './process/early-port.ts';
import { keepGoingWithoutReader } from './process/output-errors.ts';
import type { ServerName } from './servers.ts';

/** What can be said about a command without loading it. */
export interface Description<Table extends FlagTable> {
  /** The word after `mesoscale`. */
  readonly name: string;
  /** What the command does, for the list of commands: a clause without subject. */
  readonly summary: string;
  /** The name of Mesos's program, under which bin/ has the command as well. */
  readonly mesosName?: string;
  /** The command line, an empty line, and an explanation. */
  readonly usage: string;
  readonly flags: Table;
  /** How many arguments besides flags are allowed; 0 by default. */
  readonly maxArguments?: number;
  /** What the flags have from elsewhere; by default, from the environment alone. */
  readonly source?: (
    argv: readonly string[],
    environment: Source['environment'],
  ) => Promise<Pick<Source, 'environment' | 'preset'>>;
  /** The help where these words come before --help; undefined: that of the command. */
  readonly helpOf?: (words: readonly string[]) => Help | undefined;
}

/** What --help shows. */
export type Help = Pick<Description<FlagTable>, 'usage' | 'flags'>;

export interface Command extends Description<FlagTable> {
  /** Reads the flags and runs the command. Ends the process where that fails. */
  run(argv: readonly string[]): Promise<void>;
}

/**
 * A command that gets the flags as they were read; a FlagError that it throws ends it in one line.
 */
export const command = <Table extends FlagTable>(
  description: Description<Table> & { run(parsed: ParsedFlags<Table>): Promise<void> },
): Command => ({
  ...description,
  run: (argv) =>
    orFailLater(description.name, async () => {
      answerHelp(description, argv);
      const { source } = description;
      const elsewhere = (await source?.(argv, process.env)) ?? { environment: process.env };
      await description.run(readCommandLine(description, { argv, ...elsewhere }));
    }),
});

/**
 * The status of a master or agent that would end in the same way each time, so that what starts it
 * again (the units of packages) may leave it at that.
 */
const NEVER_WORKS = 2;

/**
 * A master or agent: it opens its port before it is loaded, and outlives the readers of its log.
 */
export const serverCommand = <Table extends FlagTable & ListeningFlags>(
  description: Description<Table> & {
    readonly name: ServerName;
    run(parsed: ParsedFlags<Table>, early: EarlyPort | undefined): Promise<void>;
  },
): Command =>
  command<Table>({
    ...description,
    run: async (parsed) => {
      keepGoingWithoutReader();
      // With systemd's UMask=0077 no other user's task could reach its sandbox. Private files set
      // their own mode.
      process.umask(0o022);
      const values = parsed.values as FlagValues<ListeningFlags>;
      try {
        const early = await openEarlyPort({ values, faults: parsed.faults });
        await description.run(parsed, early);
      } catch (error) {
        if (!(error instanceof LastingFlagError)) {
          throw error;
        }
        const isNoVerb = error instanceof MissingFlagError && !parsed.written.has('work_dir');
        const hint = isNoVerb ? orVerb(description.name) : '';
        fail(description.name, error.message + hint, NEVER_WORKS);
      }
    },
  });

/** Who has left the folder out may have meant to look at what runs, and not to run something. */
const orVerb = (name: ServerName): string =>
  `\nwithout a verb, mesoscale ${name} runs one; mesoscale help ${name} lists its verbs`;
