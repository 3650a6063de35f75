// One seed of the simulation as a test.
import { expect } from 'vitest';
import { newCore } from './cores.ts';
import { Simulation } from './simulation.ts';

const SHOWN_LINES = 60;

/** Seeds from a number on. */
export const seedsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

/** A seed that fails is run again with a log, whose end is shown. */
export async function checkSeed(seed: number): Promise<void> {
  const { breach } = await new Simulation({ seed, newCore }).run();
  if (breach !== undefined) {
    const { text } = await new Simulation({ seed, newCore, keepsText: true }).run();
    const end = text.split('\n').slice(-SHOWN_LINES).join('\n');
    expect.fail(`seed ${seed}: ${breach}\n${end}`);
  }
}
