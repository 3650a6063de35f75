// Runs a script of ours under the pinned Node of node_modules, whatever the machine's own is. With
// --set-up first, what it needs is brought up to date before. Plain JavaScript, because the
// machine's Node may be too old to strip types.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pinnedNode, root, setUp } from './setup.mjs';

const isSetUp = process.argv[2] === '--set-up';
if (isSetUp || !existsSync(pinnedNode)) {
  setUp();
}
const result = spawnSync(pinnedNode, process.argv.slice(isSetUp ? 3 : 2), {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = result.status ?? 1;
