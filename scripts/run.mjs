// Runs a script of ours under the pinned Node of node_modules, whatever the machine's own is.
// Plain JavaScript, because the machine's Node may be too old to strip types.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pinnedNode, root, setUp } from './setup.mjs';

if (!existsSync(pinnedNode)) {
  setUp();
}
const result = spawnSync(pinnedNode, process.argv.slice(2), { cwd: root, stdio: 'inherit' });
process.exitCode = result.status ?? 1;
