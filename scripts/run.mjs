// Runs a script of ours under the pinned Node of node_modules, whatever the machine's own is.
// Plain JavaScript, because the machine's Node may be too old to strip types.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = join(root, 'node_modules', '.bin', 'node');
const node = existsSync(pinned) ? pinned : process.execPath;
const result = spawnSync(node, process.argv.slice(2), { cwd: root, stdio: 'inherit' });
process.exitCode = result.status ?? 1;
