// What an agent's flags say of executors and disks, as tasks of a real agent meet it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, TestCluster } from '../support/cluster.ts';
import { finishingTask } from '../support/finishing-executor.ts';

const cluster = new TestCluster();
const FLAGS = [
  '--isolation=posix/disk',
  '--enforce_container_disk_quota',
  '--container_disk_watch_interval=50ms',
  '--http_executor_domain_sockets',
  `--executor_environment_variables={"FLAVOR":"salt","PATH":"${process.env.PATH}"}`,
];
beforeAll(() => cluster.start({ agent: FLAGS }));
afterAll(() => cluster.stop());

const run = (name: string, ...flags: string[]) =>
  cluster.run(['execute', `--master=${cluster.address}`, ...flags], `${name}.log`);

/** Runs a task of an executor with this command; both have this name. */
function custom(name: string, command: object) {
  const executor = { executor_id: { value: name }, command, resources: LITTLE };
  const task = { name, task_id: { value: name }, agent_id: { value: '' }, resources: LITTLE };
  return cluster.execute(name, 'task', { ...task, executor });
}

test('a task that has more on the disk than it was given fails, and says so', async () => {
  const command = '--command=head -c 3000000 /dev/zero > data; sleep 1000';
  const program = run('greedy', '--name=greedy', command, '--resources=cpus:0.1;mem:32;disk:1');
  expect(await program.ended()).not.toBe(0);
  expect(program.log).toMatch(/Disk usage \(\d+KB\) exceeds quota \(1MB\)/);
});

test('executors have the variables that the operator gives them, and so has a command', async () => {
  const program = run('taster', '--name=taster', '--command=test "$FLAVOR" = salt');
  expect(await program.ended(), program.log).toBe(0);
});

test('an executor can reach the agent by a Unix socket', async () => {
  const program = cluster.execute('reached', 'task', finishingTask(cluster.folder, 'reached'));
  expect(await program.ended(), program.log).toBe(0);
});

test('an executor that does not register in time is given up', async () => {
  // So little time that others might need more of it.
  await cluster.agentProgram.kill('SIGTERM');
  await cluster.startAgent([...FLAGS, '--executor_registration_timeout=500ms']);
  await cluster.agentRegistered();
  const program = custom('mute', { value: 'sleep 1000' });
  expect(await program.ended()).not.toBe(0);
  expect(program.log).toContain('did not register within 500ms');
});
