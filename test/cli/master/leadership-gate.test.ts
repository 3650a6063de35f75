import { expect, test } from 'vitest';
import { LeadershipGate } from '../../../src/cli/master/leadership-gate.ts';
import type { MasterEffect } from '../../../src/master/effects.ts';

const LINK: MasterEffect = { type: 'link', address: '10.0.0.1:5051' };
const ABORT: MasterEffect = { type: 'abort', reason: 'lost' };

test('nothing but its end leaves a master that was elected and may lead no more', () => {
  let leads = false;
  const reasons: string[] = [];
  const gate = new LeadershipGate({ leads: () => leads }, (reason) => reasons.push(reason));
  expect(gate.passes(LINK)).toBe(true);
  leads = true;
  gate.elected();
  expect(gate.passes(LINK)).toBe(true);
  leads = false;
  expect(gate.isOpen()).toBe(false);
  expect([gate.passes(LINK), gate.passes(LINK), gate.passes(ABORT)]).toEqual([false, false, true]);
  // What was dropped is missing: it cannot go on.
  leads = true;
  expect(gate.passes(LINK)).toBe(false);
  expect(reasons).toEqual(['the session with ZooKeeper may have expired']);
});
