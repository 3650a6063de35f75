// Looks for ways around authentication and authorization until the time is up: each seed is a round
// of every search of test/security/searches.ts. What is found is told with its seed, which
// `--seed=SEED --count=1` runs again.
import { SEARCHES } from '../test/security/searches.ts';
import { count, searchSeconds, seed } from './long-options.ts';
import { openProgress } from './progress.ts';

const progress = openProgress(searchSeconds);
const end = Date.now() + searchSeconds * 1000;
console.log(`seed ${seed}`);
let one = seed;
try {
  for (; one < seed + count && Date.now() < end; one++) {
    for (const search of Object.values(SEARCHES)) {
      await search(one);
    }
    progress.show(`${one - seed + 1} rounds, at seed ${one}`);
  }
  progress.end();
  console.log(`${one - seed} rounds, nothing found`);
} catch (error) {
  progress.end();
  console.error(`--suite=security --seed=${one} --count=1 fails:`);
  console.error(error);
  process.exitCode = 1;
}
