// `npm start`: sets the checkout up where that is needed, then runs a cluster on this machine.
// Everything after `--` goes to `mesoscale local`: npm start -- --agents=3
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { COMMAND } from './products.mjs';
import { pinnedNode, root, setUp } from './setup.mjs';

setUp();
// The cluster is in a process group of its own: Ctrl-C reaches only this process, which passes it
// on once. The channel tells the cluster when this process is gone.
const cluster = spawn(
  pinnedNode,
  ['--disable-sigusr1', join(root, COMMAND), 'local', ...process.argv.slice(2)],
  { cwd: root, detached: true, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
// Without a listener Node would open a debugger's port.
process.on('SIGUSR1', () => {});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => cluster.kill(signal));
}
// A kill may end only npm: then this process ends as well.
if (process.env.npm_lifecycle_event === 'start') {
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(look);
      cluster.kill('SIGTERM');
    }
  }, 500);
}
cluster.on('exit', (code, signal) => {
  process.exit(code ?? (signal === null ? 1 : 143));
});
