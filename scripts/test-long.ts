// `npm run test:long`: one random history after another until the time is up. Prints its seed. What
// is found is told at once, and shrunk within a time. `--suite=allocator` is the core beside the
// oracle, `--suite=simulation` whole clusters; scripts/long-options.ts has the other options.
import { suite } from './long-options.ts';

await (suite === 'simulation' ? import('./long-simulation.ts') : import('./long-allocator.ts'));
