// Containers are attached by the plugins that Debian has, in a network of the test's own. It needs
// root, and the packages containernetworking-plugins, iproute2, iptables and busybox-static.
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import type { RealOptions, RealOutcome } from './real-networks.ts';

async function attached(options: (folder: string) => Omit<RealOptions, 'folder'>) {
  using folder = temporaryFolder();
  await using network = await NetworkNamespace.make();
  const module = new URL('./real-networks.ts', import.meta.url).href;
  return await network.call<RealOutcome>(module, 'attachedAndDetached', {
    folder: folder.path,
    ...options(folder.path),
  });
}

const bridge = (folder: string) => ({
  type: 'bridge',
  bridge: 'cnbr0',
  isGateway: true,
  ipMasq: true,
  ipam: {
    type: 'host-local',
    dataDir: `${folder}/ipam`,
    subnet: '10.66.0.0/16',
    rangeStart: '10.66.0.10',
    routes: [{ dst: '0.0.0.0/0' }],
  },
});
const addressOf = (outcome: RealOutcome, id: string) =>
  outcome.infos[id]?.flatMap(({ ip_addresses = [] }) => ip_addresses.map((ip) => ip.ip_address));

describe.runIf(canMakeNetworks)('real plugins', () => {
  test.each([['0.1.0'], ['0.2.0'], ['0.3.0'], ['0.3.1'], ['0.4.0'], ['1.0.0']])(
    'attach containers to a bridge in version %s',
    async (cniVersion) => {
      const outcome = await attached((folder) => ({
        networks: [{ cniVersion, name: 'net1', ...bridge(folder) }],
        containers: { c1: [{ name: 'net1' }], c2: [{ name: 'net1' }] },
        looks: ['inside c1 ip -o -4 addr show eth0', 'inside c2 busybox ping -c 1 -w 5 10.66.0.10'],
        looksAfter: ['inside c1 ip -brief link', 'iptables-save -t nat'],
      }));
      expect(addressOf(outcome, 'c1')).toEqual(['10.66.0.10']);
      expect(addressOf(outcome, 'c2')).toEqual(['10.66.0.11']);
      expect(outcome.looks[0]).toContain(' inet 10.66.0.10/16 ');
      expect(outcome.looks[1]).toContain(' 0% packet loss');
      expect(outcome.reserved).toEqual(['10.66.0.10', '10.66.0.11']);
      expect(outcome).toMatchObject({ reservedAfter: [], checkFailures: 0, warnings: [] });
      expect(outcome.looksAfter[0]).not.toContain('eth0');
      expect(outcome.looksAfter[1]).not.toContain('10.66.0.1');
    },
  );
});
