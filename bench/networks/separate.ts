// Runs this bench once more, in a network and with mounts of its own: what it makes of links,
// addresses and filters is seen by nobody else, and gone with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const VARIABLE = 'MESOSCALE_BENCH_NETWORK';
const ENTER = 'ip link set lo up && exec "$0" "$@"';

/** Whether this process is the one in there; where not, that one has run when this resolves. */
export async function isSeparate(): Promise<boolean> {
  if (process.env[VARIABLE] !== undefined) {
    return true;
  }
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(
    'unshare',
    [
      ...['--net', '--mount', '--propagation=private', 'sh', '-c', ENTER],
      ...[process.execPath, main, ...process.argv.slice(2)],
    ],
    { stdio: 'inherit', env: { ...process.env, [VARIABLE]: 'separate' } },
  );
  [process.exitCode = 1] = (await once(child, 'exit')) as [number | null];
  return false;
}
