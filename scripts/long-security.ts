// Looks for ways around authentication and authorization until the time is up: each seed is a
// round of every search, of lists and their files, a master, an agent, and bytes to their ports.
// What is found is told with its seed, which `--seed=SEED --count=1` runs again.
import { searchFiles } from '../test/cli/file-search.ts';
import { searchAgentBytes } from '../test/http/agent-byte-search.ts';
import { searchBytes, searchTlsBytes } from '../test/http/byte-search.ts';
import { searchAgent } from '../test/security/agent-search.ts';
import { must } from '../test/security/breach.ts';
import { searchLists } from '../test/security/list-search.ts';
import { searchMaster } from '../test/security/master-search.ts';
import { count, searchSeconds, seed } from './long-options.ts';
import { openProgress } from './progress.ts';

const SEARCHES = [
  searchLists,
  searchFiles,
  searchMaster,
  searchAgent,
  searchBytes,
  searchAgentBytes,
  searchTlsBytes,
];

/** Of the heap and of buffers, however many connections and calls there have been. */
const MOST_BYTES = 1024 * 1024 * 1024;

const progress = openProgress(searchSeconds);
const end = Date.now() + searchSeconds * 1000;
console.log(`seed ${seed}`);
let one = seed;
try {
  for (; one < seed + count && Date.now() < end; one++) {
    for (const search of SEARCHES) {
      await search(one);
    }
    const { heapUsed, external } = process.memoryUsage();
    must(heapUsed + external < MOST_BYTES, () => `${heapUsed + external} bytes are in use`);
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
