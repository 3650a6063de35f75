// `npm test`: everything, from a clean checkout on a clean machine. Sets the checkout up, installs
// the Debian packages that suites need where it may (root on Debian or Ubuntu), then checks and
// tests; with `-- FILE…` it only runs the tests of these. Where packages cannot be installed it
// names the suites that it leaves out; under continuous integration (CI=true) that is a failure.
// Clients of other projects are installed from their registries where these can be reached.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { compileCacheOf } from './compile-cache.mjs';
import { DEBIAN_PACKAGES } from './debian-packages.mjs';
import { pinnedNode, root, setUp } from './setup.mjs';

if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
  console.log(
    'Usage: npm test [-- FILE…]\n\nChecks and runs all tests, or only runs those of the files and folders named. ' +
      'npm run test:pure\nruns those that need no process, clock or socket; npm run test:clients those with clients of ' +
      'other people,\nand installs them first.',
  );
  process.exit(0);
}

const isCI = ['true', '1'].includes(process.env.CI ?? '');

setUp();
// As in run.mjs: for the workers, and all that they start.
process.env.NODE_COMPILE_CACHE ??= compileCacheOf(root);
const leftOut = suitesWithoutPackages();
const failures = [];
const folder = mkdtempSync(join(tmpdir(), 'mesoscale-test-'));
const resultFile = join(folder, 'result.json');
const asked = process.argv.slice(2);
// The registries of the clients are slow: meanwhile all else is made ready.
const clients =
  asked.length === 0 || asked.some((name) => name.includes('clients'))
    ? step('installing clients', ['scripts/clients.ts'])
    : undefined;
// Where tests are named, their outcome is what is wanted, and soon.
if (!asked.some((argument) => !argument.startsWith('-'))) {
  await step('check', ['scripts/check.ts', '--without-tests']);
}
await step('the core with its assertions', ['scripts/build-core.ts', 'debug']);
// The compiler for it may have been installed just now.
await step('the supervisor of containers', ['scripts/build-supervisor.ts']);
await clients;
// vitest has no --exclude for single projects; its configuration reads this variable instead.
process.env.MESOSCALE_SUITES_LEFT_OUT = leftOut.map(({ suite }) => suite).join(',');
await step('tests', [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${resultFile}`,
  ...asked,
]);
for (const { suite, why } of leftOut) {
  console.error(`Left out: ${suite} (${why})`);
}
if (isCI && leftOut.length > 0) {
  failures.push('left-out suites');
}
if (failures.length > 0) {
  console.error(`Failed: ${failures.join(', ')}`);
  process.exitCode = 1;
}
console.log(tally());
rmSync(folder, { recursive: true });

async function step(name, parameters) {
  const child = spawn(pinnedNode, parameters, { cwd: root, stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  if (status !== 0) {
    failures.push(name);
  }
}

/** The last line, which sums up the run. */
function tally() {
  if (!existsSync(resultFile)) {
    return '0 passed, 1 failed';
  }
  const result = JSON.parse(readFileSync(resultFile, 'utf8'));
  // A file that cannot be loaded has no tests that could fail.
  const broken = result.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return `${result.numPassedTests} passed, ${result.numFailedTests + broken.length} failed`;
}

/** Installs missing packages where that is possible; returns the suites that cannot run. */
function suitesWithoutPackages() {
  let missing = DEBIAN_PACKAGES.filter((entry) => !isPresent(entry));
  const wanted = missing.filter(({ isForCI }) => isCI || isForCI !== true);
  if (wanted.length > 0 && process.getuid?.() === 0 && isDebian()) {
    console.error(`Installing ${wanted.map(({ name }) => name).join(' ')}`);
    install(wanted.map(({ name }) => name));
    missing = missing.filter((entry) => !isPresent(entry));
  }
  return missing.flatMap(({ name, suites, why }) =>
    suites.map((suite) => ({ suite, why: `needs the Debian package ${name}: ${why}` })),
  );
}

function isPresent({ program, file }) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return (
    (program === undefined || folders.some((folder) => existsSync(join(folder, program)))) &&
    (file === undefined || existsSync(file))
  );
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function install(names) {
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  spawnSync('apt-get', ['update', '-q'], options);
  spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', ...names], options);
}
