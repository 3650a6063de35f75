// Whatever strange calls operators make: without the action, a master's state stays as it is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MasterEffect } from '../../src/master/effects.ts';
import { type MasterState, step } from '../../src/master/master.ts';
import { copyState, stateDifference } from '../../src/master/state-copy.ts';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import type { OnEvent } from './harness.ts';
import { StrangeWorld } from './strange-world.ts';

/** Who asks for shares has a turn, whatever he may see. */
const isTurn = (effect: MasterEffect) => effect.type === 'setTimer' && effect.timer === 'shares';

/** These begin something for whoever asks, and show them what they may see. */
const FOR_EVERYBODY: ReadonlySet<unknown> = new Set([
  MasterCall_Type.SUBSCRIBE,
  MasterCall_Type.PLAN,
]);

test('no operator call changes anything without an action', () => {
  let judged = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      let isAllowed = true;
      let master: MasterState | undefined;
      const onEvent: OnEvent = (event, take) => {
        if (
          master !== undefined &&
          event.type === 'operatorCall' &&
          !FOR_EVERYBODY.has(event.call.type)
        ) {
          const copy = copyState(master);
          isAllowed = false;
          const effects = step(copy, event);
          isAllowed = true;
          // What a step does in any case.
          const { nowMs, snapshot, shares } = master;
          Object.assign(copy, { nowMs, snapshot, shares });
          expect([event.call, stateDifference(copy, master)]).toEqual([event.call, undefined]);
          const [answer, ...more] = effects.filter((it) => it.type !== 'log' && !isTurn(it));
          expect(more).toEqual([]);
          // GET_SHARES answers everybody, with the frameworks that they may see.
          expect(answer?.type).toBe(
            event.call.type === MasterCall_Type.GET_SHARES ? 'respond' : 'reply',
          );
          judged += answer?.type === 'reply' && answer.status === 403 ? 1 : 0;
        }
        return take(event);
      };
      const strange = new StrangeWorld(seed, onEvent, { authorize: () => isAllowed });
      ({ master } = strange.world);
      for (let i = 0; i < 40; i++) {
        strange.happen();
      }
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.RUNS ?? 20) },
  );
  expect(judged).toBeGreaterThan(10);
}, 600_000);
