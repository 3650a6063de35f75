// `npm test`: everything, from a clean checkout on a clean machine. Sets the checkout up, installs
// the Debian packages that suites need where it may (root on Debian or Ubuntu), then checks and
// tests; with `-- FILE…` it only runs the tests of these. Where packages cannot be installed it
// names the suites that it leaves out; under continuous integration (CI=true) that is a failure.
// Clients of other projects are installed from their registries where these can be reached.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
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

/** Of what runs beside tests that wait. */
const PRIORITY_BESIDE = constants.priority.PRIORITY_BELOW_NORMAL;

const isCI = ['true', '1'].includes(process.env.CI ?? '');

setUp();
// As in run.mjs: for the workers, and all that they start.
process.env.NODE_COMPILE_CACHE ??= compileCacheOf(root);
const failures = [];
const results = [];
let leftOut = [];
const folder = mkdtempSync(join(tmpdir(), 'mesoscale-test-'));
const asked = process.argv.slice(2);
const areAllAsked = !asked.some((argument) => /^(?!-)|^--project/.test(argument));
if (areAllAsked) {
  // Tests with real processes wait for a good part of their time; what only computes has the rest.
  await Promise.all([testsOfProcesses(), computations()]);
} else {
  // Their outcome is what is wanted, and soon.
  await testsOfProcesses();
}
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

/** With files that are named, all tests of these. */
async function testsOfProcesses() {
  leftOut = await suitesWithoutPackages();
  // vitest has no --exclude for single projects; its configuration reads this variable instead.
  process.env.MESOSCALE_SUITES_LEFT_OUT = leftOut.map(({ suite }) => suite).join(',');
  // The compiler for it may have been installed just now.
  const supervisor = step('the supervisor of containers', ['scripts/build-supervisor.ts']);
  if (areAllAsked || asked.some((name) => name.includes('clients'))) {
    await step('installing clients', ['scripts/clients.ts']);
  }
  await supervisor;
  await step('tests', vitest('result.json', ...(areAllAsked ? ['--project=!pure'] : []), ...asked));
}

/** At a low priority; each tells of itself when it has ended. */
async function computations() {
  const options = { isBeside: true };
  await step('check', ['scripts/check.ts', '--without-tests'], options);
  await step('the core with its assertions', ['scripts/build-core.ts', 'debug'], options);
  await step('pure tests', vitest('pure.json', '--project=pure', ...asked), options);
}

function vitest(resultName, ...parameters) {
  const file = join(folder, resultName);
  results.push(file);
  return [
    ...['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json'],
    ...[`--outputFile.json=${file}`, ...parameters],
  ];
}

async function step(name, parameters, { isBeside = false } = {}) {
  const stdio = isBeside ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  const child = spawn(pinnedNode, parameters, { cwd: root, stdio });
  const output = [];
  if (isBeside) {
    setPriority(child.pid, PRIORITY_BESIDE);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => output.push(chunk));
    }
  }
  const [status] = await once(child, 'close');
  process.stderr.write(Buffer.concat(output));
  if (status !== 0) {
    failures.push(name);
  }
}

/** The last line, which sums up the run. */
function tally() {
  let [passed, failed] = [0, 0];
  for (const file of results) {
    if (!existsSync(file)) {
      failed++;
      continue;
    }
    const result = JSON.parse(readFileSync(file, 'utf8'));
    // A file that cannot be loaded has no tests that could fail.
    const broken = result.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    );
    passed += result.numPassedTests;
    failed += result.numFailedTests + broken.length;
  }
  return `${passed} passed, ${failed} failed`;
}

/** Installs missing packages where that is possible; returns the suites that cannot run. */
async function suitesWithoutPackages() {
  let missing = DEBIAN_PACKAGES.filter((entry) => !isPresent(entry));
  const wanted = missing.filter(({ isForCI }) => isCI || isForCI !== true);
  if (wanted.length > 0 && process.getuid?.() === 0 && isDebian()) {
    console.error(`Installing ${wanted.map(({ name }) => name).join(' ')}`);
    await install(wanted.map(({ name }) => name));
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

async function install(names) {
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  for (const parameters of [
    ['update', '-q'],
    ['install', '-qy', '--no-install-recommends', ...names],
  ]) {
    await once(spawn('apt-get', parameters, options), 'close');
  }
}
