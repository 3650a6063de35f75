// Clients and agents send anything that fits the schema: the master does not fail, its views can be
// read, and everything that it sends can be encoded.
import fc from 'fast-check';
import { test } from 'vitest';
import { StrangeWorld } from './strange-world.ts';

test('nothing strange ends the master', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const strange = new StrangeWorld(seed);
      for (let i = 0; i < 60; i++) {
        strange.happen();
      }
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.RUNS ?? 20) },
  );
}, 600_000);
