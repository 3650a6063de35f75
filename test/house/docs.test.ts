// What the documentation names must exist: files, links and flags.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/flags/tables/agent-flags.ts';
import { BATCH_FLAGS } from '../../src/cli/flags/tables/batch-flags.ts';
import { EXECUTE_FLAGS } from '../../src/cli/flags/tables/execute-flags.ts';
import { LOCAL_FLAGS } from '../../src/cli/flags/tables/local-flags.ts';
import { MASTER_FLAGS } from '../../src/cli/flags/tables/master-flags.ts';
import { root, sources } from '../support/sources.ts';

const pages = sources('docs/*.md').filter(({ path }) => path !== 'docs/flags.md');

/** Of scripts/conformance.ts. */
const CONFORMANCE_FLAGS = ['groups', 'runner'];

test('links lead somewhere', () => {
  const broken = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)#:]+)\)/g)]
      .map(([, target]) => target ?? '')
      .filter((target) => !existsSync(join(root, 'docs', target)))
      .map((target) => `${path}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('files of the checkout that are named exist', () => {
  const missing = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<![./\w])(?:bin|examples)\/[\w.-]+/g)]
      .map(([file]) => file)
      .filter((file) => !existsSync(join(root, file)))
      .map((file) => `${path}: ${file}`),
  );
  expect(missing).toEqual([]);
});

test('flags that are named exist', () => {
  const tables = [MASTER_FLAGS, AGENT_FLAGS, LOCAL_FLAGS, EXECUTE_FLAGS, BATCH_FLAGS];
  const known = new Set([...tables.flatMap(Object.keys), ...CONFORMANCE_FLAGS]);
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<![\w-])--([a-z]\w+)/g)]
      .map(([, name]) => name ?? '')
      .filter((name) => !known.has(name))
      .map((name) => `${path}: --${name}`),
  );
  expect(unknown).toEqual([]);
});
