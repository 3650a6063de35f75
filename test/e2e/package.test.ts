// `npm pack` builds the package; installed elsewhere, it works by itself, without the sources,
// other packages, a registry or a compiler.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const MIB = 1024 * 1024;
const MOST_PACKED_BYTES = 10 * MIB;
/** Of processors: on a machine with nothing else to do it is less by the clock. */
const MOST_INSTALL_SECONDS = 3;

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-package-'));
const prefix = join(folder, 'global');
const home = join(prefix, 'lib', 'node_modules', 'mesoscale');
const programs = join(folder, 'programs');
/** A machine with Node and the system's own programs; nothing is fetched, or left elsewhere. */
const env = {
  HOME: folder,
  PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin`,
  npm_config_cache: join(folder, 'cache'),
  npm_config_offline: 'true',
};
const packed = () => join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
const inRoot = (name: string) => join(root, 'node_modules', '.bin', name);
beforeAll(() => {
  mkdirSync(programs);
  symlinkSync(process.execPath, join(programs, 'node'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }));

const run = (program: string, parameters: readonly string[]) =>
  execFileSync(program, parameters, { encoding: 'utf8', cwd: folder, env });

test('the package is small, and its types and entries are as its users read them', () => {
  expect(statSync(packed()).size).toBeLessThan(MOST_PACKED_BYTES);
  const types = [packed(), '--profile=esm-only', '--exclude-entrypoints', 'mesoscale-core.wasm'];
  const attw = spawnSync(inRoot('attw'), [...types, 'mesoscale-core-plain.wasm'], {
    encoding: 'utf8',
    env,
  });
  // As a table, whose columns are the entries.
  for (const resolution of [/node16 \(from ESM\).*ESM.*ESM/, /bundler .*🟢.*🟢/u]) {
    expect(attw.stdout).toMatch(resolution);
  }
  expect(attw.status).toBe(0);
  const lint = spawnSync(inRoot('publint'), ['run', packed(), '--strict'], {
    encoding: 'utf8',
    env,
  });
  expect(lint.stdout).toContain('All good!');
  expect(lint.status).toBe(0);
});

test('an installation needs nothing but the file', () => {
  const install = `npm install --global --prefix '${prefix}' --no-audit '${packed()}' >&2; times`;
  const said = spawnSync('bash', ['-c', install], { cwd: folder, env, encoding: 'utf8' });
  expect(said.stderr).not.toMatch(/^npm (?:error|warn)/m);
  // User and system time of the shell, and below it of what it has started.
  const [, children = ''] = said.stdout.trim().split('\n');
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  expect(seconds).toHaveLength(2);
  expect((seconds[0] ?? 0) + (seconds[1] ?? 0)).toBeLessThan(MOST_INSTALL_SECONDS);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const bin = join(prefix, 'bin');
  expect(readdirSync(bin).toSorted()).toEqual(readdirSync(join(root, 'bin')).toSorted());
  expect(run(join(bin, 'mesoscale'), ['version'])).toContain(`mesoscale ${version}`);
  expect(run(join(bin, 'mesoscale'), ['help'])).toContain('run the tasks of a file');
  expect(run(join(bin, 'mesos-agent'), ['--help'])).toContain('--work_dir=PATH');
});

test('an installed package runs a cluster, and in it a task, with its own supervisor and page', async () => {
  const port = await freePort(2);
  const cluster = spawn(join(prefix, 'bin', 'mesoscale'), ['local', `--port=${port}`], {
    cwd: folder,
    env,
  });
  const ended = new Promise((resolve) => cluster.once('exit', resolve));
  let said = '';
  for (const stream of [cluster.stdout, cluster.stderr]) {
    stream.on('data', (data) => {
      said += data;
    });
  }
  try {
    await until('the cluster runs', () => said.includes('Ctrl-C stops it'));
    const task = [`--master=127.0.0.1:${port}`, '--name=hello', '--command=echo hello from a task'];
    expect(run(join(prefix, 'bin', 'mesos-execute'), task)).toBe('hello from a task\n');
    const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('<!doctype html>');
  } finally {
    cluster.kill('SIGINT');
    await ended;
  }
});

test('an installed package has the library, by the names that package.json exports', () => {
  const program = `
    import { createCore, loadCore, SchedulerClient } from 'mesoscale';
    import * as face from 'mesoscale/core';
    const core = createCore(await loadCore());
    const cpus = (value) => [{ name: 'cpus', type: 0, scalar: { value } }];
    console.log(core.algebra.add(cpus(1.5), cpus(2))[0].scalar.value, typeof SchedulerClient, typeof face.createCore);
  `;
  reachThePackage();
  expect(run(process.execPath, ['--input-type=module', '--eval', program])).toBe(
    '3.5 function function\n',
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

interface BillOfMaterials {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly purl: string } };
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

test('a package tells what it is made of, and under which licences', () => {
  const bill = JSON.parse(
    readFileSync(join(home, 'dist', 'sbom.cdx.json'), 'utf8'),
  ) as BillOfMaterials;
  expect(bill.bomFormat).toBe('CycloneDX');
  expect(bill.metadata.component.purl).toMatch(/^pkg:npm\/mesoscale@/);
  const names = bill.components.map(({ name }) => name);
  // What the commands, the library and the page are bundled with, and no tool of developers.
  expect(names).toEqual(expect.arrayContaining(['fastify', 're2js', 'preact', 'ws']));
  expect(names).not.toContain('vitest');
  const licences = readFileSync(join(home, 'dist', 'third-party-licences.txt'), 'utf8');
  for (const { name, version } of bill.components) {
    expect(licences).toMatch(new RegExp(`^${name} ${version} \\((?!see below).+\\)$`, 'm'));
  }
});

test('an installed package runs the framework of the documentation, as it is written there', async () => {
  reachThePackage();
  const page = readFileSync(join(root, 'docs', 'write-a-framework.md'), 'utf8');
  writeFileSync(join(folder, 'example.mjs'), /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
  const cluster = new TestCluster();
  try {
    await cluster.start();
    const address = await cluster.plainAddress();
    expect(run(process.execPath, ['example.mjs', address])).toContain('hello-1: TASK_FINISHED');
  } finally {
    await cluster.stop();
  }
});

/** Programs of the folder import the package by its name, as after `npm install mesoscale`. */
function reachThePackage(): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  const link = join(folder, 'node_modules', 'mesoscale');
  rmSync(link, { force: true });
  symlinkSync(home, link);
}
