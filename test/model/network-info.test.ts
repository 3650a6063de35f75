// What a NetworkInfo may say, and addresses as text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContainerInfo_Type, type NetworkInfo } from '../../src/model/generated/messages.ts';
import { ipFamily, ipv4Number, ipv4Text } from '../../src/model/ip-address.ts';
import { containerError } from '../../src/model/launch-validation.ts';
import { networkInfoError } from '../../src/model/network-info.ts';

test.each<[string, NetworkInfo]>([
  ['nothing', {}],
  ['a name', { name: 'Net-1.a_b' }],
  ['an address of no value, as frameworks ask for any', { ip_addresses: [{ ip_address: '' }, {}] }],
  [
    'ports',
    {
      port_mappings: [
        { host_port: 1, container_port: 65_535 },
        { host_port: 31_000, container_port: 53, protocol: 'UDP' },
      ],
    },
  ],
])('what can be is no error: %s', (_, info) => {
  expect(networkInfoError(info)).toBeUndefined();
});

const NAMES =
  "expected at most 255 letters, digits, '_', '.' and '-', of which the first is a letter or a digit";

test.each<[string, NetworkInfo]>([
  [`'' is not the name of a network: ${NAMES}`, { name: '' }],
  [`'..' is not the name of a network: ${NAMES}`, { name: '..' }],
  [`'../../etc' is not the name of a network: ${NAMES}`, { name: '../../etc' }],
  [`'a\\u0000b' is not the name of a network: ${NAMES}`, { name: 'a\0b' }],
  [`'${'n'.repeat(64)}…' is not the name of a network: ${NAMES}`, { name: 'n'.repeat(10_000) }],
  ["expected an IP address, not '10.0.0.256'", { ip_addresses: [{ ip_address: '10.0.0.256' }] }],
  [
    "expected an IP address, not 'fe80::1%eth0'",
    { ip_addresses: [{ ip_address: 'fe80::1%eth0' }] },
  ],
  [
    'the ports of a port mapping are from 1 to 65535, and not 65536',
    { port_mappings: [{ host_port: 1, container_port: 65_536 }] },
  ],
  [
    'the ports of a port mapping are from 1 to 65535, and not 0',
    { port_mappings: [{ host_port: 0, container_port: 80 }] },
  ],
  [
    'it has 1001 labels: at most 1000 are expected',
    { labels: { labels: Array.from({ length: 1_001 }, (_, at) => ({ key: `k${at}` })) } },
  ],
  [
    'it has 1001 groups: at most 1000 are expected',
    { groups: Array.from({ length: 1_001 }, () => 'g') },
  ],
  [
    "the protocol of a port mapping is one of tcp, udp, sctp, and not 'icmp'",
    { port_mappings: [{ host_port: 1, container_port: 2, protocol: 'icmp' }] },
  ],
])('%s', (error, info) => {
  expect(networkInfoError(info)).toBe(error);
  expect(containerError({ type: ContainerInfo_Type.MESOS, network_infos: [{}, info] })).toBe(
    `Invalid network: ${error}`,
  );
});

test('a text is an address, of one family or the other', () => {
  fc.assert(fc.property(fc.ipV4(), (text) => ipFamily(text) === 4));
  fc.assert(fc.property(fc.ipV6(), (text) => ipFamily(text) === 6));
});

test.each([
  '',
  ' ',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.4 ',
  '1.2.3.-4',
  ':',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '1:2:3:4:5:6:7::8',
  '12345::',
  '::g',
  '1.2.3.4::',
  '::1.2.3.256',
  'localhost',
])('%j is no address', (text) => {
  expect(ipFamily(text)).toBeUndefined();
});

test('an address of IPv4 is a number, and back', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      expect(ipv4Text(ipv4Number(text) ?? 0)).toBe(text);
    }),
  );
  expect(ipv4Number('255.255.255.255')).toBe(2 ** 32 - 1);
});
