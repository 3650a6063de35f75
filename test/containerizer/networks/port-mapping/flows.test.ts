// Flows of the public link, which take a kernel with fq_codel: scripts/guest.ts has one.
import { expect, test } from 'vitest';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import { MACHINE } from './mapped-machine.ts';

const FUNCTIONS = new URL('./machine-stories.ts', import.meta.url).href;

test.runIf(canMakeNetworks)(
  'each container has a flow of the public link, or the kernel is told to lack what that needs',
  async () => {
    await using machine = await NetworkNamespace.make();
    await machine.shell(MACHINE);
    const hasFlows = await machine
      .shell('tc qdisc add dev lo root fq_codel && tc qdisc del dev lo root')
      .then(
        () => true,
        () => false,
      );
    expect(await machine.call(FUNCTIONS, 'flows')).toEqual(
      hasFlows
        ? [
            'a queue of flows',
            ...['1:1 1', '1:2 2', '1:803 2'],
            'a queue of flows below the limit',
            ...['1:1 1', '1:2 2', '1:803 0'],
          ]
        : [
            '--egress_unique_flow_per_container needs what this kernel lacks: the queueing discipline fq_codel',
          ],
    );
  },
);
