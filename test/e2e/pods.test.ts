// Groups of tasks in one executor, as a user runs them: with `execute --task_group`.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, type Program, TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start({ agent: ['--switch_user'] }));
afterAll(() => cluster.stop());

let runs = 0;

/** A task of the run with this number. */
const taskOf = (name: string, n: number, command: object) => ({
  name,
  task_id: { value: `${name}${n}` },
  resources: LITTLE,
  command,
});

/** Runs tasks with these commands as a group; each has a name of one letter. */
function pod(commands: Readonly<Record<string, string>>) {
  const n = runs++;
  const tasks = Object.entries(commands).map(([name, value]) => taskOf(name, n, { value }));
  const program = cluster.execute(`pod-${n}`, 'task_group', { tasks }, '--checkpoint');
  return { n, program };
}

/** `STATE task` of each update, in order. */
const told = ({ log }: Program) =>
  [...log.matchAll(/status update TASK_(\w+) for task '(\w)\d+'/g)].map(
    ([, state, name]) => `${name} ${state}`,
  );

/** What a task finds at `$MESOS_SANDBOX`, and its executor's sandbox two folders above. */
const sandboxOf = (name: string, n: number) =>
  globSync(
    join(cluster.folder, `agent/slaves/*/frameworks/*/executors/*/runs/*/tasks/${name}${n}`),
  )[0] ?? expect.fail(`${name}${n} has no sandbox`);

const command = (file: string) =>
  `echo x >> ${file}.starts; while ! test -e ${file}; do sleep 0.05; done`;

