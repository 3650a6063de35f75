// Which addresses the network of containers of type DOCKER takes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  freeSubnet,
  routesIn,
  subnetIn,
  subnetText,
} from '../../../src/containerizer/networks/docker/subnets.ts';

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
const line = (link: string, destination: string, mask: string) =>
  `${link}\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0   `;
const table = (...lines: string[]) => routesIn([HEAD, ...lines, ''].join('\n'));

test('routes are read as the kernel writes them, but for the one to everywhere', () => {
  const routes = table(
    line('eth0', '00000000', '00000000'),
    line('eth0', '000200C0', '00FFFFFF'),
    line('docker0', '000011AC', '0000FFFF'),
    line('tun0', '01000A0A', 'FFFFFFFF'),
  );
  expect(routes.map(({ link, ...subnet }) => [link, subnetText(subnet)])).toEqual([
    ['eth0', '192.0.2.0/24'],
    ['docker0', '172.17.0.0/16'],
    ['tun0', '10.10.0.1/32'],
  ]);
  expect(table()).toEqual([]);
});

const routeTo = (text: string, link = 'eth1') => ({ ...subnetOf(text), link });

function subnetOf(text: string) {
  const subnet = subnetIn(text);
  if (subnet === undefined) {
    throw new Error(text);
  }
  return subnet;
}

const free = (...routes: { link: string; first: number; bits: number }[]) => {
  const found = freeSubnet(routes, 'own0');
  return found && subnetText(found);
};

describe('the network is', () => {
  test("docker's first one where that is free", () => {
    expect(free(routeTo('192.0.2.0/24'))).toBe('172.17.0.0/16');
  });

  test('the next one where a part of it, or more than it, is in use', () => {
    expect(free(routeTo('172.17.42.1/32'))).toBe('172.18.0.0/16');
    expect(free(routeTo('172.16.0.0/13'))).toBe('172.24.0.0/16');
  });

  test('nowhere, where all are in use', () => {
    expect(free(routeTo('172.16.0.0/12'))).toBeUndefined();
  });

  test('where the bridge has it already', () => {
    expect(free(routeTo('172.17.0.0/16'), routeTo('172.19.0.0/16', 'own0'))).toBe('172.19.0.0/16');
  });

  test('one without an address that a route leads to', () => {
    const route = fc
      .tuple(fc.nat(2 ** 20), fc.integer({ min: 12, max: 32 }))
      .map(([offset, bits]) => {
        const size = 2 ** (32 - bits);
        const first = 0xac_10_00_00 + offset;
        return { link: 'eth1', first: first - (first % size), bits };
      });
    fc.assert(
      fc.property(fc.array(route, { maxLength: 20 }), (routes) => {
        const found = freeSubnet(routes, 'own0');
        const last = (found?.first ?? 0) + 2 ** 16;
        return (
          found === undefined ||
          routes.every((it) => it.first >= last || it.first + 2 ** (32 - it.bits) <= found.first)
        );
      }),
    );
  });
});

test.each(['10.0.0.0', '10.0.0.1/8', '10.0.0.0/33', '10.0.0/8', 'fd00::/8', 'a/8', ''])(
  '%j is no subnet',
  (text) => {
    expect(subnetIn(text)).toBeUndefined();
  },
);
