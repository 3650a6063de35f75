import { expect, test, vi } from 'vitest';
import { Starts } from '../../src/containerizer/starts.ts';

const never = new AbortController().signal;
const LIMIT_MS = 1000;

function begun(starts: Starts, abort = never) {
  const found: { over?: () => void; error?: unknown } = {};
  starts.begin(abort).then(
    (over) => {
      found.over = over;
    },
    (error: unknown) => {
      found.error = error;
    },
  );
  return found;
}

/** What follows from promises that are settled has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('no more start at once than may, in the order in which they came', async () => {
  const starts = new Starts({ most: 2, limitMs: 60_000 });
  const [first, second, third, fourth] = [1, 2, 3, 4].map(() => begun(starts));
  await settled();
  expect([first, second, third, fourth].map((it) => it?.over !== undefined)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  second?.over?.();
  // Said once more, it makes no more room.
  second?.over?.();
  await settled();
  expect([third?.over !== undefined, fourth?.over !== undefined]).toEqual([true, false]);
  first?.over?.();
  third?.over?.();
  await settled();
  fourth?.over?.();
  const last = [begun(starts), begun(starts), begun(starts)];
  await settled();
  expect(last.map(({ over }) => over !== undefined)).toEqual([true, true, false]);
});

test('one that is given up while it waits leaves its place to the next', async () => {
  const starts = new Starts({ most: 1, limitMs: 60_000 });
  const first = begun(starts);
  const abort = new AbortController();
  const given = begun(starts, abort.signal);
  const next = begun(starts);
  await settled();
  const why = new Error('destroyed');
  abort.abort(why);
  await settled();
  expect(given.error).toBe(why);
  first.over?.();
  await settled();
  expect(next.over).toBeDefined();
  expect(begun(starts, abort.signal)).toEqual({});
  await expect(starts.begin(abort.signal)).rejects.toBe(why);
});

test('one that takes long keeps no others waiting', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const starts = new Starts({ most: 1, limitMs: LIMIT_MS });
    const hangs = begun(starts);
    const next = begun(starts);
    await settled();
    vi.advanceTimersByTime(LIMIT_MS - 1);
    await settled();
    expect(next.over).toBeUndefined();
    vi.advanceTimersByTime(1);
    await settled();
    expect(next.over).toBeDefined();
    // Its own end makes no room for a second time.
    hangs.over?.();
    const third = begun(starts);
    await settled();
    expect(third.over).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});
