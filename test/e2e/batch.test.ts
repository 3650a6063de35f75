// `mesoscale batch` with a real master and agent: results, interruption, and a master that is
// killed.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResultLine } from '../../src/cli/batch/journal.ts';
import { TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

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

function results(file: string): ResultLine[] {
  const path = `${file}.results/results.jsonl`;
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as ResultLine)
    : [];
}

const output = (file: string, result: ResultLine | undefined) =>
  readFileSync(join(`${file}.results`, result?.stdout ?? ''), 'utf8');

test('every task has its result and its output; the summary and the status tell of failures', async () => {
  const tasks = Array.from({ length: 60 }, (_, n) => ({
    name: `t${n}`,
    command: n === 13 ? 'echo bad luck; exit 13' : `echo result of ${n}`,
  }));
  const file = taskFile('sixty.jsonl', tasks);
  const program = batch(file);
  expect(await program.ended()).toBe(1);
  const found = results(file).toSorted((a, b) => a.number - b.number);
  expect(found).toHaveLength(60);
  for (const [n, result] of found.entries()) {
    expect(result).toMatchObject(
      n === 13
        ? { state: 'TASK_FAILED', exit_status: 13 }
        : { state: 'TASK_FINISHED', exit_status: 0 },
    );
    expect(output(file, result)).toContain(n === 13 ? 'bad luck' : `result of ${n}\n`);
  }
  expect(program.log).toMatch(/finished\s+59/);
  expect(program.log).toMatch(/t13\s+exit status 13/);
});

test('a failed task is tried again', async () => {
  const marker = join(cluster.folder, 'marker');
  const file = taskFile('retry.jsonl', [
    { command: `test -e ${marker} || { touch ${marker}; exit 1; }`, retries: 2 },
  ]);
  expect(await batch(file).ended()).toBe(0);
  expect(results(file)).toMatchObject([{ state: 'TASK_FINISHED', attempts: 2 }]);
});

test('only the failed ones are run again when that is asked for, and rows that were added', async () => {
  const ran = join(cluster.folder, 'rerun');
  const tasks = ['one', 'two', 'three'].map((name) => ({
    name,
    command: `echo ${name} >> ${ran}; test ${name} != two || test -e ${ran}.mended`,
  }));
  const file = taskFile('rerun.jsonl', tasks);
  const first = batch(file);
  expect(await first.ended()).toBe(1);
  expect(first.log).toContain('--rerun_failed');
  // Without --rerun_failed it only repeats its summary.
  expect(await batch(file).ended()).toBe(1);
  const before = readFileSync(ran, 'utf8').trim().split('\n').toSorted();
  expect(before).toEqual(['one', 'three', 'two']);

  writeFileSync(`${ran}.mended`, '');
  taskFile('rerun.jsonl', [...tasks, { name: 'four', command: `echo four >> ${ran}` }]);
  const second = batch(file, '--rerun_failed');
  expect(await second.ended()).toBe(0);
  expect(second.log).not.toContain('no longer knows');
  const after = readFileSync(ran, 'utf8').trim().split('\n').slice(3).toSorted();
  expect(after).toEqual(['four', 'two']);
  expect(
    results(file)
      .map(({ name, state }) => `${name} ${state}`)
      .toSorted(),
  ).toEqual([
    'four TASK_FINISHED',
    'one TASK_FINISHED',
    'three TASK_FINISHED',
    'two TASK_FINISHED',
  ]);
  const last = results(file).find(({ name }) => name === 'two');
  expect(last).toMatchObject({ attempts: 2, task_id: '2-two.2' });

  taskFile('rerun.jsonl', tasks.slice(0, 2));
  const third = batch(file);
  expect(await third.ended()).toBe(1);
  expect(third.log).toContain('rows may be added at the end, not changed or taken away');
});

test('an interrupted batch goes on where it stopped; no task runs twice', async () => {
  const ran = join(cluster.folder, 'ran');
  const tasks = Array.from({ length: 40 }, (_, n) => ({
    command: `echo ${n} >> ${ran}; sleep 0.2; echo done ${n}`,
  }));
  const file = taskFile('interrupted.jsonl', tasks);
  const first = batch(file);
  await until('some tasks are done', () => results(file).length >= 5);
  expect(await first.kill('SIGINT')).toBe(130);
  expect(results(file).length).toBeLessThan(40);
  // Its tasks are still there, and would run beside those of a batch that starts anew.
  const stranger = batch(file, '--principal=another');
  expect(await stranger.ended()).toBe(1);
  // Where everything is on it has the secret of another, and is told so.
  expect(stranger.log).toMatch(
    /Changing framework's principal is not allowed|'another' with this secret/,
  );
  expect(await batch(file).ended()).toBe(0);
  expect(new Set(results(file).map(({ number }) => number)).size).toBe(40);
  const times = readFileSync(ran, 'utf8').trim().split('\n');
  expect(times.toSorted()).toEqual(Array.from({ length: 40 }, (_, n) => String(n)).toSorted());
});

