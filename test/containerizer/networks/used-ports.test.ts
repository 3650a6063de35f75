// Which ports of the machine its programs use.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { usedPorts } from '../../../src/containerizer/networks/used-ports.ts';

test('one on which a program listens over TCP, as long as it does', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect((await usedPorts('tcp')).has(port)).toBe(true);
  expect((await usedPorts('sctp')).size).toBe(0);
  server.close();
  await once(server, 'close');
  expect((await usedPorts('tcp')).has(port)).toBe(false);
});

test.each([
  ['udp4', '127.0.0.1'],
  ['udp6', '::1'],
] as const)('one at which a program takes what anybody sends over %s', async (type, host) => {
  const open = createSocket(type).bind(0, host);
  await once(open, 'listening');
  const { port } = open.address();
  // What is connected hears nobody else.
  const connected = createSocket(type);
  connected.connect(port, host);
  await once(connected, 'connect');
  const used = await usedPorts('udp');
  expect(used.has(port)).toBe(true);
  expect(used.has(connected.address().port)).toBe(false);
  open.close();
  connected.close();
});
