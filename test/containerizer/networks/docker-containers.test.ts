// Containers of type DOCKER in networks of their own, by real plugins and an OCI runtime. This
// needs root.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NetworkInfo_Protocol } from '../../../src/model/generated/messages.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { canMakeNetworks, NetworkNamespace } from '../../support/network-namespace.ts';
import type { Bridged, Named } from './docker-world.ts';

const world = new URL('docker-world.ts', import.meta.url).href;

describe.runIf(canMakeNetworks)('a container of type DOCKER', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let network: NetworkNamespace;
  beforeEach(async () => {
    folder = temporaryFolder();
    network = await NetworkNamespace.make();
    // The file is that of a machine with its own server of names, and one that others reach, which
    // is among docker's usual addresses.
    await network.shell(`
      mount -t tmpfs none /run
      printf 'search lan\\nnameserver 127.0.0.1\\nnameserver 172.17.0.53\\n' > /run/resolv.conf
      mount --bind /run/resolv.conf /etc/resolv.conf
    `);
  });
  afterEach(async () => {
    await network[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test('in BRIDGE is reached by its address, and by ports of the machine', async () => {
    const found = await network.call<Bridged>(world, 'bridged', folder.path);
    expect(found).toMatchObject({
      inspected: {
        NetworkSettings: {
          IPAddress: '172.18.0.2',
          Ports: { '80/tcp': [{ HostPort: '31000' }] },
        },
      },
      served: { byAddress: 'hello\n', byPort: 'hello\n' },
      client:
        'Container exited with status 0\nhello\n10.0.0.7\tdb\n172.18.0.3\tclient\nclient\n' +
        'search lan\nnameserver 172.17.0.53\neth0\nlo\n',
      loopback: expect.stringContaining('none'),
      second: expect.stringContaining('host port 31000/tcp is mapped to container'),
      taken: expect.stringContaining('a program of the machine listens on port 31001/tcp'),
      during: { links: 1, leases: 1 },
      after: { links: 0, leases: 0, rules: 0 },
    });
    expect(found.networks).toEqual([
      { ip_addresses: [{ protocol: NetworkInfo_Protocol.IPv4, ip_address: '172.18.0.2' }] },
    ]);
    expect(found.during.rules).toBeGreaterThan(0);
  });

  test('hands its port on to the next one as soon as its end is told', async () => {
    const ends = await network.call<readonly string[]>(world, 'handedOn', folder.path);
    expect(ends).toEqual(ends.map(() => 'Container exited with status 0'));
  });

  test('in USER is in the network of that name, by the address that it asks for', async () => {
    const { asked, unknown, unmapped } = await network.call<Named>(world, 'named', folder.path);
    expect(asked).toContain('inet 10.66.0.77/24');
    expect(unknown).toContain("Unknown CNI network 'other'");
    expect(unmapped).toContain("CNI network 'mine' maps no ports");
  });
});
