import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ARCHITECTURES, compileSupervisor } from '../../scripts/build-supervisor.ts';

const COMPILERS = ['aarch64-linux-gnu-gcc', 'x86_64-linux-gnu-gcc'];
const foreign = ARCHITECTURES.find((name) => name !== process.arch) ?? '';
const folder = mkdtempSync(join(tmpdir(), 'mesoscale-compilers-'));
const before = process.env.PATH;

beforeAll(() => {
  for (const name of COMPILERS) {
    const file = join(folder, name);
    writeFileSync(file, '#!/bin/sh\nexec cc -nostdinc "$@"\n');
    chmodSync(file, 0o755);
  }
});
afterAll(() => {
  process.env.PATH = before;
  rmSync(folder, { recursive: true });
});

test.each([
  ['no headers', `${folder}:${before}`, /the Debian package libc6-dev-\w+-cross is missing$/],
  ['no compiler', '/nowhere', /the Debian package gcc-\S+-linux-gnu is missing$/],
])('with %s for another machine, one line names the package', (_, path, line) => {
  process.env.PATH = path;
  const failure = compileSupervisor(folder, foreign);
  expect(failure).toMatch(line);
  expect(failure?.split('\n')).toHaveLength(1);
});
