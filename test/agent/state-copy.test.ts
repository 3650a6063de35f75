// An agent's state can be copied at any moment: the copy goes on as the original would, and neither
// affects the other.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { step } from '../../src/agent/agent.ts';
import type { AgentEffect } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import type { AgentState } from '../../src/agent/state.ts';
import { copyState, stateDifference } from '../../src/agent/state-copy.ts';
import { act } from './acts.ts';
import { commandTask, runToEnd, World } from './harness.ts';

interface Taken {
  readonly event: AgentEvent;
  readonly effects: AgentEffect[];
}

interface Fork {
  readonly state: AgentState;
  /** How many events the agent had taken. */
  readonly from: number;
}

test('a copy of any moment goes on as the agent has gone on, and neither touches the other', () => {
  fc.assert(
    fc.property(
      fc.array(act, { minLength: 20, maxLength: 60 }),
      fc.nat(9),
      fc.boolean(),
      (acts, rhythm, commitsAtOnce) => {
        const taken: Taken[] = [];
        // So few are kept that histories forget.
        const few = { maxCompletedTasksPerExecutor: 2, maxCompletedExecutorsPerFramework: 2 };
        const world = new World(few, undefined, (event, take) => {
          const effects = take(structuredClone(event));
          taken.push({ event, effects: structuredClone(effects) });
          return effects;
        });
        const forks: Fork[] = [];
        world.register();
        world.commitsAtOnce = commitsAtOnce;
        for (const [index, one] of acts.entries()) {
          if (index % 10 === rhythm) {
            forks.push({ state: copyState(world.agent), from: taken.length });
          }
          one(world);
        }
        const before = copyState(world.agent);
        for (const { state, from } of forks) {
          for (const { event, effects } of taken.slice(from)) {
            // A message becomes part of the state of the agent that takes it.
            expect(structuredClone(step(state, structuredClone(event)))).toEqual(effects);
          }
          expect(stateDifference(state, before)).toBeUndefined();
        }
        expect(stateDifference(world.agent, before)).toBeUndefined();
      },
    ),
    { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.RUNS ?? 60) },
  );
});

test('what two agents differ in is named', () => {
  const world = new World();
  world.register();
  const copy = copyState(world.agent);
  expect(stateDifference(world.agent, copy)).toBeUndefined();
  world.agent.ledger.take('holder', world.agent.ledger.free().slice(0, 1));
  expect(stateDifference(world.agent, copy)).toBe('ledger');
  world.agent.ledger.release('holder');
  expect(stateDifference(world.agent, copy)).toBeUndefined();
  world.runTask(commandTask('t1'));
  expect(stateDifference(world.agent, copy)).toBeDefined();
});

test('what a copy forgets, the agent remembers', () => {
  const world = new World();
  world.register();
  runToEnd(world, 't1');
  world.acknowledgeAll();
  const copy = copyState(world.agent);
  const completed = ({ completedFrameworks }: AgentState) =>
    [...completedFrameworks.values()].flatMap(({ completed: executors }) => executors);
  const [framework] = copy.completedFrameworks.values();
  framework?.history.forgetOldest();
  expect(completed(copy).flatMap((executor) => executor.completed)).toEqual([]);
  expect(completed(world.agent).flatMap((executor) => executor.completed)).toHaveLength(1);
  expect(stateDifference(world.agent, copy)).toMatch(/completed|history/);
});
