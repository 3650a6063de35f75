// Behaviours of Apache Mesos's allocator, checked with both the oracle and the core.
import { beforeAll, describe, expect, test } from 'vitest';
import { oracle } from '../oracle/core.ts';
import { BEHAVIOURS, type Behaviour } from './behaviours.ts';
import { checkedCore } from './built-core.ts';
import { type DecidingCore, Replayer } from './replay.ts';
import type { TraceResult } from './trace.ts';

const offersOf = ({ out = [] }: TraceResult) =>
  out.flatMap(({ offers = [], inverseOffers = [] }) => [
    ...offers.map(([, ...offer]) => offer.join(' ')),
    ...inverseOffers.map(([, ...offer]) => offer.join(' ')),
  ]);

function check(core: DecidingCore, { options, steps }: Behaviour): void {
  const replayer = new Replayer(core, { intervalMs: 1000, ...options });
  for (const [index, [event, ...offers]] of steps.entries()) {
    expect(offersOf(replayer.play(event)), `step ${index + 1}`).toEqual(offers);
  }
}

describe('the oracle', () => {
  test.each(BEHAVIOURS)('$name', (behaviour) => check(oracle, behaviour));
});

describe('the core', () => {
  let core: DecidingCore;
  beforeAll(async () => {
    core = await checkedCore();
  });

  test.each(BEHAVIOURS)('$name', (behaviour) => check(core, behaviour));
});
