// `npm run watch`: runs the tests that a change concerns, as it is saved: the pure ones, or those
// of the files and folders that are named, also if they start processes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { compileCacheOf } from './compile-cache.mjs';
import { pinnedNode, root, setUp } from './setup.mjs';

setUp();
process.env.NODE_COMPILE_CACHE ??= compileCacheOf(root);
const asked = process.argv.slice(2);
const isNamed = asked.some((argument) => !argument.startsWith('-'));
const projects = isNamed ? '--project=!closed' : '--project=pure';
const vitest = [join('node_modules', 'vitest', 'vitest.mjs'), 'watch', projects, ...asked];
const child = spawn(pinnedNode, vitest, { cwd: root, stdio: 'inherit' });
// Ctrl-C reaches both; what has to be said about it, vitest says.
process.on('SIGINT', () => {});
child.once('exit', (status) => {
  process.exitCode = status ?? 1;
});
