// Busy days on which the core fails: once at each call of each step, over as many days as it takes.
// On one day it fails in every third step, so that what comes after a failure is seen, too, and
// no three failures come within a minute, which would end the master.
import assert from 'node:assert/strict';
import { expect } from 'vitest';
import { checkConservation, type Day, day, seen } from './day.ts';

const EVERY = 3;
/** Of allocation, which comes once after each step. */
export const INTERVAL_MS = 20_000;

/** Which of three steps: each has days of its own. */
export const PHASES = Array.from({ length: EVERY }, (_, phase) => phase);

/** How the core fails on one day. */
export interface Failures {
  readonly it: Day;
  /** A call after this many others fails. */
  arm(skipped: number): void;
  /** Undefined where none has failed: there are no more calls. */
  disarm(): { readonly name: string; readonly nextSkipped: number } | undefined;
}

/** What can be seen after each step of a day without failures. */
export function quietDay(it: Day): unknown[] {
  return day.map((work) => {
    work(it);
    it.world.allocate();
    return seen(it);
  });
}

/**
 * Lives days until each call of the phase's steps has failed, and compares what can be seen after
 * a failure, and in the evening; `check` is told how often it has failed on that day so far.
 */
export function liveFailing(
  phase: number,
  expected: readonly unknown[],
  begin: () => Failures,
  check: (it: Day, failures: number, where: string) => void,
): void {
  const steps = day.map((_, step) => step).filter((step) => step % EVERY === phase);
  const next = new Map(steps.map((step) => [step, 0]));
  const failed = new Set<number>();
  while (next.size > 0) {
    const failures = begin();
    const { it } = failures;
    let count = 0;
    day.forEach((work, step) => {
      const skipped = next.get(step);
      if (skipped !== undefined) {
        failures.arm(skipped);
      }
      work(it);
      const failure = failures.disarm();
      it.world.allocate();
      if (failure !== undefined) {
        const where = `${failure.name}, step ${step}, after ${skipped} calls`;
        failed.add(step);
        next.set(step, failure.nextSkipped);
        check(it, ++count, where);
        assert.deepStrictEqual(seen(it), expected[step], where);
      } else {
        next.delete(step);
      }
      // Until the first failure all is as on the day that has none.
      if (count > 0) {
        checkConservation(it);
      }
    });
    if (count > 0) {
      assert.deepStrictEqual(seen(it), expected.at(-1), 'in the evening');
    }
  }
  expect([...failed].toSorted((a, b) => a - b)).toEqual(steps);
}
