// `mesoscale framework VERB`: who runs tasks, why offers do not come, and the end of it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, type Program, until } from '../../support/cluster.ts';
import { OperatedCluster } from '../../support/operators.ts';

const cluster = new OperatedCluster();
let program: Program;
beforeAll(async () => {
  await cluster.startWith({
    teardown_frameworks: [
      { principals: { values: ['bob'] }, framework_principals: { type: 'NONE' } },
    ],
  });
  const task = {
    ...{ name: 'front', task_id: { value: 'front' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  };
  program = cluster.execute('front', 'task', task, '--role=eng/web');
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
});
afterAll(() => cluster.stop());

const NAME = 'mesos-execute instance: front';

test('frameworks are listed with what they have, and with -o wide with how many tasks', async () => {
  const [list, wide] = await Promise.all([
    cluster.as('bob', 'framework', 'list', '--no-headers'),
    cluster.as('bob', 'framework', 'list', '-f', 'tasks>0', '-o', 'wide'),
  ]);
  expect(list.output).toMatch(
    /^\S+-0000 +mesos-execute instance: front +active +eng\/web +0.1 +32.0 MB +\d+m?s\n$/,
  );
  expect(wide.output).toMatch(/^ID +NAME +STATE +ROLES +TASKS +CPUS/);
  expect(wide.output).toMatch(/ active +eng\/web +1 +0.1 /);
});

test('one is shown by its name, with its roles and tasks', async () => {
  const { output, status } = await cluster.as('bob', 'framework', 'show', NAME);
  expect(status).toBe(0);
  expect(output).toMatch(/^State: +active$/m);
  expect(output).toMatch(/^eng\/web +0\.1 +32\.0 MB +0 B +0$/m);
  expect(output).toMatch(/^front +TASK_RUNNING +\S+ +0\.1 +32\.0 MB +front$/m);
  // As execute was told to name it.
  expect((await cluster.as('bob', 'framework', 'show', 'front')).status).toBe(0);
  const unknown = await cluster.as('bob', 'framework', 'show', 'marathon');
  expect(unknown).toMatchObject({ status: 3, output: '' });
  expect(unknown.errors).toContain('mesoscale framework list shows them');
});

test('it is said why it is not offered more', async () => {
  const { output, status } = await cluster.as('bob', 'framework', 'explain', NAME);
  expect(status).toBe(0);
  expect(output).toContain('Role eng/web: of 1 agent');
});

test('a framework is torn down by who may, who is told what ends', async () => {
  const denied = await cluster.as('bob', 'framework', 'teardown', NAME, '--yes');
  expect(denied).toMatchObject({ status: 4, output: '' });
  const torn = await cluster.asks('ada', ['framework', 'teardown', NAME], 'yes');
  expect(torn.output).toMatch(
    /for good, and 1 task with it\. The master is [\d.]+:\d+\. Go on\? \[y\/N\]/,
  );
  expect(torn.status).toBe(0);
  await program.ended();
  const after = await cluster.as('ada', 'framework', 'list');
  expect(after.errors).toBe('no frameworks are registered; --all shows those that have ended\n');
  const all = await cluster.as('ada', 'framework', 'list', '--all', '--no-headers');
  expect(all.output).toContain(' completed ');
  const ended = await cluster.as('ada', 'task', 'list', '--all', '-o', 'wide', '-f', 'ended=20*');
  const [titles, task] = ended.output.split('\n');
  expect(titles).toMatch(/ ENDED +REASON +MESSAGE$/);
  expect(task).toMatch(
    /^front +TASK_KILLED .* \d+-\d+-\d+ [\d:]+ \(\d+s ago\) +FRAMEWORK_REMOVED +\S/,
  );
  const why = ['task', 'list', '--all', '-o', 'name', '-f', 'reason=framework_removed'];
  expect((await cluster.as('ada', ...why)).output).toBe('front\n');
  const again = await cluster.as('ada', 'framework', 'teardown', NAME, '--yes');
  expect(again.status).toBe(3);
  expect(again.errors).toContain('has ended before');
});
