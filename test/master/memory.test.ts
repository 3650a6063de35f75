// The memory of the scheduler core is full. Memory that refusals took is free again in a new
// allocator; a cluster that does not fit ends the master.
import { expect, test } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { withMemoryLimit } from '../support/memory-limit.ts';
import { coreBytes, testCore } from './core.ts';
import { type FakeFramework, World } from './harness.ts';

const PAGE = 65_536;

function limitedCore(pages: number): SchedulerCore {
  return createCore(new WebAssembly.Module(withMemoryLimit(coreBytes, pages)));
}

function addAgents(world: World, count: number): void {
  for (let i = 0; i < count && world.aborted === undefined; i++) {
    world.agent({
      pid: `slave(${i})@10.0.0.2:5051`,
      hostname: `node${i}`,
      resources: `cpus:4;mem:4096;ports:[31000-31100,32000-${32_000 + i}]`,
    });
  }
}

/** All frameworks refuse their offers for long; then others get them. */
function refuseAll(world: World, frameworks: readonly FakeFramework[]): void {
  for (const framework of frameworks) {
    const offer_ids = framework.offers().map(({ id }) => id);
    framework.call('DECLINE', { decline: { offer_ids, filters: { refuse_seconds: 3600 } } });
  }
  world.allocate();
}

const bytesOf = (world: World) => world.master.allocator.attempt((live) => live.bytes) ?? 0;
const rebuilds = (world: World) => world.master.counters.coreRebuilds;

test('refusals that fill the memory are forgotten, and all goes on', () => {
  const build = (core: SchedulerCore) => {
    const world = new World({}, { core });
    addAgents(world, 100);
    const frameworks = Array.from({ length: 12 }, (_, i) => world.framework({ roles: [`r${i}`] }));
    world.allocate();
    return { world, frameworks };
  };
  const { world: roomy, frameworks: all } = build(testCore);
  const before = bytesOf(roomy);
  for (let i = 0; i < 20; i++) {
    refuseAll(roomy, all);
  }
  expect(bytesOf(roomy)).toBeGreaterThan(before + 2 * PAGE);
  expect(rebuilds(roomy)).toBe(0);

  const { world, frameworks } = build(limitedCore(Math.ceil(before / PAGE) + 1));
  expect(rebuilds(world)).toBe(0);
  for (let i = 0; i < 20 && rebuilds(world) === 0; i++) {
    refuseAll(world, frameworks);
  }
  expect(rebuilds(world)).toBe(1);
  expect(world.aborted).toBeUndefined();
  expect(world.logs.some((text) => text.includes('trapped in recover: unreachable'))).toBe(true);
  // Everything is offered again.
  expect(world.master.offers.size).toBe(100);
  expect(bytesOf(world)).toBeLessThan(before + PAGE);
});

test('a cluster that does not fit ends the master', () => {
  const world = new World({}, { core: limitedCore(8) });
  addAgents(world, 5_000);
  expect(world.master.agents.registered.size).toBeGreaterThan(100);
  expect(world.master.agents.registered.size).toBeLessThan(5_000);
  expect(world.aborted).toMatch(/trapped in \w+: unreachable/);
});
