// What Node has compiled of a checkout has a bound.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { boundCompileCache } from '../../scripts/compile-cache.mjs';

test('what one version of Node has compiled goes when it is too much, and no other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-compile-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const fill = (version: string, files: number) => {
    mkdirSync(join(folder, version));
    for (let index = 0; index < files; index++) {
      writeFileSync(join(folder, version, String(index)), '');
    }
  };
  fill('v1', 3);
  fill('v2', 4);
  boundCompileCache(folder, 3);
  expect(existsSync(join(folder, 'v2'))).toBe(false);
  expect(readdirSync(join(folder, 'v1'))).toHaveLength(3);
  boundCompileCache(join(folder, 'nowhere'));
});
