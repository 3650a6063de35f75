// Masters that elect one of themselves in a real ZooKeeper are killed, stopped and cut off, one
// fault a round, until the time is up, or --rounds have been played. Cutting takes root.
import { playRounds } from '../test/e2e/masters/playing.ts';
import { rounds, searchSeconds, seed } from './long-options.ts';
import { openProgress } from './progress.ts';

/** After so many a cluster is judged, and a new one made. */
const ROUNDS_A_CLUSTER = 10;

const progress = openProgress(searchSeconds);
const end = Date.now() + searchSeconds * 1000;
let played = 0;
let one = seed;
try {
  for (; played < rounds && Date.now() < end; one++) {
    const inCluster = Math.min(ROUNDS_A_CLUSTER, rounds - played);
    progress.show(`${played} rounds, at seed ${one}`);
    await playRounds({
      seed: one,
      rounds: inCluster,
      onLine: (line) => console.log(`seed ${one}: ${line}`),
    });
    played += inCluster;
  }
  progress.end();
  console.log(`${played} rounds, nothing lost and nothing done twice`);
} catch (error) {
  progress.end();
  console.error(`--suite=masters --seed=${one} --rounds=${ROUNDS_A_CLUSTER} fails:`);
  console.error(error);
  process.exitCode = 1;
}
