// Tasks outlive the programs that run them: an agent that is killed, a master that is killed, or
// both.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Program, TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

let runs = 0;
/** A task that ends when its file exists, and prints how often it was started. */
async function longTask() {
  const n = runs++;
  const release = join(cluster.folder, `release-${n}`);
  const starts = join(cluster.folder, `starts-${n}`);
  const program = cluster.run(
    [
      'execute',
      `--master=${cluster.address}`,
      `--name=long-${n}`,
      `--command=echo x >> ${starts}; while ! test -e ${release}; do sleep 0.05; done; exit 5`,
      '--resources=cpus:0.1;mem:32',
      '--checkpoint',
    ],
    `long-${n}.log`,
  );
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  return {
    program,
    release: () => writeFileSync(release, ''),
    starts: () => readFileSync(starts, 'utf8').trim().split('\n').length,
  };
}

async function finishes(task: { program: Program; release(): void; starts(): number }) {
  task.release();
  expect(await task.program.ended()).toBe(5);
  expect(task.starts()).toBe(1);
}

const agentIds = async () => {
  const { slaves } = (await cluster.get('/slaves')) as { slaves: { id: string }[] };
  return slaves.map(({ id }) => id);
};

test('an agent that is killed finds its task again, and is the same agent', async () => {
  const before = await agentIds();
  const task = await longTask();
  await cluster.agentProgram.kill('SIGKILL');
  await cluster.startAgent();
  await cluster.agentRegistered();
  expect(await agentIds()).toEqual(before);
  await finishes(task);
});

test('a task that ends while its agent is away is reported afterwards', async () => {
  const task = await longTask();
  await cluster.agentProgram.kill('SIGKILL');
  task.release();
  await cluster.startAgent();
  expect(await task.program.ended()).toBe(5);
  expect(task.starts()).toBe(1);
});

test('a master that is killed comes back to the same agent and task', async () => {
  const before = await agentIds();
  const task = await longTask();
  await cluster.master.kill('SIGKILL');
  await cluster.startMaster();
  await cluster.agentRegistered();
  expect(await agentIds()).toEqual(before);
  await finishes(task);
});

test('a master and an agent that are killed at once come back', async () => {
  const task = await longTask();
  await Promise.all([cluster.master.kill('SIGKILL'), cluster.agentProgram.kill('SIGKILL')]);
  await cluster.startMaster();
  await cluster.startAgent();
  await cluster.agentRegistered();
  await finishes(task);
});

test('an agent with other resources than before does not start, and says why although it is quiet', async () => {
  await cluster.agentProgram.kill('SIGKILL');
  const changed = cluster.run(
    [
      'agent',
      '--ip=127.0.0.1',
      `--port=${cluster.agent.split(':')[1]}`,
      `--master=${cluster.address}`,
      `--work_dir=${join(cluster.folder, 'agent')}`,
      '--resources=cpus:1;mem:2048;disk:1024;ports:[31000-31099]',
      '--quiet',
    ],
    'changed.log',
  );
  expect(await changed.ended()).toBe(1);
  expect(changed.log).toMatch(
    /^mesoscale agent: Failed to perform recovery: .*resources differ.*\n$/,
  );
  await cluster.startAgent();
  await cluster.agentRegistered();
});
