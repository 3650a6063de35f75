// A fixed set of seeds. More: npm run test:long -- --suite=simulation.
import { test } from 'vitest';
import { checkSeed, seedsFrom } from './seed-check.ts';

test.each(seedsFrom(1, 18))('seed %i: nothing breaks, and all comes to rest', checkSeed);
