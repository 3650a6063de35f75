// Seeds that once found something.
import { test } from 'vitest';
import { checkSeed } from './seed-check.ts';

/**
 * Each failed once, in the simulation of its day: tasks lost from the books with a connection, ends
 * that came too early or twice, agents that never finished draining, operations nobody
 * acknowledged, launches that came so late that nobody counted them, acknowledgements of an earlier
 * master.
 */
const FOUND = [
  ...[2007, 2413, 5166, 6018, 10228, 10343, 10552, 10825, 11126, 50307, 50665, 101225, 301235],
  ...[1001363, 1002424, 1010393, 608312625, 610677836],
];

test.each(FOUND)('seed %i, which once found something', checkSeed);
