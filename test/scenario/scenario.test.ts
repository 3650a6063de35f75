// Each *.txt here is a scenario for people to read. `npm test -- test/scenario --update` writes the
// results of the commands into them: read the difference before you commit it.
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
