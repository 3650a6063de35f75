import { expect, test } from 'vitest';
import { evenClock } from '../../src/zookeeper/clock.ts';

test('a delay of months does not end before one of milliseconds', async () => {
  const ended: string[] = [];
  const cancel = evenClock.after(2 ** 40, () => ended.push('months'));
  await new Promise<void>((resolve) => evenClock.after(20, resolve));
  expect(ended).toEqual([]);
  cancel();
});
