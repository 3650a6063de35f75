import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../../src/containerizer/images/formats/fields.ts';
import { networkListIn } from '../../../../src/containerizer/networks/cni/configuration.ts';
import {
  ownAddresses,
  resultAs,
  resultIn,
  resultOf,
} from '../../../../src/containerizer/networks/cni/result.ts';
import { WireError } from '../../../../src/wire/wire-error.ts';

const read = (value: unknown, asked: '0.2.0' | '1.0.0' = '1.0.0') =>
  resultIn(Buffer.from(JSON.stringify(value)), asked);
const DNS = { nameservers: ['10.1.0.1'], domain: 'd', search: ['s'], options: ['ndots:3'] };

/** The same, as plugins of each age say it. */
const PAIR = {
  ip4: {
    ip: '10.1.0.5/16',
    gateway: '10.1.0.1',
    routes: [{ dst: '0.0.0.0/0' }, { dst: '10.9.0.0/16', gw: '10.1.0.9' }],
  },
  ip6: { ip: 'fd00::5/64', routes: [{ dst: '::/0', gw: 'fd00::1' }] },
  dns: DNS,
};
const ROUTES = [...PAIR.ip4.routes, ...PAIR.ip6.routes];
const LISTED = {
  ips: [
    { version: '4', address: '10.1.0.5/16', gateway: '10.1.0.1' },
    { version: '6', address: 'fd00::5/64' },
  ],
  routes: ROUTES,
  dns: DNS,
};
const PLAIN = { ...LISTED, ips: LISTED.ips.map(({ version: _, ...ip }) => ip) };
const FORMS = {
  '0.1.0': PAIR,
  '0.2.0': PAIR,
  '0.3.0': LISTED,
  '0.3.1': LISTED,
  '0.4.0': LISTED,
  '1.0.0': PLAIN,
  '1.1.0': PLAIN,
} as const;
const VERSIONS = Object.keys(FORMS) as (keyof typeof FORMS)[];

describe.each(VERSIONS)('a result of version %s', (cniVersion) => {
  const result = read({ cniVersion, ...FORMS[cniVersion] });

  test('is read', () => {
    expect(result).toMatchObject({
      cniVersion,
      ips: [
        { protocol: 'IPv4', address: '10.1.0.5', prefix: 16, gateway: '10.1.0.1' },
        { protocol: 'IPv6', address: 'fd00::5', prefix: 64 },
      ],
      routes: ROUTES,
      dns: DNS,
    });
  });

  test.each(VERSIONS)('is told to a plugin of version %s', (other) => {
    expect(resultAs(result, other)).toEqual({ cniVersion: other, ...FORMS[other] });
  });
});

test('what is told in another version says the same there', () => {
  const address = fc.oneof(
    fc.tuple(fc.ipV4(), fc.nat(32)).map(([ip, bits]) => ({ address: `${ip}/${bits}` })),
    fc.tuple(fc.ipV6(), fc.nat(128)).map(([ip, bits]) => ({ address: `${ip}/${bits}` })),
  );
  const listed = fc.constantFrom(...VERSIONS.slice(2));
  fc.assert(
    fc.property(fc.array(address, { maxLength: 8 }), listed, listed, (ips, one, other) => {
      const first = resultOf({ cniVersion: one, ips, interfaces: [{ name: 'eth0' }] }, one);
      const second = resultOf(resultAs(first, other), one);
      expect(second.ips).toEqual(first.ips);
      expect(second.interfaces).toEqual(first.interfaces);
      expect(resultOf(resultAs(second, one), other).ips).toEqual(first.ips);
    }),
  );
});

test('whatever plugins and files say is read, or refused by what is wrong with it', () => {
  const keys = ['name', 'type', 'plugins', 'cniVersion', 'ips', 'ip4', 'dns', 'address', 'ipam'];
  const texts = ['1.0.0', '0.2.0', 'bridge', '10.0.0.1/8', '..'];
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...texts, null, 0, -1, true),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('json')),
    ),
  }));
  const reads = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      expect(error).toSatisfy((it) => it instanceof FormatError || it instanceof WireError);
    }
  };
  fc.assert(
    fc.property(json, (value) => {
      const bytes = Buffer.from(JSON.stringify(value));
      reads(() => networkListIn(bytes));
      for (const version of VERSIONS) {
        reads(() => VERSIONS.map((other) => resultAs(resultIn(bytes, version), other)));
      }
    }),
  );
});

test('a result without a version is of that of the request, and of its own otherwise', () => {
  expect(read(PAIR, '0.2.0').ips).toHaveLength(2);
  expect(read(PAIR).ips).toEqual([]);
  expect(read({ cniVersion: '0.3.1', ...LISTED }, '0.2.0').ips).toHaveLength(2);
  expect(read({ ...PLAIN, ips: null, routes: null, dns: null }).ips).toEqual([]);
});

test('the addresses of links on the machine are not those of the container', () => {
  const interfaces = [{ name: 'br0' }, { name: 'veth1', sandbox: '' }, { sandbox: '/run/ns' }];
  const at = (address: string, link?: number) => ({ address, interface: link });
  const result = read({
    interfaces,
    ips: [at('fd00::1/64', 2), at('10.0.0.1/8', 0), at('10.0.0.2/8', 1), at('10.0.0.3/8')],
  });
  expect(ownAddresses(result).map(({ address }) => address)).toEqual(['10.0.0.3', 'fd00::1']);
});

test.each([
  ['not json', 'syntax error at line 1 near: ot json'],
  ['[]', "'the result' must be an object"],
  ['{"cniVersion":"3.0.0"}', "one of 0.1.0 to 1.1.0: '3.0.0'"],
  ['{"ips":{}}', "'ips' must be a list"],
  ['{"ips":[{}]}', "'ips[0].address' must be a string"],
  ['{"ips":[{"address":"10.0.0.1"}]}', 'an address with its prefix'],
  ['{"ips":[{"address":"10.0.0.1/33"}]}', 'an address with its prefix'],
  ['{"ips":[{"address":"10.0.0.1/8/8"}]}', 'an address with its prefix'],
  ['{"ips":[{"address":"host/8"}]}', 'an address with its prefix'],
  ['{"ips":[{"address":"::1/8","interface":1.5}]}', 'the number of an interface'],
  ['{"ips":[{"address":"::1/8","interface":1e400}]}', 'a number that is too large'],
  ['{"routes":[{}]}', "'routes[0].dst' must be a string"],
  ['{"dns":{"nameservers":["10.0.0.1\\noptions x"]}}', "'dns.nameservers' must be without blanks"],
  ['{"dns":{"nameservers":"10.0.0.1"}}', "'dns.nameservers' must be a list"],
  [JSON.stringify({ ips: Array(65).fill({ address: '::1/8' }) }), '65 addresses'],
])('%s is refused', (text, why) => {
  expect(() => resultIn(Buffer.from(text), '1.0.0')).toThrow(why);
});
