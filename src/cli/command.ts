// What a command is. The command.ts in its folder describes it, and loads the rest when it runs:
// the list of commands, their help and the page of their flags load no master and no agent.
import type { EarlyPort } from '../http/transport/listener.ts';
import { orFailLater, readCommandLine } from './command-line.ts';
import type { FlagTable, FlagValues } from './flags/flag.ts';
import type { ParsedFlags } from './flags/parse.ts';
import { type ListeningFlags, openEarlyPort } from './process/early-port.ts';
import { keepGoingWithoutReader } from './process/output-errors.ts';
import type { ServerName } from './servers.ts';

/** What can be said about a command without running it. */
export interface Description<Table extends FlagTable> {
  /** The word after `mesoscale`. */
  readonly name: string;
  /** What it does, for the list of commands: a clause without its subject. */
  readonly summary: string;
  /** The program of Mesos whose name it has, too: a file of that name in bin/ runs it. */
  readonly mesosName?: string;
  /** How it is called, and after an empty line what there is to say about it. */
  readonly usage: string;
  readonly flags: Table;
  /** How many arguments besides flags it takes; none where it does not say. */
  readonly maxArguments?: number;
}

export interface Command extends Description<FlagTable> {
  /** Reads the flags and carries it out. Ends the process where it cannot. */
  run(argv: readonly string[]): Promise<void>;
}

/** `run` gets the flags as they were read; a FlagError of its own ends it in a line. */
export const command = <Table extends FlagTable>(
  description: Description<Table> & { run(parsed: ParsedFlags<Table>): Promise<void> },
): Command => ({
  ...description,
  run: (argv) => {
    const parsed = readCommandLine(description, argv);
    return orFailLater(description.name, () => description.run(parsed));
  },
});

/** A master or an agent: it listens before it is loaded, and outlives the readers of its log. */
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
      // Under systemd's UMask=0077 no task of another user could reach its sandbox. What is private
      // says so.
      process.umask(0o022);
      const values = parsed.values as FlagValues<ListeningFlags>;
      const early = await openEarlyPort({ values, faults: parsed.faults });
      await description.run(parsed, early);
    },
  });
