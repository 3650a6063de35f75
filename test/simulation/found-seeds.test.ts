// Seeds that once found a bug.
import { test } from 'vitest';
import { checkSeed } from './seed-check.ts';

/**
 * Each failed once, in the simulation of its time: tasks lost from the account with a connection,
 * terminal updates too early or twice, agents that never finished draining, operations without
 * acknowledgement, launches so late that they were not counted, acknowledgements of an earlier
 * master.
 */
const FOUND = [
  ...[2007, 2413, 5166, 6018, 10228, 10343, 10552, 10825, 11126, 50307, 50665, 101225, 301235],
  ...[1001363, 1002424, 1010393, 608312625, 610677836],
];

test.each(FOUND)('seed %i, which once found something', checkSeed);
