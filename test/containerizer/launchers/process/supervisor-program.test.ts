import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { supervisorProgram } from '../../../../src/containerizer/launchers/process/supervisor-program.ts';

const sources = 'src/containerizer/launchers/process/supervisor';
let folder: string;
let compiled: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-supervisor-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const compile = (into: string, environment: NodeJS.ProcessEnv = process.env) =>
  execFileSync('sh', [join(sources, 'compile.sh'), into, process.arch], {
    encoding: 'utf8',
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

beforeAll(() => {
  compiled = compile(mkdtempSync(join(tmpdir(), 'mesoscale-supervisor-')));
});

afterAll(() => rmSync(dirname(compiled), { recursive: true, force: true }));

test('an agent compiles nothing: the error has the command that does', async () => {
  await expect(supervisorProgram([folder, '/no/such/folder'])).rejects.toThrow(
    `supervisor/compile.sh ${folder} ${process.arch}`,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('what that command makes is found, by the hash of its sources', async () => {
  expect(await supervisorProgram(['/no/such/folder', dirname(compiled)])).toBe(compiled);
});

test('a program of other sources is not taken, nor one that cannot be executed', async () => {
  const name = basename(compiled);
  writeFileSync(join(folder, name), 'not executable', { mode: 0o644 });
  writeFileSync(join(folder, `supervisor-${process.arch}-0123456789abcdef`), '', { mode: 0o755 });
  await expect(supervisorProgram([folder])).rejects.toThrow(name);
});

test('a compiler that fails leaves nothing behind', () => {
  expect(() => compile(folder, { ...process.env, CC: 'false' })).toThrow();
  expect(readdirSync(folder)).toEqual([]);
});
