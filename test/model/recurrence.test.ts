import { expect, test } from 'vitest';
import { Recurrence } from '../../src/model/recurrence.ts';

test('an event that happens so often within so long comes back', () => {
  const recurrence = new Recurrence({ most: 3, withinMs: 100 });
  expect([0, 50, 100, 149, 150].map((nowMs) => recurrence.add(nowMs))).toEqual([
    false, // the first
    false,
    false, // the third, 100 ms after the first
    true, // 99 ms after the second
    true,
  ]);
  // The last three are far apart, whichever way the clock was set.
  expect([10_000, 0, 5_000].map((nowMs) => recurrence.add(nowMs))).toEqual([false, false, false]);
});
