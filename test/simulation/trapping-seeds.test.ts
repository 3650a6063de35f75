// A fixed set of the seeds whose scheduler cores trap.
import { test } from 'vitest';
import { checkSeed, seedsFrom } from './seed-check.ts';

test.each(seedsFrom(2_000_000, 15))('seed %i: nothing breaks, and all comes to rest', checkSeed);
