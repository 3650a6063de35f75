// `npm run build`: the compiled package runs by itself, without the sources.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../support/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-package-'));
beforeAll(() => {
  run(join(root, 'scripts', 'build.ts'));
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...parameters: string[]) =>
  execFileSync(process.execPath, parameters, { encoding: 'utf8', cwd: folder });

test('the command', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(run('dist/cli/mesoscale.js', 'version')).toContain(`mesoscale ${version}`);
  expect(run('dist/cli/mesoscale.js', 'agent', '--help')).toContain('--work_dir=PATH');
  // As on a machine whose Node is new enough.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const command = join(folder, 'bin', 'mesoscale');
  const help = execFileSync(command, ['help'], { encoding: 'utf8', env });
  expect(help).toContain('run the tasks of a file');
});

test('the library, by the names that package.json exports', () => {
  const program = `
    import { createCore, loadCore, SchedulerClient } from 'mesoscale';
    import * as face from 'mesoscale/core';
    const core = createCore(await loadCore());
    const cpus = (value) => [{ name: 'cpus', type: 0, scalar: { value } }];
    console.log(core.algebra.add(cpus(1.5), cpus(2))[0].scalar.value, typeof SchedulerClient, typeof face.createCore);
  `;
  expect(run('--input-type=module', '--eval', program)).toBe('3.5 function function\n');
});
