// A master's state can be copied at any moment: the copy goes on as the original would, and neither
// affects the other.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MasterEffect } from '../../src/master/effects.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import { type MasterState, masterViews, step } from '../../src/master/master.ts';
import { copyState, stateDifference } from '../../src/master/state-copy.ts';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { copied } from '../support/copied.ts';
import { cluster, viewer } from './harness.ts';
import { StrangeWorld } from './strange-world.ts';

interface Taken {
  readonly event: MasterEvent;
  readonly effects: MasterEffect[];
}

interface Fork {
  readonly state: MasterState;
  /** How many events the master had taken. */
  readonly from: number;
}

test('a copy of any moment goes on as the master has gone on, and neither touches the other', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(20), (seed, rhythm) => {
      const taken: Taken[] = [];
      const strange = new StrangeWorld(seed, (event, take) => {
        // The master keeps and changes parts of the events it is given.
        const told = copied(event);
        const effects = take(copied(event));
        taken.push({ event: told, effects: copied(effects) });
        return effects;
      });
      const { master } = strange.world;
      const forks: Fork[] = [];
      for (let i = 0; i < 60; i++) {
        if (i % 20 === rhythm) {
          forks.push({ state: copyState(master), from: taken.length });
        }
        strange.happen();
      }
      const before = copyState(master);
      for (const { state, from } of forks) {
        for (const { event, effects } of taken.slice(from)) {
          // A message becomes part of the state of the master that takes it.
          assert.deepStrictEqual(copied(step(state, copied(event))), effects);
        }
        expect(stateDifference(state, before)).toBeUndefined();
        expect(viewsOf(state)).toEqual(viewsOf(before));
      }
      expect(stateDifference(master, before)).toBeUndefined();
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.RUNS ?? 12) },
  );
});

function viewsOf(state: MasterState): unknown[] {
  const views = masterViews(state);
  const lists = [views.state(viewer), views.roles(viewer), views.metrics(state.nowMs)];
  const answers = [MasterCall_Type.GET_STATE, MasterCall_Type.GET_OPERATIONS].map((type) =>
    views.read({ type }, viewer),
  );
  const written = JSON.stringify(lists, (_key, value: unknown) =>
    isList(value) ? [...value] : value,
  );
  return [written, ...answers];
}

const isList = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

test('what two masters differ in is named', () => {
  const { world, framework } = cluster();
  const copy = copyState(world.master);
  expect(stateDifference(world.master, copy)).toBeUndefined();
  framework.call('SUPPRESS');
  expect(stateDifference(world.master, copy)).toMatch(/^(frameworks|allocator)/);
});

test('a part of the state that is no data is refused by its place', () => {
  class Stranger {
    #hidden = 1;
    get hidden() {
      return this.#hidden;
    }
  }
  const { world } = cluster();
  const [agent] = world.master.agents.registered.values();
  Object.assign(agent ?? {}, { extra: [new Stranger()] });
  expect(() => copyState(world.master)).toThrow(
    /agent.*\.extra\.0 is of the class Stranger, which is not known as data$/,
  );
  Object.assign(agent ?? {}, { extra: [() => world] });
  expect(() => copyState(world.master)).toThrow(/extra\.0 is a function$/);
});
