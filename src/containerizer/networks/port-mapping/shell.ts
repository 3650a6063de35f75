// Runs a script of port mapping: in a process group of its own, which is killed at the deadline,
// and with bounds for what it prints. It ends with the agent, for the next one undoes what it does.
import { ContainerizerError } from '../../containerizer-error.ts';
import { Slots } from '../../downloads/slots.ts';
import type { Patience } from '../../programs/program-call.ts';
import { runProgram } from '../../programs/programs.ts';

const PATIENCE: Patience = { longestMs: 30_000, unwantedMs: 30_000, endMs: 1_000 };
/** Far more than all filters there may be. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const MAX_ERROR_BYTES = 1_000;
/** Where tc and ip are, which PATH may lack. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/**
 * Scripts that run at once. The kernel changes links and filters one after the other, and an agent
 * that comes back looks after those of all containers.
 */
const MOST = 8;
const slots = new Slots(MOST, MOST);

/**
 * What the script prints. `purpose` begins what is told of a failure. Rejects with
 * ContainerizerError where a command fails that must not.
 */
export const runScript = (purpose: string, script: string): Promise<string> =>
  slots.run({ host: 'this machine' }, new AbortController().signal, () => run(purpose, script));

async function run(purpose: string, script: string): Promise<string> {
  const { failure, hasExited, stdout, stderr } = await runProgram(
    {
      program: 'setpriv',
      words: ['--pdeathsig', 'KILL', '/bin/sh', '-e'],
      environment: {
        LC_ALL: 'C',
        PATH: [process.env.PATH, ...SYSTEM_FOLDERS].filter(Boolean).join(':'),
      },
      input: script,
      mostBytes: MAX_OUTPUT_BYTES,
      patience: PATIENCE,
      endsWithAgent: true,
    },
    new AbortController().signal,
  );
  if (failure !== undefined) {
    const said = String(stderr.subarray(0, MAX_ERROR_BYTES))
      .trim()
      .replaceAll(/\s*\n\s*/g, ' ');
    throw new ContainerizerError(
      `${purpose}: ${(hasExited && said) || `the script of ip and tc ${failure}`}`,
    );
  }
  return String(stdout);
}
