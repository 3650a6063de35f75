// Ordinary requests of a client that does not wait for responses.
import { describe, expect, test } from 'vitest';
import { openPort } from './open-port.ts';
import { count, RawSocket } from './raw-socket.ts';

const ANSWER = 'x'.repeat(1_000_000);

/** A server that answers each request with a megabyte, and remembers the requests. */
async function start() {
  const begun: string[] = [];
  const { listener } = await openPort({
    receive: () => true,
    handler: (request, response) => {
      begun.push(request.url ?? '');
      response.end(request.url?.includes('/api/v1/') ? '.' : ANSWER);
    },
  });
  return { begun, listener, port: listener.address.port };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const numbers = (length: number) => Array.from({ length }, (_, i) => i);

describe('requests that do not wait for answers', () => {
  test('wait for their reader: no answer is begun before the one before it was taken', async () => {
    const { begun, port } = await start();
    const raw = await RawSocket.connect(port);
    raw.socket.pause();
    await raw.write(
      numbers(3_000)
        .map((i) => get(`/${i}`))
        .join(''),
    );
    const other = await RawSocket.connect(port);
    await other.write(get('/other'));
    await other.until((text) => text.endsWith(ANSWER));
    // Without a reader the system takes a few megabytes.
    expect(begun.length).toBeLessThan(20);
    raw.close();
    other.close();
  });

  test('are answered, all of them, in order', async () => {
    const { begun, port } = await start();
    const raw = await RawSocket.connect(port);
    await raw.write(
      numbers(20)
        .map((i) => get(`/${i}`))
        .join(''),
    );
    await raw.until((text) => text.length > 20_000_000 && count(text, 'HTTP/1.1 200') === 20);
    expect(begun).toEqual(numbers(20).map((i) => `/${i}`));
    raw.close();
  });

  test('overlap where they are calls of frameworks and executors, with short answers', async () => {
    const { begun, port } = await start();
    const raw = await RawSocket.connect(port);
    const call = (i: number) =>
      `POST /api/v1/executor?${i} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`;
    const calls = numbers(4_000);
    await raw.write(get('/first') + calls.map(call).join('') + get('/last'));
    await raw.until((text) => count(text, 'HTTP/1.1 200') === 4_002 && text.endsWith(ANSWER));
    const paths = calls.map((i) => `/api/v1/executor?${i}`);
    expect(begun).toEqual(['/first', ...paths, '/last']);
    raw.close();
  });

  test('of many clients do not keep a client waiting that has one request', async () => {
    const { begun, listener, port } = await start();
    const many = await Promise.all(numbers(60).map(() => RawSocket.connect(port)));
    const asker = await RawSocket.connect(port);
    while (listener.connections < many.length + 1) {
      await new Promise(setImmediate);
    }
    for (const [index, raw] of many.entries()) {
      raw.socket.write(
        numbers(1_000)
          .map((i) => get(`/${index}/${i}`))
          .join(''),
      );
    }
    asker.socket.write(get('/asker'));
    await asker.until((text) => text.includes('HTTP/1.1 200'));
    expect(begun.indexOf('/asker')).toBeGreaterThanOrEqual(0);
    expect(begun.indexOf('/asker')).toBeLessThan(many.length / 2);
    for (const raw of [...many, asker]) {
      raw.close();
    }
  });

  test('are forgotten with their connection', async () => {
    const { begun, port } = await start();
    for (let round = 0; round < 5; round++) {
      const raw = await RawSocket.connect(port);
      raw.socket.pause();
      await raw.write(
        numbers(1_000)
          .map((i) => get(`/${i}`))
          .join(''),
      );
      raw.close();
    }
    const raw = await RawSocket.connect(port);
    await raw.write(get('/again'));
    await raw.until((text) => text.endsWith(ANSWER));
    expect(begun.at(-1)).toBe('/again');
    raw.close();
  });
});
