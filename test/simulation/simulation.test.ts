// What a seed guarantees: the same history each time, with what was asked for.
import { expect, test } from 'vitest';
import { newCore } from './cores.ts';
import { seedsFrom } from './seed-check.ts';
import { Simulation } from './simulation.ts';

test('the same seed has the same effects, and another seed has others', async () => {
  const run = (seed: number) => new Simulation({ seed, newCore, digests: true }).run();
  const { digest, steps } = await run(14);
  expect(digest).toMatch(/^\w{8,}$/);
  expect(await run(14)).toMatchObject({ digest, steps });
  expect((await run(15)).digest).not.toBe(digest);
});

test('cores trap where they are meant to', async () => {
  const traps = async (seeds: readonly number[]) => {
    const runs = seeds.map((seed) => new Simulation({ seed, newCore }).run());
    return (await Promise.all(runs)).reduce((sum, run) => sum + run.traps, 0);
  };
  expect(await traps(seedsFrom(2_000_000, 5))).toBeGreaterThan(5);
  expect(await traps(seedsFrom(1_000_000, 1))).toBe(0);
});
