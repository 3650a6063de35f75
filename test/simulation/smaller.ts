// Worlds that are smaller than one that fails, the greatest reductions first.
import type { FaultWeights } from './faults.ts';
import type { Settings } from './settings.ts';

/** Numbers that make the world worse, and may be zero. */
const TROUBLES = [
  'killsInMaster',
  'killsInAgents',
  'launchFailures',
  'roleChanges',
  'conversions',
  'moves',
  'diskFailures',
  'lateArrivals',
  'portChanges',
  'growth',
  'taskGroups',
  'talk',
] as const satisfies (keyof Settings)[];

export function* smallerSettings(settings: Settings): Generator<Settings> {
  const { machines, frameworks, troubleMs } = settings;
  for (const left of without(machines)) {
    yield { ...settings, machines: left };
  }
  // The first framework is the one that never goes.
  for (const others of without(frameworks.slice(1))) {
    yield { ...settings, frameworks: [...frameworks.slice(0, 1), ...others] };
  }
  if (frameworks.length === 2) {
    yield { ...settings, frameworks: frameworks.slice(0, 1) };
  }
  if (settings.masters === 3) {
    yield { ...settings, masters: 2 };
  }
  if (settings.expiresEarly) {
    yield { ...settings, expiresEarly: false };
  }
  for (const name of TROUBLES.filter((it) => settings[it] > 0)) {
    yield { ...settings, [name]: 0 };
  }
  for (const fault of Object.keys(settings.faults) as (keyof FaultWeights)[]) {
    if (settings.faults[fault] > 0) {
      yield { ...settings, faults: { ...settings.faults, [fault]: 0 } };
    }
  }
  if (troubleMs > 10_000) {
    yield { ...settings, troubleMs: Math.round(troubleMs / 2) };
    yield { ...settings, troubleMs: Math.round(troubleMs * 0.9) };
  }
  for (const [index, plan] of frameworks.entries()) {
    if (plan.tasks > 1) {
      const fewer = { ...plan, tasks: Math.floor(plan.tasks / 2) };
      yield { ...settings, frameworks: frameworks.with(index, fewer) };
    }
  }
}

/** The list without each of its members in turn; the last member stays. */
const without = <T>(list: readonly T[]): T[][] =>
  list.length < 2 ? [] : list.map((_, left) => list.toSpliced(left, 1));
