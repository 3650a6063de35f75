// `npm run test:long`: runs one random history after another until the time is up. Prints its seed.
// A failure is reported at once, and shrunk within a limited time. `--suite=allocator` compares the
// core with the oracle, `--suite=simulation` runs whole clusters, `--suite=networks` kills agents
// whose containers have networks, `--suite=masters` does it to masters and to their ZooKeeper,
// `--suite=security` looks for ways around authorization; scripts/long-options.ts has the other
// options.
import { type SuiteName, suite } from './long-options.ts';

const SUITES: Readonly<Record<SuiteName, () => Promise<unknown>>> = {
  allocator: () => import('./long-allocator.ts'),
  masters: () => import('./long-masters.ts'),
  networks: () => import('./long-networks.ts'),
  security: () => import('./long-security.ts'),
  simulation: () => import('./long-simulation.ts'),
};
await SUITES[suite]();