test('a killed batch process and a killed master lose nothing', async () => {
  const ran = join(cluster.folder, 'ran-twice');
  const tasks = Array.from({ length: 30 }, (_, n) => ({
    command: `echo ${n} >> ${ran}; sleep 0.3; echo done ${n}`,
  }));
  const file = taskFile('killed.jsonl', tasks);
  const first = batch(file);
  await until('some tasks are done', () => results(file).length >= 3);
  await first.kill('SIGKILL');
  const second = batch(file);
  await until('more tasks are done', () => results(file).length >= 8);
  await cluster.master.kill('SIGKILL');
  await cluster.startMaster();
  expect(await second.ended()).toBe(0);
  expect(results(file)).toHaveLength(30);
  const times = readFileSync(ran, 'utf8').trim().split('\n');
  expect(times.toSorted()).toEqual(Array.from({ length: 30 }, (_, n) => String(n)).toSorted());
});

test('the results of other tasks are not touched', async () => {
  const file = taskFile('changed.jsonl', [{ command: 'true' }]);
  expect(await batch(file).ended()).toBe(0);
  writeFileSync(file, '{"command":"false"}');
  const program = batch(file);
  expect(await program.ended()).toBe(1);
  expect(program.log).toContain('holds the results of other tasks');
});

test.runIf(process.getuid?.() === 0)(
  'a task that no agent can start fails with the reason, which is told once',
  async () => {
    const strict = new TestCluster();
    try {
      await strict.start({ agent: ['--switch_user'] });
      const file = taskFile('nosuchuser.jsonl', [{ command: 'true' }, { command: 'true' }]);
      const program = strict.run(
        ['batch', file, `--master=${strict.address}`, '--cpus=0.1', '--user=nosuchuser'],
        'batch.log',
      );
      expect(await program.ended()).toBe(1);
      expect(results(file)).toHaveLength(2);
      for (const result of results(file)) {
        expect(result).toMatchObject({ attempts: 3, exit_status: null });
        expect(result.message).toContain('nosuchuser');
      }
      expect(program.log.match(/was lost before it ran/g)).toHaveLength(1);
    } finally {
      await strict.stop();
    }
  },
);

test('a second batch on the same results is refused, and names the process that has them', async () => {
  const release = join(cluster.folder, 'release-locked');
  const file = taskFile('locked.jsonl', [
    { command: `until test -e ${release}; do sleep 0.05; done` },
  ]);
  const first = batch(file);
  await until('the first one has begun', () => first.log.includes('running'));
  const second = batch(file, '--name=second');
  expect(await second.ended()).toBe(1);
  expect(second.log).toContain(`${file}.results is in use by process ${first.pid}`);
  writeFileSync(release, '');
  expect(await first.ended()).toBe(0);
});

test('results that cannot be written are blamed on --results, at once', async () => {
  const file = taskFile('unwritable.jsonl', [{ command: 'true' }]);
  for (const path of ['/proc/results', '/dev/null/results']) {
    const program = cluster.run(
      ['batch', file, `--results=${path}`],
      `unwritable-${path.length}.log`,
    );
    expect(await program.ended()).toBe(1);
    expect(program.log).toContain(
      `--results expects a folder that can be written to, got '${path}'`,
    );
  }
});

test('a batch whose framework another program takes over says so, and does not start anew', async () => {
  const release = join(cluster.folder, 'release-failover');
  const file = taskFile('failover.jsonl', [
    { command: `until test -e ${release}; do sleep 0.05; done` },
  ]);
  const first = batch(file);
  const journal = join(`${file}.results`, 'journal.jsonl');
  await until('the task was begun', () => readFileSync(journal, 'utf8').includes('"attempt"'));
  // The lock is not copied with the results, but the framework's id is.
  cpSync(`${file}.results`, `${file}.copy`, { recursive: true });
  const second = batch(file, `--results=${file}.copy`);
  expect(await first.ended()).toBe(1);
  expect(first.log).toContain('another program has taken this batch over');
  writeFileSync(release, '');
  expect(await second.ended()).toBe(0);
});
