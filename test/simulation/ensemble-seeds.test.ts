// Seeds with two or three masters, which elect one of themselves in ZooKeeper and keep their
// registry there, while they are killed, stopped and cut off: no task is lost or run twice, and no
// two masters lead.
import { test } from 'vitest';
import { checkSeed, seedsFrom } from './seed-check.ts';

/** An agent whose reading of the leader's znode was interrupted never heard of that leader. */
const FOUND = [2_000_000_107];

test.each([...seedsFrom(2_000_000_000, 12), ...FOUND])(
  'seed %i: nothing breaks, and all comes to rest',
  checkSeed,
);
