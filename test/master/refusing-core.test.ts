// The scheduler core refuses a call, at any point of a step of a busy day, although the master's
// own checks have passed. No step throws, the master does not end, and afterwards its account and
// the core's agree.
import { describe, expect, test } from 'vitest';
import { CoreError, type LiveAllocator, type ResourceAlgebra } from '../../src/core/interface.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import type { MasterCore } from '../../src/master/state.ts';
import { checkConservation, Day, day } from './day.ts';
import { type Failures, INTERVAL_MS, liveFailing, PHASES, quietDay } from './failing-days.ts';

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

/** A day on which a part of the core can refuse. */
function newDay(part: 'told' | 'asked', options: Partial<MasterOptions> = {}) {
  const refusals = new Refusals();
  return { refusals, it: new Day(refusing(refusals, part), options) };
}

describe('a call of the allocator that is refused', () => {
  const options = { allocationIntervalMs: INTERVAL_MS };
  const expected = quietDay(new Day(undefined, options));

  test.each(PHASES)('in each third step, from step %i on, leaves no trace', (phase) => {
    const begin = (): Failures => {
      const { refusals, it } = newDay('told', options);
      let skips = 0;
      return {
        it,
        arm: (skipped) => {
          refusals.left = skips = skipped;
        },
        disarm: () => {
          const name = refusals.refused;
          refusals.refused = undefined;
          refusals.left = Number.POSITIVE_INFINITY;
          return name === undefined ? undefined : { name, nextSkipped: skips + 1 };
        },
      };
    };
    liveFailing(phase, expected, begin, (it, failures, where) => {
      expect(it.world.aborted, where).toBeUndefined();
      expect(it.world.master.counters.coreRebuilds, where).toBe(failures);
      expect(
        it.world.logs.filter((text) => text.includes('The scheduler core refused')),
      ).toHaveLength(failures);
    });
  });
});

/** Runs the day, with a refusal after this many calls of a step, if the step makes as many. */
function live(step: number, skipped: number) {
  const { refusals, it } = newDay('asked');
  day.forEach((work, index) => {
    refusals.left = index === step ? skipped : Number.POSITIVE_INFINITY;
    work(it);
    refusals.left = Number.POSITIVE_INFINITY;
    it.world.allocate();
    // Until the refusal all is as on a day without one.
    if (index >= step) {
      checkConservation(it);
    }
  });
  return { it, refused: refusals.refused };
}

describe('a sum or a question that is refused', () => {
  test.each(steps)('in step %i breaks off the event at most', (step) => {
    for (let skipped = 0; ; skipped++) {
      const { it, refused } = live(step, skipped);
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
