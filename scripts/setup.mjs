// Brings a checkout into a state that can run: dependencies, generated code, the scheduler core,
// the page. A step is taken only if its product is out of date (products.mjs). Plain JavaScript
// without dependencies, because this installs them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boundCompileCache, compileCacheOf } from './compile-cache.mjs';
import { coreModule, MESSAGES, PROGRAMS, SUPERVISOR, staleness, WEBUI } from './products.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const pinnedNode = join(root, 'node_modules', '.bin', 'node');

// If the reader of the output has gone (`
// head`), there is no need for a stack trace.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => process.exit(141));
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 12)) {
  console.error(`Setting up needs Node 20.12 or later, this is ${process.versions.node}`);
  process.exit(1);
}

/** Runs every step that is due; `say` gets the name of each before it runs. */
export function setUp(say = (text) => console.error(text)) {
  boundCompileCache(compileCacheOf(root));
  if (!isInstalled()) {
    say('Installing dependencies (npm ci)');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  const steps = [
    { says: 'Generating the message types', script: 'scripts/generate.ts', product: MESSAGES },
    {
      says: 'Compiling the scheduler core',
      script: 'scripts/build-core.ts',
      product: coreModule('mesoscale-core.wasm'),
    },
    { says: 'Building the web page', script: 'scripts/build-webui.ts', product: WEBUI },
    { says: 'Bundling the programs', script: 'scripts/build-programs.ts', product: PROGRAMS },
    // If there was no compiler, each set-up tries again.
    {
      says: 'Compiling the supervisor of containers',
      script: 'scripts/build-supervisor.ts',
      product: SUPERVISOR,
    },
  ];
  for (const { says, script, product } of steps) {
    if (staleness(product) !== undefined) {
      say(says);
      run(pinnedNode, [script]);
    }
  }
}

/** Whether node_modules has what package-lock.json names. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed) || !existsSync(pinnedNode)) {
    return false;
  }
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(
    ([path, { version, optional }]) =>
      path === '' || optional === true || have[path]?.version === version,
  );
}

/** Runs a step and shows its output; a failure ends the program with its status. */
function run(command, parameters) {
  const { status, error } = spawnSync(command, parameters, {
    cwd: root,
    stdio: ['ignore', 2, 'inherit'],
  });
  if (status !== 0) {
    console.error(`${command} ${parameters.join(' ')} failed${error ? `: ${error.message}` : ''}`);
    process.exit(status ?? 1);
  }
}
