// What an agent's flags say of executors and disks, as tasks of a real agent meet it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';

const cluster = new TestCluster();
beforeAll(() =>
  cluster.start({
    agent: [
      '--isolation=posix/disk',
      '--enforce_container_disk_quota',
      '--container_disk_watch_interval=50ms',
      '--executor_registration_timeout=500ms',
      `--executor_environment_variables={"FLAVOR":"salt","PATH":"${process.env.PATH}"}`,
    ],
  }),
);
afterAll(() => cluster.stop());

const run = (name: string, ...flags: string[]) =>
  cluster.run(['execute', `--master=${cluster.address}`, ...flags], `${name}.log`);

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

test('an executor that does not register in time is given up', async () => {
  const file = join(cluster.folder, 'mute.json');
  const resources = [
    { name: 'cpus', type: 'SCALAR', scalar: { value: 0.1 } },
    { name: 'mem', type: 'SCALAR', scalar: { value: 32 } },
  ];
  const executor = { executor_id: { value: 'mute' }, command: { value: 'sleep 1000' }, resources };
  const task = { name: 'mute', task_id: { value: 'mute' }, agent_id: { value: '' }, resources };
  writeFileSync(file, JSON.stringify({ ...task, executor }));
  const program = run('mute', `--task=${file}`);
  expect(await program.ended()).not.toBe(0);
  expect(program.log).toContain('did not register within 500ms');
});
