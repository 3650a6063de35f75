// Masters that elect one of themselves come and go while frameworks, agents and an operator are at
// work: nothing that was announced is lost, nothing is launched twice, and of two leaders only one
// is heard. `npm run test:long -- --suite=masters` plays more of it.
import { expect, test } from 'vitest';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { playRounds } from './playing.ts';

const FAULTS = ['leaderStopped', canMakeNetworks ? 'leaderCutFromZooKeeper' : 'leaderKilled'];

test('three rounds of faults lose nothing, and do nothing twice', async () => {
  const lines: string[] = [];
  const faults = ['quorumLost', ...FAULTS];
  await playRounds({ seed: 1, rounds: 3, faults, onLine: (line) => lines.push(line) });
  expect(lines.filter((line) => line.startsWith('round'))).toHaveLength(3);
});
