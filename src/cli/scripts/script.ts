// Scripts of Mesos, by the names that others call: what they have in common.
import { type Command, command, type Description } from '../command.ts';
import { fail } from '../failure.ts';
import type { FlagTable } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import type { ConnectionValues } from '../operate/connection/cluster.ts';
import { outcomeOf } from '../operate/outcome.ts';

/** They take `--task ID` besides `--task=ID`, and their name is the whole command. */
export function script<Table extends FlagTable>(
  description: Omit<Description<Table>, 'mesosName'> & {
    run(parsed: ParsedFlags<Table>): Promise<void>;
  },
): Command {
  const { name, flags } = description;
  const made = command<Table>({
    ...description,
    mesosName: name,
    run: async (parsed) => {
      try {
        await description.run(parsed);
      } catch (error) {
        fail(name, outcomeOf(error).message);
      }
    },
  });
  return { ...made, run: (argv) => made.run(joined(argv, flags)) };
}

/** Values that stand behind their flags, as those of Mesos's scripts may. */
function joined(argv: readonly string[], table: FlagTable): string[] {
  const words: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const next = argv[at + 1];
    const flag = word.startsWith('--') ? table[word.slice(2)] : undefined;
    if (flag !== undefined && !flag.isBoolean && next !== undefined) {
      words.push(`${word}=${next}`);
      at++;
    } else {
      words.push(word);
    }
  }
  return words;
}

/** How long an answer may take, where a script has no flag for that. */
const TIMEOUT_MS = 30_000;

/** As operators' commands have them: agents at their own addresses, as whom the master is asked. */
export function connectionOf(
  values: Omit<ConnectionValues, 'context' | 'timeout'>,
  timeoutMs = TIMEOUT_MS,
) {
  const { master, principal, secret, ...tls } = values;
  const way = { master, principal, secret, context: undefined, via: 'agent' as const };
  const agents = { agent_principal: undefined, agent_secret: undefined };
  return { ...tls, ...way, ...agents, timeout: timeoutMs };
}
