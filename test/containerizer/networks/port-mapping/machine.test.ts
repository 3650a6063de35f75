// What an agent does with the ports of a machine, with real links and filters.
import { expect, test } from 'vitest';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import { MACHINE } from './mapped-machine.ts';

const FUNCTIONS = new URL('./machine-stories.ts', import.meta.url).href;

test.runIf(canMakeNetworks).concurrent.each([
  [
    'containers have only ports of the agent’s that no other one has',
    'refusals',
    [
      'Some non-ephemeral ports specified in [32000-32001] are not managed by the agent',
      'Some ports of [31005-31020] are those of container a',
      'Failed to allocate ephemeral ports: all 4 ranges are in use',
    ],
  ],
  [
    'ports that another container is about to lose are waited for',
    'handedOn',
    ['a [31000-31009]', 'b [31010-31020]'],
  ],
  [
    'what no container has is removed before the first one is attached, and nothing else',
    'leftovers',
    ['eth9', 'mesos-p32768', 'mesos-p40960', '20000'],
  ],
  [
    'a container that is detached again does not take the ports of the next one',
    'detachedTwice',
    ['mesos-p32768'],
  ],
  [
    'limits follow the CPUs, and containers without one get it if the operator wants that',
    'limits',
    [
      'a sends 1600Kbit',
      'a sends 8Mbit ceil 16Mbit',
      'a receives nothing',
      'a receives nothing',
      'a receives 4Mbit',
      'a sends nothing',
    ],
  ],
])('%s', async (_, story, expected) => {
  await using machine = await NetworkNamespace.make();
  await machine.shell(MACHINE);
  expect(await machine.call(FUNCTIONS, story)).toEqual(expected);
});
