// `mesoscale maintenance VERB`: machines are scheduled, taken down and brought up.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, until } from '../../support/cluster.ts';
import { OperatedCluster } from '../../support/operators.ts';

const NONE = { type: 'NONE' };
const bob = { values: ['bob'] };

const cluster = new OperatedCluster();
beforeAll(async () => {
  await cluster.startWith(
    {
      update_maintenance_schedules: [{ principals: bob, machines: NONE }],
      start_maintenances: [{ principals: bob, machines: NONE }],
      stop_maintenances: [{ principals: bob, machines: NONE }],
    },
    ['--hostname=first'],
  );
  const task = {
    ...{ name: 'front', task_id: { value: 'front' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  };
  const program = cluster.execute('front', 'task', task);
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
});
afterAll(() => cluster.stop());

const ada = (...words: string[]) => cluster.as('ada', 'maintenance', ...words);
const schedule = async (...flags: string[]) =>
  (await ada('schedule', '--no-headers', ...flags)).output;

const WINDOW = ['--from=2037-01-31T22:00Z', '--for=90mins'];

test('machines are scheduled by the agents on them, or by host and address', async () => {
  const denied = await cluster.as('bob', 'maintenance', 'add', 'first', ...WINDOW);
  expect(denied).toMatchObject({ status: 4, output: '' });
  const added = await ada('add', 'first', 'later/10.0.0.9', ...WINDOW);
  expect(added.errors).toBe('');
  expect(added.output).toMatch(
    /^maintenance of first \(127\.0\.0\.1\), later \(10\.0\.0\.9\) for 90mins from \S+ \S+ \(in \S+\) is scheduled\n$/,
  );
  expect(await schedule()).toMatch(/^first +127\.0\.0\.1 +20\S+ .*90mins\nlater +10\.0\.0\.9 /);
  const [window] = JSON.parse(await schedule('-f', 'host=first', '-o', 'json'));
  expect(window).toEqual({
    machine_ids: [{ hostname: 'first', ip: '127.0.0.1' }],
    unavailability: {
      start: { nanoseconds: Date.UTC(2037, 0, 31, 22) * 1e6 },
      duration: { nanoseconds: 5_400_000_000_000 },
    },
  });
  const moved = await ada('add', 'later', '--from=2037-02-01T00:00Z');
  expect(moved.output).toContain('in place of other times of 1 machine');
  expect(await schedule('-f', 'for=')).toMatch(/^later /);
});

test('what is not there, or no time, is told', async () => {
  expect((await ada('add', 'firts')).errors).toContain(
    "no machine 'firts' (did you mean first?): mesoscale agent list shows them; HOST/IP names one",
  );
  expect(await ada('add', 'firts')).toMatchObject({ status: 3 });
  const wrong = await ada('add', 'first', '--from=tomorrow');
  expect(wrong.status).toBe(2);
  expect(wrong.errors).toContain("got 'tomorrow'");
  expect(await ada('remove', 'none/10.0.0.7')).toMatchObject({ status: 3, output: '' });
  const early = await ada('up', 'first');
  expect(early).toMatchObject({ status: 1 });
  expect(early.errors).toContain('first (127.0.0.1) is not down\n');
  const unscheduled = await ada('down', 'none/10.0.0.7', '--yes');
  expect(unscheduled.errors).toContain('no maintenance of none (10.0.0.7) is scheduled');
});

test('a machine is named by a part of the id of an agent on it, and the past is told of', async () => {
  const dry = await ada('add', 'S0', '--from=2020-01-01', '--dry-run');
  expect(dry.status).toBe(0);
  expect(JSON.parse(dry.output).update_maintenance_schedule.schedule.windows).toContainEqual(
    expect.objectContaining({ machine_ids: [{ hostname: 'first', ip: '127.0.0.1' }] }),
  );
  expect(dry.errors).toContain('--from is in the past: first (127.0.0.1) counts as away from now');
});

test('a machine is called off, and what others change meanwhile is not overwritten', async () => {
  const off = await ada('remove', 'later');
  expect(off.output).toBe('the maintenance of later (10.0.0.9) is called off\n');
  const before = join(cluster.folder, 'before.json');
  writeFileSync(before, await schedule('-o', 'json'));
  const after = join(cluster.folder, 'after.json');
  writeFileSync(after, '{"windows": []}');
  const words = ['maintenance', 'set', after];
  const late = await cluster.asks('ada', words, 'y', async () => {
    await ada('add', 'other/10.0.0.8', ...WINDOW);
  });
  expect(late.output).toContain('Replaces the schedule of 1 machine by that of 0 machines.');
  expect(late.output).toMatch(
    /Called off: first \(127\.0\.0\.1\)\. The master is [\d.]+:\d+\. Go on\?/,
  );
  expect(late.output).toContain('was changed by somebody meanwhile, and nothing was done');
  const older = await ada('set', after, `--if-unchanged=${before}`, '--yes');
  expect(older.status).toBe(1);
  expect(older.errors).toContain(`was changed by somebody since ${before} was written`);
  // What it has written itself, it takes.
  expect(await ada('set', before, '--yes')).toMatchObject({
    status: 0,
    output: 'maintenance of 1 machine is scheduled\n',
  });
  expect(await schedule('-o', 'name')).toBe('first (127.0.0.1)\n');
});

test('a file that is no schedule is told with what is wrong', async () => {
  const file = join(cluster.folder, 'wrong.json');
  const refused = async (text: string) => {
    writeFileSync(file, text);
    const { status, errors } = await ada('set', file, '--yes');
    expect(status).toBe(2);
    return errors;
  };
  expect(await refused('{"window": []}')).toContain(`${file}: has`);
  expect(await refused('[{}]')).toContain('unavailability');
  expect(await refused('[')).toContain(`${file}: `);
  expect((await ada('set', '/none.json', '--yes')).errors).toContain(
    '/none.json cannot be read (ENOENT)',
  );
});

test('a machine is taken down by who may, who is told what ends, and comes up again', async () => {
  const status = async () => (await ada('status', '--no-headers')).output;
  expect(await status()).toMatch(/^first +127\.0\.0\.1 +draining /);
  const denied = await cluster.as('bob', 'maintenance', 'down', 'first', '--yes');
  expect(denied).toMatchObject({ status: 4, output: '' });
  const down = await cluster.asks('ada', ['maintenance', 'down', 'first'], 'y');
  const again = await ada('down', 'first', '--yes');
  expect(again.errors).toContain('first (127.0.0.1) is down already\n');
  expect(down.output).toMatch(/down: 1 agent there and 1 task \(1 of .*\) end, and no agent is/);
  expect(down.status).toBe(0);
  expect(await status()).toMatch(/^first +127\.0\.0\.1 +down /);
  const gone = await ada('remove', 'first');
  expect(gone).toMatchObject({ status: 1, output: '' });
  expect(await cluster.as('bob', 'maintenance', 'up', 'first')).toMatchObject({ status: 4 });
  expect(await ada('up', 'first')).toMatchObject({ status: 0 });
  const after = await ada('status');
  expect(after).toMatchObject({
    output: '',
    errors: 'no machine is scheduled for maintenance or down\n',
  });
});

test('drains and maintenance tell of each other', async () => {
  await cluster.addAgent('other');
  const agent = (...words: string[]) => cluster.as('ada', 'agent', ...words);
  expect(await ada('add', 'other', ...WINDOW)).toMatchObject({ status: 0, errors: '' });
  const asked = await agent('drain', 'other');
  expect(asked.errors).toContain('It is scheduled for maintenance, and will be refused.');
  const drain = await agent('drain', 'other', '--yes');
  expect(drain).toMatchObject({ status: 1, output: '' });
  expect(drain.errors).toContain(
    'is part of a maintenance schedule under Machine other (127.0.0.1): ' +
      'mesoscale maintenance remove takes the machine out of the schedule',
  );
  expect(await ada('remove', 'other')).toMatchObject({ status: 0 });
  expect(await agent('drain', 'other', '--yes', '--wait')).toMatchObject({ status: 0 });
  const add = await ada('add', 'other', ...WINDOW);
  expect(add.status).toBe(0);
  expect(add.errors).toMatch(/^agent \S+ \(other\) is drained: .* until mesoscale agent undrain /);
});
