// Plays rounds of faults with masters in a process of its own: where the test is root, in a network
// of its own, in which connections can be cut.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { canMakeNetworks, NetworkNamespace } from '../../support/network-namespace.ts';

const ROUNDS = join(import.meta.dirname, 'rounds.ts');

interface Played {
  readonly seed: number;
  readonly rounds: number;
  /** Those of the rounds, in turn; by default the seed decides. */
  readonly faults?: readonly string[];
  readonly onLine?: (line: string) => void;
}

/** Resolves when nothing was wrong. Rejects with all that was printed. */
export async function playRounds({ seed, rounds, faults = [], onLine }: Played): Promise<void> {
  await using network = canMakeNetworks ? await NetworkNamespace.make() : undefined;
  const flags = [`--seed=${seed}`, `--rounds=${rounds}`, `--faults=${faults.join(',')}`];
  const line = [process.execPath, ROUNDS, ...flags] as const;
  const [program, ...parameters] = network?.entering(...line, '--machines') ?? line;
  const child = spawn(program, parameters, { env: { ...process.env, NODE_OPTIONS: '' } });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const told of text.trim().split('\n')) {
      onLine?.(told);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (status !== 0) {
    throw new Error(`It ended with ${status}:\n${output}`);
  }
}
