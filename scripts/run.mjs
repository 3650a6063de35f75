// Runs a script of this project with the pinned Node of node_modules, whichever Node the machine
// has. With --set-up it first brings up to date what the script needs. Plain JavaScript, because
// the machine's Node may be too old to strip types.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { compileCacheOf } from './compile-cache.mjs';
import { pinnedNode, root, setUp } from './setup.mjs';

const isSetUp = process.argv[2] === '--set-up';
if (isSetUp || !existsSync(pinnedNode)) {
  setUp();
}
const parameters = process.argv.slice(isSetUp ? 3 : 2);
// What was compiled once, types stripped, is kept, as by bin/mesoscale.
process.env.NODE_COMPILE_CACHE ??= compileCacheOf(root);
const result = spawnSync(pinnedNode, parameters, {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = result.status ?? 1;
