// The program in docs/write-a-framework.md, exactly as the page has it, on a real cluster.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program, TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

const page = readFileSync(join(root, 'docs', 'write-a-framework.md'), 'utf8');

/** The program, with the package in this checkout. */
const library = pathToFileURL(join(root, 'src', 'index.ts')).href;
const program = (/```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '').replace(
  "'mesoscale'",
  `'${library}'`,
);

test('the documented framework launches its task, says what the page says, and ends', async () => {
  const folder = join(cluster.folder, 'framework');
  mkdirSync(folder);
  const file = join(folder, 'example.mjs');
  writeFileSync(file, program.replace('127.0.0.1:5050', await cluster.plainAddress()));
  const run = new Program([], join(folder, 'log'), { script: file });
  const status = await run.ended();
  const said = /```text\n([\s\S]*?)```/.exec(page)?.[1];
  // The log first: it says why the program has failed.
  expect(run.log).toBe(said);
  expect(status).toBe(0);
  // Its end is that of its connection.
  const completed = await until('it has ended', async () => {
    const { completed_frameworks: all } = (await cluster.get('/state')) as {
      completed_frameworks: { name: string; completed_tasks: { state: string }[] }[];
    };
    return all.length > 0 && all;
  });
  expect(completed).toMatchObject([
    { name: 'example', completed_tasks: [{ state: 'TASK_FINISHED' }] },
  ]);
});

test('a task that fails makes the documented framework fail, which says so', async () => {
  const folder = join(cluster.folder, 'failing');
  mkdirSync(folder);
  const file = join(folder, 'example.mjs');
  writeFileSync(file, program.replace("'echo hello'", "'exit 3'"));
  const run = new Program([await cluster.plainAddress()], join(folder, 'log'), { script: file });
  expect(await run.ended()).toBe(1);
  expect(run.log).toContain('hello-1: TASK_FAILED (Command exited with status 3)');
  expect(run.log).toMatch(/^failed: hello-1 has not finished$/m);
});
