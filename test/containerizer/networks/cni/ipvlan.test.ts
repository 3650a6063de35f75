// The plugin ipvlan, which takes a kernel with it: scripts/guest.ts has one.
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import type { RealOutcome } from './real-networks.ts';

const FUNCTIONS = new URL('./real-networks.ts', import.meta.url).href;
const LINK =
  'ip link add uplink type veth peer name other && ip link set uplink up && ip link set other up';
const TRIAL = 'ip link add trial link uplink type ipvlan && ip link del trial';

test.runIf(canMakeNetworks)(
  'containers share a link of the machine by ipvlan, or are told that the kernel has none',
  async () => {
    using folder = temporaryFolder();
    await using machine = await NetworkNamespace.make();
    await machine.shell(LINK);
    const hasIpvlan = await machine.shell(TRIAL).then(
      () => true,
      () => false,
    );
    const network = {
      ...{ cniVersion: '1.0.0', name: 'net1', type: 'ipvlan', master: 'uplink' },
      ipam: { type: 'host-local', dataDir: `${folder.path}/ipam`, subnet: '10.66.0.0/16' },
    };
    const attached = machine.call<RealOutcome>(FUNCTIONS, 'attachedAndDetached', {
      folder: folder.path,
      networks: [network],
      containers: { c1: [{ name: 'net1' }], c2: [{ name: 'net1' }] },
      looks: ['inside c2 busybox ping -c 1 -w 30 10.66.0.2'],
    });
    if (!hasIpvlan) {
      await expect(attached).rejects.toThrow(
        /The CNI plugin '.*\/ipvlan' failed to attach container .* to CNI network 'net1'/,
      );
      return;
    }
    expect(await attached).toMatchObject({
      looks: [expect.stringContaining(' 0% packet loss')],
      reserved: ['10.66.0.2', '10.66.0.3'],
      reservedAfter: [],
      checkFailures: 0,
    });
  },
);
