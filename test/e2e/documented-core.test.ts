// The program in docs/embed-the-core.md, exactly as the page has it, prints what the page says.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCore } from '../../scripts/build-core.ts';
import { root } from '../support/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'documented-core-'));
beforeAll(() => buildCore());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const page = readFileSync(join(root, 'docs', 'embed-the-core.md'), 'utf8');
const library = pathToFileURL(join(root, 'src', 'core.ts')).href;
const program = (from: string) =>
  (/```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '').replace("'mesoscale/core'", `'${from}'`);

test('the documented program prints what the page says', () => {
  const printed = /```text\n([\s\S]*?)```/.exec(page)?.[1];
  const file = join(folder, 'example.mts');
  writeFileSync(file, program(library));
  expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe(printed);
});

test('the documented program has the right types, as strictly as they can be checked', () => {
  const file = join(folder, 'strict.mts');
  writeFileSync(file, program(join(root, 'src', 'core.ts')));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options =
    '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --skipLibCheck ' +
    '--target esnext --module nodenext --allowImportingTsExtensions --types node';
  const typeRoots = join(root, 'node_modules', '@types');
  const { stdout } = spawnSync(
    process.execPath,
    [tsc, ...options.split(' '), '--typeRoots', typeRoots, file],
    { encoding: 'utf8' },
  );
  expect(stdout).toBe('');
});
