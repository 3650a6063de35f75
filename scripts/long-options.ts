// The options of a long search.
import { readArguments, refuse } from './arguments.ts';

const USAGE = `usage: npm run test:long -- [--minutes=30] [--seed=INTEGER] [--shrink=60] and
  --suite=allocator [--steps=150],
  --suite=masters [--rounds=N],
  --suite=networks [--count=N],
  --suite=security [--count=N], or
  --suite=simulation [--count=N] [--trace] [--settings=FILE]`;

const { values } = readArguments(USAGE, {
  options: {
    suite: { type: 'string', default: 'allocator' },
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    shrink: { type: 'string', default: '60' },
    rounds: { type: 'string', default: 'Infinity' },
    steps: { type: 'string', default: '150' },
    count: { type: 'string', default: 'Infinity' },
    trace: { type: 'boolean', default: false },
    settings: { type: 'string' },
  },
});

export type SuiteName = 'allocator' | 'masters' | 'networks' | 'security' | 'simulation';
const SUITES: readonly string[] = ['allocator', 'masters', 'networks', 'security', 'simulation'];

export const suite = values.suite as SuiteName;
export const { trace, settings } = values;
export const seed = Number(values.seed);
export const searchSeconds = Number(values.minutes) * 60;
export const shrinkSeconds = Number(values.shrink);
export const steps = Number(values.steps);
/** The most rounds of faults to play. */
export const rounds = Number(values.rounds);
/** The most seeds to try, or kills. */
export const count = Number(values.count);

const isClear =
  SUITES.includes(suite) &&
  Number.isInteger(seed) &&
  searchSeconds >= 0 &&
  shrinkSeconds >= 0 &&
  steps >= 1 &&
  rounds >= 1 &&
  count >= 1;
if (!isClear) {
  refuse(USAGE);
}
