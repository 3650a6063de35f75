// `npm start`: sets the checkout up where that is needed, then runs a cluster on this machine.
// Everything after `--` goes to `mesoscale local`: npm start -- --agents=3
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pinnedNode, root, setUp } from './setup.mjs';

setUp();
const cluster = spawn(
  pinnedNode,
  [join(root, 'src', 'cli', 'mesoscale.ts'), 'local', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
// Ctrl-C reaches the cluster by itself; this process waits until it has ended cleanly.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) {
  process.on(signal, () => cluster.kill(signal));
}
cluster.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 143);
});
