// Brings a checkout into a state that can run: dependencies, generated code, the scheduler core.
// Each step is taken only when what it makes is missing or older than what it is made from.
// Plain JavaScript without dependencies, because this is what installs them.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const pinnedNode = join(root, 'node_modules', '.bin', 'node');

// A reader that has gone (`| head`) is no bug to print a stack trace for.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => process.exit(141));
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 12)) {
  console.error(`Setting up needs Node 20.12 or later, this is ${process.versions.node}`);
  process.exit(1);
}

/** Runs every step that is due; `say` is told what is being done, before it is done. */
export function setUp(say = (text) => console.error(text)) {
  if (!isInstalled()) {
    say('Installing dependencies (npm ci)');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  const steps = [
    {
      says: 'Generating the message types',
      script: 'scripts/generate.ts',
      from: ['proto', 'scripts/generate.ts', 'scripts/schema.ts', 'scripts/codec-source.ts'],
      makes: ['src/model/generated/messages.ts', 'src/wire/generated/codec.js'],
    },
    {
      says: 'Compiling the scheduler core',
      script: 'scripts/build-core.ts',
      from: ['asm', 'scripts/build-core.ts'],
      makes: ['build/mesoscale-core.wasm'],
    },
    {
      says: 'Compiling the supervisor of containers',
      script: 'scripts/build-supervisor.ts',
      from: ['src/containerizer/launchers/process/supervisor', 'scripts/build-supervisor.ts'],
      makes: supervisors(),
    },
  ];
  for (const { says, script, from, makes } of steps) {
    if (isStale(makes, from)) {
      say(says);
      run(pinnedNode, [script]);
      touch(makes);
    }
  }
}

/** A script may leave alone what would not change; it is up to date all the same. */
function touch(paths) {
  const now = new Date();
  for (const path of paths.map((name) => join(root, name)).filter(existsSync)) {
    utimesSync(path, now, now);
  }
}

/** Named by their sources. Where there was no compiler there is none, and one more try. */
function supervisors() {
  const folder = join(root, 'build');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.filter((name) => name.startsWith('supervisor-'));
  return found.length > 0 ? found.map((name) => `build/${name}`) : ['build/supervisor'];
}

/** True when node_modules holds what package-lock.json names. */
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

/** True when one of the outputs is missing or older than the newest file of the inputs. */
function isStale(outputs, inputs) {
  const times = outputs.map((path) => modified(join(root, path)));
  const newest = Math.max(...inputs.map((path) => newestIn(join(root, path))));
  return times.some((time) => time === undefined || time < newest);
}

function newestIn(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) {
    return stat?.mtimeMs ?? 0;
  }
  return Math.max(
    0,
    ...readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
}

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs;

/** Output is shown; a step that fails ends the program with its status. */
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
