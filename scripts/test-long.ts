// `npm run test:long`: runs one random history after another until the time is up. Prints its seed.
// A failure is reported at once, and shrunk within a limited time. `--suite=allocator` compares the
// core with the oracle, `--suite=simulation` runs whole clusters; scripts/long-options.ts has the
// other options.
import { suite } from './long-options.ts';

await (suite === 'simulation' ? import('./long-simulation.ts') : import('./long-allocator.ts'));
