// What the program ip says of the machine's network.
import { expect, test } from 'vitest';
import { missingFeatures } from '../../../../src/containerizer/networks/port-mapping/kernel-features.ts';
import { machineLinks } from '../../../../src/containerizer/networks/port-mapping/machine-facts.ts';

const LO =
  '{"ifindex":1,"ifname":"lo","mtu":65536,"address":"00:00:00:00:00:00",' +
  '"addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8}]}';
const ENS3 =
  '{"ifindex":2,"ifname":"ens3","mtu":9000,"address":"02:00:0a:00:00:05",' +
  '"addr_info":[{"family":"inet6","local":"fe80::1","prefixlen":64},' +
  '{"family":"inet","local":"10.0.0.5","prefixlen":20}]}';
const BARE =
  '{"ifindex":3,"ifname":"ens4","mtu":1500,"address":"02:00:0a:00:00:06","addr_info":[]}';
const ROUTES = '[{"dst":"default","gateway":"10.0.0.1","dev":"ens3","flags":[]}]';
const ALL = `${ROUTES}\n[${LO},${ENS3},${BARE}]\n`;
const found = { eth0: undefined, lo: undefined };

test('the public link is that of the default route', () => {
  expect(machineLinks(ALL, found)).toEqual({
    eth0: 'ens3',
    lo: 'lo',
    mac: '02:00:0a:00:00:05',
    mtu: 9000,
    ip: '10.0.0.5',
    prefix: 20,
    gateway: '10.0.0.1',
    isLoAlike: false,
  });
});

test.each([
  ['no default route', `[]\n[${LO},${ENS3}]\n`, found, 'does not have a public interface'],
  ['one to a link only', `[{"dev":"ens3"}]\n[${LO},${ENS3}]\n`, found, 'has a gateway by ens3'],
  ['a link that is not there', ALL, { ...found, eth0: 'eth9' }, 'interface eth9 does not exist'],
  ['a loopback that is not there', ALL, { ...found, lo: 'lo9' }, 'interface lo9 does not exist'],
  ['no address', ALL, { ...found, eth0: 'ens4' }, 'does not have an IPv4 network'],
  ['a name with words', ALL, { ...found, eth0: "a'b" }, 'has more than letters, digits'],
])('refused: %s', (_, output, names, text) => {
  expect(() => machineLinks(output, names)).toThrow(text);
});

test('what the kernel lacks is told by the lines that fail', () => {
  const output =
    'no veth\nError: TC classifier not found.\nWe have an error talking to the kernel\n' +
    'Command failed -:2\nError: Specified qdisc kind is unknown.\nCommand failed -:4\n';
  expect([...missingFeatures(output)]).toEqual([
    'links of type veth',
    'filters of kind u32',
    'the queueing discipline fq_codel',
  ]);
  expect([...missingFeatures('')]).toEqual([]);
});
