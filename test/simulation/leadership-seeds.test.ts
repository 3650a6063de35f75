// Seeds in which a master is elected while another still believes that it leads: no task is lost or
// run twice.
import { test } from 'vitest';
import { checkSeed, seedsFrom } from './seed-check.ts';

test.each(seedsFrom(1_000_000_000, 15))(
  'seed %i: nothing breaks, and all comes to rest',
  checkSeed,
);
