// The program in docs/embed-the-core.md, as it is printed there, prints what the page says.
import { execFileSync } from 'node:child_process';
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

test('it prints what the page says', () => {
  const page = readFileSync(join(root, 'docs', 'embed-the-core.md'), 'utf8');
  const program = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const printed = /```text\n([\s\S]*?)```/.exec(page)?.[1];
  const library = pathToFileURL(join(root, 'src', 'core.ts')).href;
  const file = join(folder, 'example.mjs');
  writeFileSync(file, program.replace("'mesoscale/core'", `'${library}'`));
  expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe(printed);
});
