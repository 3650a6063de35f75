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
  test.each([['0.2.0'], ['0.3.1'], ['0.4.0'], ['1.0.0'], ['1.1.0']])(
    'attach containers to a bridge in version %s, or the highest of their own',
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

  /** Asks the machine's own address for what a server in the container says on port 80. */
  const ASK =
    'for n in $(seq 100); do busybox nc -w 5 10.66.0.1 31001 < /dev/null && break; sleep 0.05; done';
  const SERVE =
    'until nsenter --net=c1 true 2>/dev/null; do sleep 0.01; done;' +
    ' exec nsenter --net=c1 busybox nc -ll -p 80 -e echo served';
  const PORTS = [{ host_port: 31_001, container_port: 80 }];

  test('of a chain are all run, and what they set and limit is gone in the end', async () => {
    const outcome = await attached((folder) => ({
      networks: [
        {
          ...{ cniVersion: '1.0.0', name: 'chain' },
          plugins: [
            bridge(folder),
            { type: 'tuning', sysctl: { 'net.core.somaxconn': '500' }, mtu: 1400 },
            { type: 'bandwidth', ...limits('ingress'), ...limits('egress') },
            { type: 'firewall' },
          ],
        },
      ],
      containers: { c1: [{ name: 'chain' }] },
      looks: [
        'inside c1 cat /proc/sys/net/core/somaxconn /sys/class/net/eth0/mtu',
        'tc qdisc show',
        'iptables-save',
      ],
      looksAfter: ['tc qdisc show', 'iptables-save'],
    }));
    const [settings, limited, rules] = outcome.looks;
    expect(settings).toBe('500\n1400\n');
    expect(limited?.match(/qdisc tbf/g)).toHaveLength(2);
    expect(rules).toMatch(/CNI-FORWARD -s 10.66.0.10/);
    expect(outcome).toMatchObject({ checkFailures: 0, reservedAfter: [], warnings: [] });
    expect(outcome.looksAfter.join()).not.toMatch(/10\.66\.0\.10|tbf/);
  });

  test.each([['0.3.1'], [undefined]])(
    'stand in for the port mapper of Mesos, in version %s',
    async (cniVersion) => {
      const outcome = await attached((folder) => ({
        networks: [
          {
            ...{ name: 'mapped', type: 'mesos-cni-port-mapper', cniVersion },
            ...{ excludeDevices: ['cnbr0'], chain: 'MESOS-TEST', delegate: bridge(folder) },
          },
        ],
        containers: { c1: [{ name: 'mapped', port_mappings: PORTS }] },
        servers: [SERVE],
        looks: [ASK, 'iptables-save -t nat'],
        looksAfter: ['iptables-save -t nat'],
      }));
      expect(outcome.looks[0]).toBe('served\n');
      expect(outcome.looks[1]).toMatch(/--dports? 31001 ! -i cnbr0|! -i cnbr0 .*--dports? 31001/);
      expect(outcome.looks[1]).toContain('--to-destination 10.66.0.10:80');
      expect(outcome.looksAfter[0]).not.toContain('10.66.0.10');
      expect(outcome.warnings).toEqual([expect.stringContaining("instead of 'MESOS-TEST'")]);
    },
  );

  test('give an address that was asked for, and one of a network without addresses of its own', async () => {
    const outcome = await attached((folder) => ({
      networks: [
        { cniVersion: '1.0.0', name: 'net1', ...bridge(folder), capabilities: { ips: true } },
        {
          ...{ cniVersion: '1.0.0', name: 'net2', type: 'macvlan', master: 'cnbr0' },
          ipam: { type: 'static', addresses: [{ address: 'fd00:66::5/64' }] },
        },
        { cniVersion: '1.0.0', name: 'self', type: 'loopback' },
      ],
      containers: {
        c1: [
          { name: 'net1', ip_addresses: [{ ip_address: '10.66.7.7' }] },
          { name: 'net2' },
          { name: 'self' },
        ],
      },
      looks: ['inside c1 ip -brief addr'],
    }));
    expect(outcome.infos.c1).toEqual([
      { name: 'net1', ip_addresses: [{ protocol: 1, ip_address: '10.66.7.7' }] },
      { name: 'net2', ip_addresses: [{ protocol: 2, ip_address: 'fd00:66::5' }] },
      {
        name: 'self',
        ip_addresses: [
          { protocol: 1, ip_address: '127.0.0.1' },
          { protocol: 2, ip_address: '::1' },
        ],
      },
    ]);
    expect(outcome.looks[0]).toMatch(/eth0@.* 10\.66\.7\.7\/16/);
    expect(outcome.looks[0]).toMatch(/eth1@.* fd00:66::5\/64/);
  });

  test('give addresses back after the machine has started anew', async () => {
    const outcome = await attached((folder) => ({
      networks: [
        {
          ...{ cniVersion: '1.0.0', name: 'net1' },
          plugins: [bridge(folder), { type: 'portmap', capabilities: { portMappings: true } }],
        },
      ],
      containers: { c1: [{ name: 'net1', port_mappings: PORTS }] },
      looks: [],
      isRebooted: true,
    }));
    expect(outcome).toMatchObject({ reserved: ['10.66.0.10'], reservedAfter: [] });
  });

  test('find that something is missing', async () => {
    const outcome = await attached((folder) => ({
      networks: [{ cniVersion: '1.0.0', name: 'net1', ...bridge(folder) }],
      containers: { c1: [{ name: 'net1' }] },
      looks: ['inside c1 ip addr flush dev eth0'],
    }));
    expect(outcome.checkFailures).toBe(1);
    expect(outcome.warnings).toEqual([
      expect.stringMatching(
        /'\/usr\/lib\/cni\/bridge' failed to check container .* 'net1': stdout='{/,
      ),
    ]);
  });
});

const limits = (way: string) => ({ [`${way}Rate`]: 8_000_000, [`${way}Burst`]: 8_000_000 });
