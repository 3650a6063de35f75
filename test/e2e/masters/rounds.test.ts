// Masters that elect one of themselves come and go while frameworks, agents and an operator are at
// work: nothing that was announced is lost, nothing is launched twice, and of two leaders only one
// is heard. `npm run test:long -- --suite=masters` plays more of it.
import { expect, test } from 'vitest';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { playRounds } from './playing.ts';

/** What a leader notices last: that it leads no more. */
const FAULT = canMakeNetworks ? 'leaderCutFromZooKeeper' : 'leaderStopped';

test('a round of faults loses nothing, and does nothing twice', async () => {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  await playRounds({ seed: 1, rounds: 1, faults: [FAULT], onLine });
  expect(lines.filter((line) => line.startsWith('round'))).toHaveLength(1);
});
