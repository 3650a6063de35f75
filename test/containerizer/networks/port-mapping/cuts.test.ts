// Nothing is left of containers whose agent was killed in the middle of anything.
import { expect, test } from 'vitest';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import type { Outcome } from './cuts.ts';
import { MACHINE } from './mapped-machine.ts';

const FUNCTIONS = new URL('./cuts.ts', import.meta.url).href;

test.runIf(canMakeNetworks).concurrent.each([
  ['attaches', 'cutAttaches'],
  ['detaches', 'cutDetaches'],
  ['changes ports', 'cutUpdates'],
])(
  'an agent that is killed while it %s',
  async (_, name) => {
    await using machine = await NetworkNamespace.make();
    await machine.shell(MACHINE);
    const { cuts, wrong } = await machine.call<Outcome>(FUNCTIONS, name);
    expect(cuts).toBeGreaterThan(4);
    expect(wrong).toEqual([]);
  },
  30_000,
);
