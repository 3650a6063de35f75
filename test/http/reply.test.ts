// Responses that clients do not take: the memory they occupy is counted.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { Firewall } from '../../src/http/server/firewall.ts';
import { createRouter } from '../../src/http/server/router.ts';
import { held } from '../../src/http/transport/held-bytes.ts';

const MB = 1_000_000;

test('counts a text for each client that does not take it, though others get the same', async () => {
  const text = 'x'.repeat(20 * MB);
  const router = await createRouter({
    prefix: '/master',
    authentication: {},
    firewall: new Firewall('/master', []),
    endpoints: [{ path: '/text', delegate: false, handle: () => ({ status: 200, body: text }) }],
    onError: (error) => {
      throw error;
    },
  });
  const server = createServer(router).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const before = held.total;
  const clients = [1, 2, 3].map(() => {
    const client = connect(port, '127.0.0.1');
    client.write('GET /text HTTP/1.1\r\nHost: x\r\n\r\n');
    return client;
  });
  // Each client sees the beginning of its response, and takes no more.
  await Promise.all(clients.map((client) => once(client, 'readable')));
  expect(held.total - before).toBe(3 * text.length);
  for (const client of clients) {
    client.destroy();
  }
  while (held.total > before) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  server.close();
});

test('an endpoint that fails in the midst of its answer leaves nobody waiting', async () => {
  const errors: Error[] = [];
  const router = await createRouter({
    prefix: '/master',
    authentication: {},
    firewall: new Firewall('/master', []),
    endpoints: [
      {
        path: '/odd',
        delegate: false,
        handle: async ({ hijack }) => {
          hijack().writeHead(99);
          return undefined;
        },
      },
    ],
    onError: (error) => errors.push(error),
  });
  const server = createServer(router).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET /odd HTTP/1.1\r\nHost: x\r\n\r\n');
  client.resume();
  await once(client, 'close');
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('status code')]);
  server.close();
});

test('bytes that are no HTTP close the connection, and that is no error of ours', async () => {
  const errors: Error[] = [];
  const { promise: handled, resolve } = Promise.withResolvers<void>();
  const router = await createRouter({
    prefix: '/master',
    authentication: {},
    firewall: new Firewall('/master', []),
    endpoints: [
      {
        path: '/pieces',
        delegate: false,
        // The server has closed the connection by the time at which the response begins.
        handle: async ({ isGone }) => {
          while (!isGone()) {
            await new Promise((next) => setImmediate(next));
          }
          setImmediate(() => setImmediate(resolve));
          return { status: 200, body: [Buffer.from('{}')] };
        },
      },
    ],
    onError: (error) => errors.push(error),
  });
  const server = createServer(router).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  const head = 'POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n';
  client.write(head + '['.repeat(20_100));
  client.resume();
  await handled;
  client.destroy();
  server.close();
  await once(server, 'close');
  expect(errors).toEqual([]);
});
