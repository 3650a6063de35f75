// Files of output that are rotated by a real supervisor.
import { chownSync, existsSync, lstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Supervised } from './supervised.ts';

const KB = 1024;
const io = (kept: number) => ['pipes', `rotate 0 ${64 * KB} ${kept}`, `rotate 1 ${64 * KB} 0`];

let of: Supervised;

beforeEach(async () => {
  of = await Supervised.open();
});

afterEach(() => of.close());

async function run(script: string, words: readonly string[]) {
  const { release, ended } = await of.launch(script, words);
  release();
  await ended;
}

const sizes = () =>
  ['stdout', 'stdout.1', 'stdout.2', 'stdout.3'].map(
    (name) => statSync(of.path(name), { throwIfNoEntry: false })?.size,
  );

test('a full file gets a number, and the oldest is removed', async () => {
  await run('for i in 1 2 3 4 5; do head -c 60000 /dev/zero | tr "\\0" $i; done', io(2));
  const [current, first, second, third] = sizes();
  for (const size of [current, first, second]) {
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(64 * KB);
  }
  expect(third).toBeUndefined();
  expect(of.file('stdout')).toMatch(/5$/);
  expect(of.file('stdout.1') + of.file('stdout')).toMatch(/^[345]+$/);
});

test('no file is larger than it may be, however much is written at once', async () => {
  await run('head -c 200000 /dev/zero', ['pipes', `rotate 0 ${4 * KB} 3`]);
  expect(sizes().slice(0, 3)).toEqual([expect.any(Number), 4 * KB, 4 * KB]);
  expect(sizes()[0]).toBeLessThanOrEqual(4 * KB);
});

test('without a number that is kept, the file begins anew', async () => {
  await run('head -c 1000000 /dev/zero; head -c 200000 /dev/zero >&2', io(0));
  const [current, first] = sizes();
  expect(current).toBeLessThanOrEqual(64 * KB);
  expect(first).toBeUndefined();
  expect(of.file('stderr').length).toBeLessThanOrEqual(64 * KB);
});

test('what the user puts in the way is not followed, and does not let files grow', async () => {
  const victim = of.path('victim');
  mkdirSync(of.path('stdout.1'));
  await run(
    `touch stdout.1/x; head -c 100000 /dev/zero; rm stdout; ln -s ${victim} stdout; ` +
      'sleep 0.2; head -c 300000 /dev/zero',
    io(1),
  );
  expect(existsSync(victim)).toBe(false);
  expect(lstatSync(of.path('stdout')).isFile()).toBe(true);
  expect(statSync(of.path('stdout')).size).toBeLessThanOrEqual(64 * KB);
});

test('a user gets no new file of another one, whoever owns the first (needs root)', async () => {
  writeFileSync(of.path('stdout'), '');
  chownSync(of.path('stdout'), 7, 8);
  chownSync(of.path('.'), 65534, 65533);
  await run('head -c 100000 /dev/zero; sleep 0.2; head -c 100000 /dev/zero', io(1));
  expect(statSync(of.path('stdout'))).toMatchObject({ uid: 65534, gid: 65533 });
  expect(statSync(of.path('stdout.1'))).toMatchObject({ uid: 65534, gid: 65533 });
});

test('the process has no input, as with plain files', async () => {
  await run('read a; echo $?', io(0));
  expect(of.file('stdout')).toBe('1\n');
});
