// Any events in any order: the agent never throws, its ledger agrees with its tasks, and the same
// events give the same effects.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Executor } from '../../src/agent/executors/executor.ts';
import { frameworkId, taskId } from '../../src/model/ids.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { act } from './acts.ts';
import { AGENT_ID, FRAMEWORK, MASTER, World } from './harness.ts';

const executorsOf = (world: World): Executor[] =>
  [...world.agent.frameworks.values()].flatMap((framework) => [...framework.executors.values()]);

function checkBooks(world: World): void {
  const { agent } = world;
  const { algebra } = agent.core;
  const held = executorsOf(world)
    .filter(({ state, framework }) => state !== 'terminated' && framework.state === 'running')
    .flatMap((executor) => [
      ...(executor.builtin === undefined ? [executor.info.resources ?? []] : []),
      ...[...executor.queued.values()].map(({ resources }) => resources ?? []),
      ...[...executor.launched.values()]
        .filter((task) => !isTerminal(task.state))
        .map(({ resources }) => resources ?? []),
    ]);
  const bare = held.flat().map(({ allocation_info: _, ...resource }) => resource);
  expect(algebra.equal(agent.ledger.used(), algebra.sum(bare.map((one) => [one])))).toBe(true);
  for (const framework of agent.frameworks.values()) {
    const indexed = new Map<string, Executor>();
    for (const executor of framework.executors.values()) {
      for (const map of [executor.queued, executor.launched, executor.terminated]) {
        for (const id of map.keys()) {
          expect(indexed.has(id)).toBe(false);
          indexed.set(id, executor);
        }
      }
    }
    expect(new Map(framework.tasks)).toEqual(indexed);
  }
  for (const executor of executorsOf(world)) {
    expect(agent.containers.get(executor.containerId) === executor).toBe(
      executor.state !== 'terminated',
    );
  }
}

test('books, indexes and effects hold for any events', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), fc.boolean(), (acts, commitsAtOnce) => {
      const worlds = [new World(), new World()] as const;
      for (const world of worlds) {
        world.register();
        world.commitsAtOnce = commitsAtOnce;
      }
      for (const [index, one] of acts.entries()) {
        for (const world of worlds) {
          one(world);
          checkBooks(world);
        }
        expect([index, worlds[1].effects.length]).toEqual([index, worlds[0].effects.length]);
      }
      expect(worlds[1].effects).toEqual(worlds[0].effects);
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: 150 },
  );
});

test('when everything has ended and is acknowledged, nothing is left', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const world = new World();
      world.register();
      for (const one of acts) {
        one(world);
      }
      world.send({ type: 'masterDetected', master: MASTER });
      world.pass(1_000);
      world.fromMaster({
        name: 'AgentReregisteredMessage',
        body: { agent_id: { value: AGENT_ID } },
      });
      for (const executor of [...world.agent.containers.values()]) {
        world.containerEnded(executor.executorId, executor.containerId);
      }
      world.acknowledgeAll();
      expect(world.agent.frameworks.size).toBe(0);
      expect(world.agent.containers.size).toBe(0);
      expect(world.agent.updates.size).toBe(0);
      expect(world.agent.ledger.used()).toEqual([]);
      expect(world.agent.drain).toBeUndefined();
      expect(
        world.agent.completedFrameworks.get(frameworkId(FRAMEWORK))?.tasks.get(taskId('a')),
      ).toBe(undefined);
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: 150 },
  );
});
