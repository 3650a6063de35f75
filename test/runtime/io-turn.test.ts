// What is gathered in a turn of the loop leaves at its end, or not at all; and turns are short
// while connections wait to be accepted.
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { EventLoop } from '../../src/runtime/event-loop.ts';
import { IoTurn, isAccepting, noteAccepted } from '../../src/runtime/io-turn.ts';

afterEach(() => {
  vi.useRealTimers();
});

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

test('turns are short while connections may be waiting to be accepted', async () => {
  const realMs = performance.now();
  vi.useFakeTimers({ toFake: ['performance'] });
  // After all that other tests of this process may have accepted.
  vi.advanceTimersByTime(realMs + 10);
  const steps: string[] = [];
  const loop: EventLoop<string, never> = new EventLoop({
    machine: {
      step: (event: string) => {
        steps.push(event);
        vi.advanceTimersByTime(2);
        return [];
      },
    },
    perform: () => undefined,
  });
  /** Four events at once: how many of them are in their turn of the loop, and how many are read. */
  const inTurn = async (name: string) => {
    steps.length = 0;
    const turn = new IoTurn();
    let read = 0;
    while (read < 4 && !turn.readingIsOver) {
      read++;
      vi.advanceTimersByTime(2);
    }
    for (const event of ['1', '2', '3', '4']) {
      loop.dispatch(`${name} ${event}`);
    }
    const taken = steps.length;
    while (loop.length > 0) {
      await setImmediate();
    }
    // The last turn ends.
    await setImmediate();
    return { read, taken };
  };
  expect(isAccepting()).toBe(false);
  expect(await inTurn('before')).toEqual({ read: 4, taken: 4 });
  noteAccepted();
  expect(await inTurn('short')).toEqual({ read: 1, taken: 1 });
  vi.advanceTimersByTime(10);
  expect(isAccepting()).toBe(false);
  expect(await inTurn('after')).toEqual({ read: 4, taken: 4 });
});
