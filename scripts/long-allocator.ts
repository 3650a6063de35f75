// Runs random histories through the core and the oracle until the time is up. A difference is
// written as a history that `npm run traces` replays.
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import type { LiveAllocator } from '../src/core/interface.ts';

import { debugCore } from '../test/core/debug.ts';
import {
  checkConservation,
  type Disagreement,
  disagreement,
} from '../test/differential/compare.ts';
import { type History, history } from '../test/differential/histories.ts';
import { searchSeconds, seed, shrinkSeconds, steps } from './long-options.ts';
import { openProgress, type Progress } from './progress.ts';

const RUNS_A_ROUND = 200;

// Assertions stop a history where the state breaks, before an offer shows it.
const core = await debugCore(20);

/**
 * Somewhere in each history the core is saved and restored; from then on the copy runs as well, and
 * must answer the same.
 */
const differenceIn = (plan: History, before: number): Disagreement | undefined =>
  disagreement(plan, {
    core,
    inspect: checkConservation,
    copy: { before, make: (allocator) => core.restore((allocator as LiveAllocator).save()) },
  });

interface Found {
  readonly difference: Disagreement;
  readonly seed: number;
  /** The path by which fast-check finds the history again. */
  readonly path: string;
}

/** Random histories of one seed; returns the last one that failed. */
function check(options: fc.Parameters<[History, number]>, tried: () => void): Found | undefined {
  let difference: Disagreement | undefined;
  const property = fc.property(history(steps), fc.nat({ max: steps }), (plan, before) => {
    tried();
    const found = differenceIn(plan, before);
    difference = found ?? difference;
    return found === undefined;
  });
  const { counterexamplePath } = fc.check(property, options);
  if (difference === undefined) {
    return undefined;
  }
  return { difference, seed: options.seed ?? 0, path: counterexamplePath ?? '' };
}

function search(progress: Progress): Found | undefined {
  const end = Date.now() + searchSeconds * 1000;
  let histories = 0;
  for (let round = seed; Date.now() < end; round++) {
    const found = check({ seed: round, numRuns: RUNS_A_ROUND, endOnFailure: true }, () => {
      histories += 1;
      progress.show(`${histories} histories, at seed ${round}`);
    });
    if (found !== undefined) {
      return found;
    }
  }
  progress.end();
  console.log(`${histories} histories, no difference`);
  return undefined;
}

/** Each failing history that it tries is smaller than the one before. */
function shrink(found: Found, progress: Progress): Found {
  let tries = 0;
  const { seed, path } = found;
  const plugins = [
    fc.interruptAfterTimeLimit(shrinkSeconds * 1000) as fc.Plugin<[History, number]>,
  ];
  return (
    check({ seed, path, numRuns: RUNS_A_ROUND, plugins }, () => {
      tries += 1;
      progress.show(`${tries} smaller histories tried`);
    }) ?? found
  );
}

function tell({ difference, seed }: Found): void {
  const file = `build/disagreement-${seed}.jsonl`;
  writeFileSync(file, difference.trace);
  console.log(`  event    ${JSON.stringify(difference.event)}`);
  console.log(`  expected ${difference.expected}`);
  console.log(`  got      ${difference.got}`);
  console.log(`  the history of ${difference.trace.split('\n').length - 2} events is in ${file}`);
}

console.log(`seed ${seed}, up to ${steps} steps a history`);
const searching = openProgress(searchSeconds);
const found = search(searching);
if (found !== undefined) {
  searching.end();
  console.log(`seed ${found.seed}: the core and the oracle disagree`);
  tell(found);
  console.log(`shrinking for at most ${shrinkSeconds} s`);
  const shrinking = openProgress(shrinkSeconds);
  const smaller = shrink(found, shrinking);
  shrinking.end();
  tell(smaller);
  process.exitCode = 1;
}
