// Where a program listens, and as what it is published, by its flags.
import { expect, test } from 'vitest';
import { FlagError } from '../../src/cli/flags/faults.ts';
import { type AddressFlags, publishedAddress } from '../../src/cli/process/published-address.ts';

const flags = (given: Partial<AddressFlags>): AddressFlags => ({
  ip: undefined,
  ip_discovery_command: undefined,
  advertise_ip: undefined,
  advertise_port: undefined,
  hostname: undefined,
  hostname_lookup: false,
  port: 5050,
  ...given,
});

test('it is published where it listens, by its address, unless flags say otherwise', async () => {
  expect(await publishedAddress(flags({ ip: '127.0.0.1' }))).toEqual({
    listenIp: '127.0.0.1',
    listenPort: 5050,
    ip: '127.0.0.1',
    port: 5050,
    hostname: '127.0.0.1',
  });
  const given = { advertise_ip: '10.1.2.3', advertise_port: 80, hostname: 'front' };
  expect(await publishedAddress(flags({ ip: '127.0.0.1', ...given }))).toEqual({
    listenIp: '127.0.0.1',
    listenPort: 5050,
    ip: '10.1.2.3',
    port: 80,
    hostname: 'front',
  });
});

test('one that listens everywhere is published under an address that others can reach', async () => {
  const { listenIp, ip } = await publishedAddress(flags({}));
  expect(listenIp).toBe('0.0.0.0');
  expect(ip).not.toBe('0.0.0.0');
});

test('an address of the loopback is its own name', async () => {
  const { hostname } = await publishedAddress(flags({ ip: '127.0.0.1', hostname_lookup: true }));
  expect(hostname).toBe('127.0.0.1');
});

test('a command tells the address', async () => {
  const { listenIp, ip } = await publishedAddress(
    flags({ ip_discovery_command: 'echo " 127.0.0.2 "' }),
  );
  expect([listenIp, ip]).toEqual(['127.0.0.2', '127.0.0.2']);
});

test.each<[Partial<AddressFlags>, string | RegExp]>([
  [{ ip: 'localhost' }, "--ip expects an IPv4 address, got 'localhost'"],
  [{ ip: '::1' }, "--ip expects an IPv4 address, got '::1'"],
  [
    { ip: '127.0.0.1', ip_discovery_command: 'echo 127.0.0.1' },
    '--ip and --ip_discovery_command cannot be used together',
  ],
  [{ ip_discovery_command: 'exit 3' }, /^--ip_discovery_command failed: /],
  [
    { ip_discovery_command: 'echo none' },
    "--ip_discovery_command expects a command that prints an IPv4 address, but it prints 'none'",
  ],
  [{ ip_discovery_command: `printf %0300d 0` }, /but it prints '0{77}\.\.\.'$/],
  [{ ip: '127.0.0.1', advertise_ip: 'x' }, "--advertise_ip expects an IPv4 address, got 'x'"],
])('%j is refused', async (given, message) => {
  const refused = publishedAddress(flags(given));
  await expect(refused).rejects.toThrow(FlagError);
  await expect(refused).rejects.toThrow(message);
});

test('two faults are told together', async () => {
  await expect(publishedAddress(flags({ ip: 'a', advertise_ip: 'b' }))).rejects.toThrow(
    "--ip expects an IPv4 address, got 'a'\n--advertise_ip expects an IPv4 address, got 'b'",
  );
});
