// Runs one simulated cluster after another until the time is up. Of one that fails it writes the
// log, and the settings of the smallest world that still fails, which `--seed=SEED --settings=FILE`
// runs again.
import { writeFileSync } from 'node:fs';
import { newCore } from '../test/simulation/cores.ts';
import type { Settings } from '../test/simulation/settings.ts';
import { type Outcome, Simulation } from '../test/simulation/simulation.ts';
import { smallerSettings } from '../test/simulation/smaller.ts';
import { readNamed, refuse } from './arguments.ts';
import { count, searchSeconds, seed, settings, shrinkSeconds, trace } from './long-options.ts';
import { openProgress } from './progress.ts';

const SHOWN_LINES = 40;

interface Found {
  readonly seed: number;
  readonly breach: string;
  readonly settings: Settings;
}

const given: Partial<Settings> | undefined =
  settings === undefined ? undefined : settingsIn(settings);

function settingsIn(file: string): Partial<Settings> {
  try {
    return JSON.parse(readNamed(file));
  } catch (error) {
    return refuse(`${file} holds no settings: ${(error as Error).message}`);
  }
}

async function simulate(
  one: number,
  options: { readonly settings?: Partial<Settings> | undefined; readonly keepsText?: boolean },
): Promise<{ readonly outcome: Outcome; readonly found: Found | undefined }> {
  const { settings: changed, keepsText = false } = options;
  const simulation = new Simulation({
    seed: one,
    newCore,
    keepsText,
    ...(changed !== undefined && { settings: changed }),
  });
  const outcome = await simulation.run();
  const { breach } = outcome;
  const found = breach && { seed: one, breach, settings: simulation.settings };
  return { outcome, found: found || undefined };
}

async function search(): Promise<Found | undefined> {
  const progress = openProgress(searchSeconds);
  const end = Date.now() + searchSeconds * 1000;
  let tasks = 0;
  let hours = 0;
  let one = seed;
  for (; one < seed + count && Date.now() < end; one++) {
    progress.show(`${one - seed} clusters, at seed ${one}`);
    const { outcome, found } = await simulate(one, { settings: given, keepsText: trace });
    tasks += outcome.tasks;
    hours += outcome.virtualMs / 3_600_000;
    if (trace) {
      console.log(outcome.text);
    }
    if (found !== undefined) {
      progress.end();
      return found;
    }
  }
  progress.end();
  const life = `${tasks} tasks in ${hours.toFixed(1)} h of virtual time`;
  console.log(`${one - seed} clusters, no difference; ${life}`);
  return undefined;
}

/** Leaves out one part of the world after another, as long as it still fails. */
async function shrink(found: Found): Promise<Found> {
  const progress = openProgress(shrinkSeconds);
  const end = Date.now() + shrinkSeconds * 1000;
  let smallest = found;
  let tries = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const smaller of smallerSettings(smallest.settings)) {
      if (Date.now() >= end) {
        break;
      }
      progress.show(`${++tries} smaller clusters tried`);
      const { found: again } = await simulate(found.seed, { settings: smaller });
      if (again !== undefined) {
        smallest = again;
        isSmaller = true;
        break;
      }
    }
  }
  progress.end();
  return smallest;
}

async function tell({ seed: one, breach, settings: world }: Found): Promise<void> {
  const { outcome } = await simulate(one, { settings: world, keepsText: true });
  const { text } = outcome;
  const file = `build/simulation-${one}`;
  writeFileSync(`${file}.log`, text);
  writeFileSync(`${file}.json`, JSON.stringify(world, undefined, 2));
  console.log(`  ${breach}`);
  console.log(text.split('\n').slice(-SHOWN_LINES).join('\n'));
  console.log(`  the whole log is in ${file}.log, its settings are in ${file}.json`);
}

console.log(`seed ${seed}`);
const found = await search();
if (found !== undefined) {
  console.log(`seed ${found.seed} fails: ${found.breach}`);
  if (!trace) {
    await tell(found);
    console.log(`shrinking for at most ${shrinkSeconds} s`);
    await tell(await shrink(found));
  }
  process.exitCode = 1;
}
