// Runs a script of port mapping: in a process group of its own, which is killed at the deadline,
// and with bounds for what it prints. It ends with the agent, for the next one undoes what it does.
import { spawn } from 'node:child_process';
import { ContainerizerError } from '../../containerizer-error.ts';
import { Slots } from '../../downloads/slots.ts';
import { killGroup } from '../../process-group.ts';

const LONGEST_MS = 30_000;
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

function run(purpose: string, script: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '/bin/sh', '-e'], {
    cwd: '/',
    detached: true,
    env: { LC_ALL: 'C', PATH: [process.env.PATH, ...SYSTEM_FOLDERS].filter(Boolean).join(':') },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const fail = (why: string) => reject(new ContainerizerError(`${purpose}: ${why}`));
  const deadline = setTimeout(() => {
    fail(`the programs ip and tc have not ended after ${LONGEST_MS / 1000} s`);
    killGroup(child.pid);
  }, LONGEST_MS);
  let output = '';
  let errors = '';
  child.on('error', (error) => {
    clearTimeout(deadline);
    fail(error.message);
  });
  // Without a free descriptor, there are no streams.
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.length > MAX_OUTPUT_BYTES) {
      fail(`the programs ip and tc have printed more than ${MAX_OUTPUT_BYTES} bytes`);
      killGroup(child.pid);
    }
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(0, MAX_ERROR_BYTES);
  });
  child.on('close', (status, signal) => {
    clearTimeout(deadline);
    if (status === 0) {
      resolve(output);
    } else {
      fail(errors.trim().replaceAll(/\s*\n\s*/g, ' ') || (signal ?? `exit status ${status}`));
    }
  });
  // The shell may end before it has read all of it.
  child.stdin?.on('error', () => {});
  child.stdin?.end(script);
  return promise;
}
