// The program in docs/write-a-framework.md, as it is printed there, against a real cluster.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program, TestCluster } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

test('it launches its task and ends', async () => {
  const page = readFileSync(join(root, 'docs', 'write-a-framework.md'), 'utf8');
  const program = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const library = pathToFileURL(join(root, 'src', 'index.ts')).href;
  const folder = join(cluster.folder, 'framework');
  mkdirSync(folder);
  const file = join(folder, 'example.mjs');
  writeFileSync(
    file,
    program.replace("'mesoscale'", `'${library}'`).replace('127.0.0.1:5050', cluster.address),
  );
  const run = new Program([], join(folder, 'log'), file);
  expect(await run.ended()).toBe(0);
  const state = (await cluster.get('/state')) as {
    completed_frameworks: { name: string; completed_tasks: { state: string }[] }[];
  };
  expect(state.completed_frameworks).toMatchObject([
    { name: 'example', completed_tasks: [{ state: 'TASK_FINISHED' }] },
  ]);
});
