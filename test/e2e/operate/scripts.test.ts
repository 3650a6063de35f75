// The scripts of Mesos, by the names and with the arguments that others call them by.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, TestCluster, until } from '../../support/cluster.ts';
import { Running } from '../../support/running.ts';
import { root } from '../../support/sources.ts';

const cluster = new TestCluster();
afterAll(() => cluster.stop());

let framework = '';
beforeAll(async () => {
  await cluster.start();
  const task = {
    ...{ name: 'a task of a long name', task_id: { value: 'busy' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'echo one; sleep 2; echo two; sleep 1000' } },
  };
  const program = cluster.execute('busy', 'task', task, '--checkpoint');
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  const { frameworks } = (await cluster.get('/frameworks')) as { frameworks: { id: string }[] };
  framework = frameworks[0]?.id ?? '';
});

const script = (name: string, ...words: readonly string[]) =>
  new Running(join(root, 'bin', name), words);
const ofFile = (name: string, file: string, task = 'busy') =>
  script(
    name,
    '--master',
    cluster.address,
    `--framework=${framework}`,
    '--task',
    task,
    '--file',
    file,
  );

test('mesos-ps has the columns of the script', async () => {
  const ps = script('mesos-ps', `--master=${cluster.address}`);
  expect(await ps.status, ps.errors).toBe(0);
  const [titles, row, ...rest] = ps.output.split('\n');
  expect(titles).toBe(
    'USER    FRAMEWORK    TASK      SLAVE              MEM                TIME              CPU (allocated)',
  );
  expect(row).toMatch(
    /^\S+ +\S.{9,12}a task\.\.\. 127\.0\.0\.1 .* MB\/.* MB +00:00:0\d\.\d{6} +0\.\d+ +$/,
  );
  expect(rest).toEqual(['']);
});

test('mesos-cat and mesos-tail print files of tasks', async () => {
  const tail = ofFile('mesos-tail', 'stdout');
  await tail.shows('one\n');
  await tail.shows('two\n');
  tail.kill('SIGTERM');
  await tail.status;
  const cat = ofFile('mesos-cat', 'stdout');
  expect(await cat.status, cat.errors).toBe(0);
  expect(cat.output).toBe('one\ntwo\n');
  const missing = ofFile('mesos-cat', 'stdout', 'idle');
  expect(await missing.status).toBe(1);
  expect(missing.errors).toMatch(/^mesoscale mesos-cat: no task 'idle'/);
  const lacking = script('mesos-cat', '--master', cluster.address);
  expect(await lacking.status).toBe(1);
  expect(lacking.errors).toContain('expected --framework, --task and --file');
});

test('mesos-resolve prints who leads', async () => {
  const resolved = script('mesos-resolve', cluster.address);
  expect(await resolved.status, resolved.errors).toBe(0);
  expect(resolved.output).toBe(`${cluster.address}\n`);
  const late = script('mesos-resolve', '--timeout=500ms', 'zk://127.0.0.1:1/mesos');
  expect(await late.status).toBe(1);
  expect(late.errors).toMatch(
    /no master leads in ZooKeeper at 127\.0\.0\.1:1\/mesos within 500ms; --timeout sets /,
  );
});
