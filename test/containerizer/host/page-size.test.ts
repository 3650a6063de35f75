import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { pageBytes } from '../../../src/containerizer/host/page-size.ts';

test('a page has as many bytes as the C library says', () => {
  expect(pageBytes()).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
});
