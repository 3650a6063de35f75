// Kills an agent again and again while containers join networks and leave them, until the time is
// up. Ten kills are a round of a seed of its own, after which nothing of networks may be left.
// This needs root.
import { NetworkCluster } from '../test/e2e/networks/network-cluster.ts';
import { crashes } from '../test/e2e/networks/network-crashes.ts';
import { count, searchSeconds, seed } from './long-options.ts';
import { openProgress } from './progress.ts';

const KILLS_A_ROUND = 10;

const progress = openProgress(searchSeconds);
const end = Date.now() + searchSeconds * 1000;
const cluster = await NetworkCluster.make('one');
let killed = 0;
let round = seed;
try {
  await cluster.start({ agent: cluster.networks.flags });
  for (; killed < count && Date.now() < end; round++) {
    await crashes(cluster, {
      count: Math.min(KILLS_A_ROUND, count - killed),
      seed: round,
      done: () => progress.show(`${++killed} kills, at seed ${round}`),
    });
  }
  progress.end();
  console.log(`Nothing is left after ${killed} kills, seeds ${seed} to ${round - 1}`);
} catch (error) {
  progress.end();
  console.error(`--suite=networks --seed=${round} --count=${KILLS_A_ROUND} fails:`);
  console.error(error);
  process.exitCode = 1;
} finally {
  await cluster[Symbol.asyncDispose]();
}