test('the tasks run side by side, each in a sandbox of its own', async () => {
  const { n, program } = pod({
    a: 'echo one; env; cat ../*/stdout | grep -c two || true',
    b: 'echo two',
  });
  expect(await program.ended()).toBe(0);
  expect(told(program)).toEqual([
    'a STARTING',
    'b STARTING',
    'a RUNNING',
    'b RUNNING',
    expect.stringMatching(/^[ab] FINISHED$/),
    expect.stringMatching(/^[ab] FINISHED$/),
  ]);
  const sandbox = sandboxOf('a', n);
  expect(lstatSync(sandbox).isSymbolicLink()).toBe(true);
  const output = readFileSync(join(sandbox, 'stdout'), 'utf8');
  expect(output).toMatch(/^one\n/);
  const names = [...output.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  expect(names.filter((name) => name?.startsWith('MESOS_')).toSorted()).toEqual([
    'MESOS_ALLOCATION_ROLE',
    'MESOS_CONTAINER_IP',
    'MESOS_SANDBOX',
  ]);
});

test('when one task fails, so does the group', async () => {
  const { program } = pod({ a: 'exit 3', b: 'sleep 1000' });
  expect(await program.ended()).toBe(3);
  expect(told(program).slice(4)).toEqual(['a FAILED', 'b KILLING', 'b KILLED']);
});

test('a task of a group that is root’s can have another user', async () => {
  const n = runs++;
  const tasks = [
    ['a', 'root', 'true'],
    ['b', 'nobody', 'id -un; stat -c "%U %a" .; touch made; touch "$MESOS_SANDBOX/x" || true'],
  ].map(([name = '', user = '', value = '']) => taskOf(name, n, { value, user }));
  const program = cluster.execute('users', 'task_group', { tasks });
  expect(await program.ended()).toBe(0);
  const sandbox = sandboxOf('b', n);
  expect(readFileSync(join(sandbox, 'stdout'), 'utf8')).toBe('nobody\nnobody 750\n');
  // The executor's sandbox is closed to others.
  expect(readFileSync(join(sandbox, 'stderr'), 'utf8')).toContain('Permission denied');
  expect(existsSync(join(sandbox, 'made'))).toBe(true);
});

test('the files of a task with another user than its group are fetched as that user', async () => {
  const n = runs++;
  const [file, secret] = ['hello', 'secret'].map((name) => join(cluster.folder, name)) as [
    string,
    string,
  ];
  // Every user may pass.
  chmodSync(cluster.folder, 0o711);
  writeFileSync(file, 'hello');
  writeFileSync(secret, 'secret', { mode: 0o600 });
  execFileSync('tar', ['-czf', 'hello.tgz', 'hello'], { cwd: cluster.folder });
  const server = createServer((_, response) => response.end('from afar'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const run = async (name: string, uris: readonly object[]) => {
    const value = 'cat hello sub/afar; stat -c %U hello sub sub/afar bin; stat -c %a bin';
    const tasks = [
      taskOf(`${name}1`, n, { value: 'true', user: 'root' }),
      taskOf(name, n, { value, user: 'nobody', uris }),
    ];
    const program = cluster.execute(name, 'task_group', { tasks });
    return { status: await program.ended(), log: program.log };
  };
  try {
    const { status } = await run('f', [
      { value: `${file}.tgz` },
      { value: `http://127.0.0.1:${port}/afar`, output_file: 'sub/afar' },
      { value: file, output_file: 'bin', executable: true },
    ]);
    const output = readFileSync(join(sandboxOf('f', n), 'stdout'), 'utf8');
    expect(output).toBe('hellofrom afarnobody\nnobody\nnobody\nnobody\n755\n');
    expect(status).toBe(0);
    const refused = await run('s', [{ value: secret }]);
    expect(refused.status).not.toBe(0);
    expect(refused.log).toMatch(/cannot open '.*secret' for reading: Permission denied/);
  } finally {
    server.close();
  }
});

test('a kill ends a task whose files are still being fetched', async () => {
  const server = createServer((_, response) => response.writeHead(200).write('slow'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const n = runs++;
  const uris = [{ value: `http://127.0.0.1:${port}/x` }];
  const tasks = [taskOf('a', n, { value: 'true', uris })];
  const program = cluster.execute('slow', 'task_group', { tasks });
  await until('it is announced', () => told(program).length === 1);
  await program.kill('SIGINT');
  expect(told(program)).toEqual(['a STARTING', 'a KILLED']);
  server.closeAllConnections();
  server.close();
});

test('an agent that is killed, and a master, find all tasks again and start none twice', async () => {
  const files = { a: join(cluster.folder, 'go-a'), b: join(cluster.folder, 'go-b') };
  const { program } = pod({ a: command(files.a), b: `${command(files.b)}; exit 4` });
  await until('both run', () => told(program).filter((it) => it.endsWith('RUNNING')).length === 2);
  for (let round = 0; round < 3; round++) {
    await cluster.agentProgram.kill('SIGKILL');
    if (round === 1) {
      await cluster.master.kill('SIGKILL');
      await cluster.startMaster();
    }
    if (round === 2) {
      // It ends while its agent is away.
      writeFileSync(files.a, '');
    }
    await cluster.startAgent();
    await cluster.agentRegistered();
  }
  await until('a has ended', () => told(program).includes('a FINISHED'));
  writeFileSync(files.b, '');
  expect(await program.ended()).toBe(4);
  expect(told(program)).toEqual([
    'a STARTING',
    'b STARTING',
    'a RUNNING',
    'b RUNNING',
    'a FINISHED',
    'b FAILED',
  ]);
  expect(readFileSync(`${files.a}.starts`, 'utf8')).toBe('x\n');
  expect(readFileSync(`${files.b}.starts`, 'utf8')).toBe('x\n');
});

test('of groups that are over nothing is left but their sandboxes', async () => {
  await until(
    'records are gone',
    () => globSync(join(cluster.folder, 'agent/meta/containers/*')).length === 0,
  );
  const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  expect(processes).not.toContain(join(cluster.folder, 'go-'));
  const groups = globSync(`/sys/fs/cgroup/*/*${cluster.folder.split('/').at(-1)}*/*/mesos`);
  expect(groups.filter(existsSync)).toEqual([]);
});
