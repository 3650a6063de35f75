// A client of another project, unmodified, with a real master and agent.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

let child: ChildProcess | undefined;
afterAll(() => child?.kill('SIGKILL'));

test('the npm client mesos-framework completes a task', async () => {
  const port = (await cluster.plainAddress()).split(':')[1] ?? '';
  const messages: Record<string, string>[] = [];
  child = fork(join(import.meta.dirname, 'mesos-framework-child.cjs'), [port, cluster.folder], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('message', (message) => messages.push(message as Record<string, string>));
  await until('the task is finished', () =>
    messages.some(({ update }) => update === 'TASK_FINISHED'),
  );
  const updates = messages.flatMap(({ update }) => update ?? []);
  expect(updates).toContain('TASK_RUNNING');
  expect(messages.filter(({ error }) => error)).toEqual([]);

  child.send('end');
  const frameworkId = messages.find(({ subscribed }) => subscribed)?.subscribed;
  await until('the framework is completed', async () => {
    const state = (await cluster.get('/state')) as { completed_frameworks: { id: string }[] };
    return state.completed_frameworks.some(({ id }) => id === frameworkId);
  });
});
