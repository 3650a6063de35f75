// What is gathered in a turn of the loop leaves at its end, or not at all.
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { IoTurn } from '../../src/runtime/io-turn.ts';

test('what waits for the end of a turn leaves then, as long as it may', async () => {
  let mayLeave = true;
  const flushed: string[] = [];
  const turn = new IoTurn(() => mayLeave);
  turn.atEnd(() => flushed.push('one'));
  expect(flushed).toEqual([]);
  await setImmediate();
  turn.atEnd(() => {
    flushed.push('two');
    mayLeave = false;
  });
  turn.atEnd(() => flushed.push('three'));
  await setImmediate();
  expect(flushed).toEqual(['one', 'two']);
});
