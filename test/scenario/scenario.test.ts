// Each *.txt here is a scenario that people can read. `npm test -- test/scenario --update` writes
// into them what came of their commands: read the difference before it is committed.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, sources } from '../support/sources.ts';
import { play } from './play.ts';

const scenarios = sources('test/scenario/*.txt');

test.each(scenarios)('$path comes out as it is written', async ({ path, text }) => {
  await expect(play(text)).toMatchFileSnapshot(join(root, path));
});

test.each(scenarios)('$path can be read in a minute', ({ text }) => {
  expect(text.split('\n').length).toBeLessThanOrEqual(60);
});
