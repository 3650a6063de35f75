// Programs whose first run is alone.
import { expect, test } from 'vitest';
import { FirstRuns } from '../../../../src/containerizer/networks/cni/first-runs.ts';

const never = new AbortController().signal;

/** Runs of one program, each of which ends when it is told to. */
function runsOf(first: FirstRuns) {
  const begun: string[] = [];
  const ends = new Map<string, (failure: string | undefined) => void>();
  const start = (name: string, abort = never) =>
    first.run(
      '/cni/portmap',
      () => {
        begun.push(name);
        return new Promise<{ failure: string | undefined }>((resolve) =>
          ends.set(name, (failure) => resolve({ failure })),
        );
      },
      abort,
    );
  const end = (name: string, failure?: string) => ends.get(name)?.(failure);
  return { begun, start, end };
}

/** When all that can happen now has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('others begin when the first one has gone well, all at once', async () => {
  const { begun, start, end } = runsOf(new FirstRuns());
  const all = ['a', 'b', 'c'].map((name) => start(name));
  await settled();
  expect(begun).toEqual(['a']);
  end('a');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  void start('d');
  await settled();
  expect(begun).toContain('d');
  end('b');
  end('c', 'no');
  expect(await Promise.all(all)).toEqual([
    { failure: undefined },
    { failure: undefined },
    { failure: 'no' },
  ]);
});

test('after one that fails the next one is alone', async () => {
  const { begun, start, end } = runsOf(new FirstRuns());
  const all = ['a', 'b', 'c'].map((name) => start(name));
  await settled();
  end('a', 'no');
  await settled();
  expect(begun).toEqual(['a', 'b']);
  end('b');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  end('c');
  await Promise.all(all);
});

test('one that is not wanted any more does not wait', async () => {
  const { begun, start } = runsOf(new FirstRuns());
  const unwanted = new AbortController();
  void start('a');
  void start('b', unwanted.signal);
  await settled();
  unwanted.abort();
  await settled();
  expect(begun).toEqual(['a', 'b']);
});
