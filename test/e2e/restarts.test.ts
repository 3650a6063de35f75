// Tasks outlive the programs that run them: an agent that is killed, a master that is killed, or
// both.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { finishes, longTask } from '../support/long-task.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

const aTask = () => longTask(cluster, cluster.address);

const agentIds = async () => {
  const { slaves } = (await cluster.get('/slaves')) as { slaves: { id: string }[] };
  return slaves.map(({ id }) => id);
};

test('an agent that is killed finds its task again, and is the same agent', async () => {
  const before = await agentIds();
  const task = await aTask();
  await cluster.agentProgram.kill('SIGKILL');
  await cluster.startAgent();
  await cluster.agentRegistered();
  expect(await agentIds()).toEqual(before);
  await finishes(task);
});

test('a task that ends while its agent is away is reported afterwards', async () => {
  const task = await aTask();
  await cluster.agentProgram.kill('SIGKILL');
  task.release();
  await cluster.startAgent();
  expect(await task.program.ended()).toBe(5);
  expect(task.starts()).toBe(1);
});

test('a master that is killed comes back to the same agent and task', async () => {
  const before = await agentIds();
  const task = await aTask();
  await cluster.master.kill('SIGKILL');
  await cluster.startMaster();
  await cluster.agentRegistered();
  expect(await agentIds()).toEqual(before);
  await finishes(task);
});

test('a master and an agent that are killed at once come back', async () => {
  const task = await aTask();
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
