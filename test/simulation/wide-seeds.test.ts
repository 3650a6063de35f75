// A fixed set of the seeds that have a wider world.
import { test } from 'vitest';
import { checkSeed, seedsFrom } from './seed-check.ts';

test.each(seedsFrom(1_000_000, 16))('seed %i: nothing breaks, and all comes to rest', checkSeed);
