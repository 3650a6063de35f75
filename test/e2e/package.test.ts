// `npm pack` builds the package; installed elsewhere, it works by itself, without the sources.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-package-'));
const home = join(folder, 'node_modules', 'mesoscale');
/** What Node compiles of a package in a folder of its own goes with the folder. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
beforeAll(() => {
  // Files of an earlier build must not be packed.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // Whatever is in the folders above, programs here belong to this package.
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  mkdirSync(home, { recursive: true });
  execFileSync('/bin/sh', ['-c', 'tar xzf mesoscale-*.tgz --strip-components=1 -C "$0"', home], {
    cwd: folder,
  });
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...parameters: string[]) =>
  execFileSync(process.execPath, parameters, { encoding: 'utf8', cwd: folder, env });
const MESOSCALE = join(home, 'dist', 'cli', 'mesoscale.js');

test('an installed package has the command', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(run(MESOSCALE, 'version')).toContain(`mesoscale ${version}`);
  expect(run(MESOSCALE, 'agent', '--help')).toContain('--work_dir=PATH');
  // As on a machine with a recent Node.
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const command = join(home, 'bin', 'mesoscale');
  const help = execFileSync(command, ['help'], { encoding: 'utf8', env: { ...env, PATH: path } });
  expect(help).toContain('run the tasks of a file');
});

test('an installed package has the library, by the names that package.json exports', () => {
  const program = `
    import { createCore, loadCore, SchedulerClient } from 'mesoscale';
    import * as face from 'mesoscale/core';
    const core = createCore(await loadCore());
    const cpus = (value) => [{ name: 'cpus', type: 0, scalar: { value } }];
    console.log(core.algebra.add(cpus(1.5), cpus(2))[0].scalar.value, typeof SchedulerClient, typeof face.createCore);
  `;
  expect(run('--input-type=module', '--eval', program)).toBe('3.5 function function\n');
});

test('an installed package has the supervisor of containers, without a compiler', () => {
  const program = `
    import { supervisorProgram } from '${home}/dist/containerizer/launchers/process/supervisor-program.js';
    process.env.PATH = '/nowhere';
    console.log(await supervisorProgram(['${home}/build', '${home}/dist']));
  `;
  expect(run('--input-type=module', '--eval', program)).toMatch(
    new RegExp(`^${home}/dist/supervisor-${process.arch}-`),
  );
});

test('a package has the supervisor for other machines, where their compiler is here', () => {
  const EM_AARCH64 = 183;
  const found = readdirSync(join(home, 'dist')).filter((name) =>
    name.startsWith('supervisor-arm64-'),
  );
  const compiler = spawnSync('aarch64-linux-gnu-gcc', ['--version']);
  expect(found).toHaveLength(compiler.status === 0 || process.env.CI === 'true' ? 1 : 0);
  for (const name of found) {
    expect(readFileSync(join(home, 'dist', name)).readUInt16LE(18)).toBe(EM_AARCH64);
  }
});

test('an installed package runs the framework of the documentation, as it is written there', async () => {
  const page = readFileSync(join(root, 'docs', 'write-a-framework.md'), 'utf8');
  writeFileSync(join(folder, 'example.mjs'), /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
  const cluster = new TestCluster();
  try {
    await cluster.start();
    expect(run('example.mjs', await cluster.plainAddress())).toContain('hello-1: TASK_FINISHED');
  } finally {
    await cluster.stop();
  }
});
