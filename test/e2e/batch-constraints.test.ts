// `mesoscale batch` with constraints, on agents of different hosts and racks.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResultLine } from '../../src/cli/batch/journal.ts';
import { freePort, TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();

beforeAll(async () => {
  await cluster.start({ agent: ['--hostname=one', '--attributes=rack:r1'] });
  await addAgent('two', 'rack:r1');
  await addAgent('three', 'rack:r2');
  await until('all agents are registered', async () => (await racks()).size === 3);
});
afterAll(() => cluster.stop());

async function addAgent(hostname: string, attributes: string): Promise<void> {
  const folder = join(cluster.folder, hostname);
  cluster.run(
    [
      'agent',
      '--ip=127.0.0.1',
      `--port=${await freePort()}`,
      `--hostname=${hostname}`,
      `--attributes=${attributes}`,
      `--master=${cluster.address}`,
      `--work_dir=${folder}`,
      `--runtime_dir=${join(folder, 'run')}`,
      '--resources=cpus:4;mem:2048;disk:1024',
      '--registration_backoff_factor=10ms',
      '--no-switch_user',
    ],
    `${hostname}.log`,
  );
}

/** The rack of each agent, by the agent's address. */
async function racks(): Promise<Map<string, string>> {
  const { slaves } = (await cluster.get('/slaves')) as {
    slaves: { pid: string; active: boolean; attributes: { rack: string } }[];
  };
  const active = slaves.filter((agent) => agent.active);
  return new Map(active.map(({ pid, attributes }) => [pid.split('@')[1] ?? '', attributes.rack]));
}

function taskFile(name: string, tasks: readonly object[]): string {
  const file = join(cluster.folder, name);
  writeFileSync(file, tasks.map((task) => JSON.stringify(task)).join('\n'));
  return file;
}

const batch = (file: string, ...flags: string[]) =>
  cluster.run(
    ['batch', file, `--master=${cluster.address}`, '--cpus=0.1', '--mem=16', ...flags],
    `${file.split('/').at(-1)}.log`,
  );

const resultsOf = (file: string): ResultLine[] =>
  readFileSync(`${file}.results/results.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ResultLine)
    .toSorted((a, b) => a.number - b.number);

test('tasks run where their constraints let them', async () => {
  const wanted = ['r1', 'r2', 'r1', 'r2', 'r2'];
  const tasks = wanted.map((rack) => ({ command: 'true', constraints: [['rack', 'LIKE', rack]] }));
  const file = taskFile('racks.jsonl', tasks);
  expect(await batch(file).ended()).toBe(0);
  const known = await racks();
  expect(resultsOf(file).map(({ agent }) => known.get(agent))).toEqual(wanted);
});

test('hostname:UNIQUE: never two of them on one host at a time', async () => {
  // Each task takes a lock of its agent; the sandbox's path contains the agent's id.
  const lock = `${cluster.folder}/lock-$(pwd | sed 's|.*/slaves/||; s|/.*||')`;
  const command = `mkdir "${lock}" || exit 9; sleep 0.3; rmdir "${lock}"`;
  const file = taskFile(
    'unique.jsonl',
    Array.from({ length: 9 }, () => ({ command })),
  );
  expect(await batch(file, '--constraint=hostname:UNIQUE').ended()).toBe(0);
  const agents = new Set(resultsOf(file).map(({ agent }) => agent));
  expect(agents.size).toBe(3);
});

test('a constraint that no agent satisfies is named, and can be changed in the next run', async () => {
  const file = taskFile('nowhere.jsonl', [{ command: 'true' }, { command: 'true' }]);
  const stalled = batch(file, '--constraint=rack:LIKE:r[7-9]');
  await until('the reason is said', () =>
    stalled.log.includes(
      "Nothing fits the offers: task 'task-1' asks for rack:LIKE:r[7-9], " +
        'but the agents have rack=r1, rack=r2; 1 more wait',
    ),
  );
  expect(await stalled.kill('SIGINT')).toBe(130);
  expect(await batch(file, '--constraint=rack:LIKE:r[1-3]').ended()).toBe(0);
});

test('a constraint that is not valid ends the command before anything runs', async () => {
  const file = taskFile('wrong.jsonl', [{ command: 'true' }]);
  const program = batch(file, '--constraint=rack:UNIQUE', '--constraint=zone:MAX:2');
  expect(await program.ended()).toBe(1);
  expect(program.log).toContain(
    '--constraint must have one of the operators UNIQUE, CLUSTER, IS, GROUP_BY, LIKE, UNLIKE, ' +
      "MAX_PER after the attribute, got 'zone:MAX:2'",
  );
});
