// The time of state machines, whatever is done to the system's clock.
import { expect, test } from 'vitest';
import { SteadyClock } from '../../src/runtime/clock.ts';

function clocks() {
  let systemMs = 1_000_000;
  let elapsedMs = 5;
  const steady = new SteadyClock({ nowMs: () => Math.floor(systemMs) }, () => elapsedMs);
  return {
    steady,
    pass: (ms: number) => {
      systemMs += ms;
      elapsedMs += ms;
    },
    set: (ms: number) => {
      systemMs += ms;
    },
    system: () => Math.floor(systemMs),
  };
}

test('it is the time of the system, in whole milliseconds', () => {
  const { steady, pass, system } = clocks();
  for (let i = 0; i < 1_000; i++) {
    pass(0.37);
    expect(steady.nowMs()).toBe(system());
  }
});

test('a system that is set back slows it down until they meet, and no more', () => {
  const { steady, pass, set, system } = clocks();
  set(-3_600_000);
  expect(steady.nowMs()).toBe(1_000_000);
  pass(1_000);
  expect(steady.nowMs()).toBe(1_000_900);
  pass(10 * 3_600_000 - 2_000);
  expect(steady.nowMs() - system()).toBe(100);
  pass(2_000);
  expect(steady.nowMs()).toBe(system());
});

test('a system that is set ahead is followed at once', () => {
  const { steady, set, system } = clocks();
  set(86_400_000);
  expect(steady.nowMs()).toBe(system());
});
