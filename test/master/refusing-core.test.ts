// The scheduler core refuses a call, at any point of a step of a busy day, although the master's
// own checks have passed. No step throws, the master does not end, and afterwards its account and
// the core's agree.
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { CoreError, type LiveAllocator, type ResourceAlgebra } from '../../src/core/interface.ts';
import type { MasterCore } from '../../src/master/state.ts';
import { checkConservation, Day, day, seen } from './day.ts';

/** Refuses one call of a part of the core: the one after `left` others. */
class Refusals {
  left = Number.POSITIVE_INFINITY;
  refused: string | undefined;

  of<T extends object>(part: T, refusable: (name: string) => boolean = () => true): T {
    return new Proxy(part, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') {
          return value;
        }
        return (...args: unknown[]): unknown => {
          if (refusable(String(name)) && this.left-- === 0) {
            this.refused = String(name);
            throw new CoreError('TOO_MANY', 'there are too many (of something)');
          }
          const answer: unknown = Reflect.apply(value, target, args);
          return name === 'pool' ? this.of(answer as object) : answer;
        };
      },
    });
  }
}

const steps = day.map((_, step) => step);
const last = day.length - 1;

/** Questions without whose answer a step does not go on. */
const isQuestion = (name: string) => name === 'rolesWith' || name === 'constraintsError';

const refusing = (refusals: Refusals, part: 'told' | 'asked') => (core: MasterCore) => ({
  algebra: part === 'asked' ? refusals.of<ResourceAlgebra>(core.algebra) : core.algebra,
  allocator: (...options: Parameters<MasterCore['allocator']>): LiveAllocator =>
    refusals.of(core.allocator(...options), (name) => isQuestion(name) === (part === 'asked')),
  get sharedTraps() {
    return core.sharedTraps;
  },
  get lastSharedTrap() {
    return core.lastSharedTrap;
  },
});

/**
 * Runs the day, with a refusal after this many calls of a step, if the step makes as many; of the
 * allocator's refusals, returns what can be seen after that step and at the end.
 */
function live(part: 'told' | 'asked', step: number, skipped: number) {
  const refusals = new Refusals();
  const it = new Day(refusing(refusals, part));
  const all: unknown[] = [];
  day.forEach((work, index) => {
    refusals.left = index === step ? skipped : Number.POSITIVE_INFINITY;
    work(it);
    refusals.left = Number.POSITIVE_INFINITY;
    it.world.allocate();
    // Until the refusal all is as on a day without one.
    if (index >= step) {
      checkConservation(it);
    }
    if (part === 'told' && (index === step || index === last)) {
      all.push(seen(it));
    }
  });
  return { it, seen: all, refused: refusals.refused };
}

describe('a call of the allocator that is refused', () => {
  const quiet = new Day();
  const expected = day.map((work) => {
    work(quiet);
    quiet.world.allocate();
    return seen(quiet);
  });

  test.each(steps)('in step %i leaves no trace', (step) => {
    const untouched = [expected[step], expected[last]].slice(step === last ? 1 : 0);
    let refusals = 0;
    for (let skipped = 0; ; skipped++) {
      const { it, seen: after, refused } = live('told', step, skipped);
      if (refused === undefined) {
        break;
      }
      const where = `${refused}, after ${skipped} calls of the step`;
      refusals++;
      assert.deepStrictEqual(after, untouched, where);
      expect(it.world.aborted, where).toBeUndefined();
      expect(it.world.master.counters.coreRebuilds, where).toBe(1);
      expect(
        it.world.logs.filter((text) => text.includes('The scheduler core refused')),
      ).toHaveLength(1);
    }
    expect(refusals).toBeGreaterThan(0);
  });
});

describe('a sum or a question that is refused', () => {
  test.each(steps)('in step %i breaks off the event at most', (step) => {
    for (let skipped = 0; ; skipped++) {
      const { it, refused } = live('asked', step, skipped);
      if (refused === undefined) {
        break;
      }
      const where = `${refused}, after ${skipped} calls of the step`;
      expect(it.world.aborted, where).toBeUndefined();
      const told = it.world.logs.filter((text) => text.startsWith('Dropping the rest of '));
      expect(told, where).toHaveLength(1);
      expect(told[0]).toContain('TOO_MANY');
    }
  });
});
