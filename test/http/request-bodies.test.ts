// Bodies of ordinary requests: packed, too large, unfinished, contradictory; and repeated fields.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { type BodyBounds, readBody, refuseUnread } from '../../src/http/server/request-body.ts';
import { RequestRecords } from '../../src/http/server/request-records.ts';
import { HeldBytes } from '../../src/http/transport/held-bytes.ts';
import { startMaster, stopMasters } from './mini-master.ts';
import { RawSocket, statuses } from './raw-socket.ts';

const closing: (() => void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) {
    close();
  }
  await stopMasters();
});

const head = (path: string, fields: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
const HEALTH = '{"type":"GET_HEALTH"}';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const length = (body: { length: number }) => `Content-Length: ${body.length}\r\n`;

/** Whether a response of known length is complete, or the first chunks of another have come. */
function isWhole(text: string): boolean {
  const [answerHead = '', body] = text.split('\r\n\r\n');
  return body !== undefined && body.length >= Number(/length: (\d+)/i.exec(answerHead)?.[1] ?? 1);
}

/** The response, to the end of the connection or of the first response. */
async function ask(port: number, ...bytes: (string | Buffer)[]): Promise<string> {
  const raw = await RawSocket.connect(port);
  for (const piece of bytes) {
    await raw.write(piece);
  }
  const text = await raw.until(isWhole);
  raw.close();
  return text;
}

describe('a body', () => {
  test('may be packed with gzip', async () => {
    const { port } = await startMaster();
    const packed = gzipSync(HEALTH);
    for (const name of ['gzip', 'GZIP', 'x-gzip']) {
      const fields = `${JSON_TYPE}Content-Encoding: ${name}\r\n${length(packed)}`;
      expect(await ask(port, head('/api/v1', fields), packed)).toContain('"healthy":true');
    }
  });

  test('may be packed in the calls of a scheduler, and in chunks', async () => {
    const { port } = await startMaster();
    const packed = gzipSync('{"framework_id":{"value":"f"},"type":"REVIVE"}');
    const fields =
      `${JSON_TYPE}Mesos-Stream-Id: a\r\nContent-Encoding: gzip\r\n` +
      'Transfer-Encoding: chunked\r\n';
    const text = await ask(
      port,
      head('/api/v1/scheduler', fields),
      `${packed.length.toString(16)}\r\n`,
      packed,
      '\r\n0\r\n\r\n',
    );
    expect(statuses(text)).toEqual([202]);
  });

  test('that is not packed as it says, or not to its end, is refused', async () => {
    const { port } = await startMaster();
    for (const body of [Buffer.from(HEALTH), gzipSync(HEALTH).subarray(0, 20)]) {
      const fields = `${JSON_TYPE}Content-Encoding: gzip\r\n${length(body)}`;
      const text = await ask(port, head('/api/v1', fields), body);
      expect(statuses(text)).toEqual([400]);
      expect(text).toContain('Failed to unpack the gzip body');
    }
    const fields = `${JSON_TYPE}Content-Encoding: br\r\n${length(HEALTH)}`;
    expect(statuses(await ask(port, head('/api/v1', fields), HEALTH))).toEqual([415]);
  });

  test('may not unpack to more than a body may have', async () => {
    const { port } = await startMaster();
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const fields = `${JSON_TYPE}Content-Encoding: gzip\r\n${length(bomb)}`;
    const text = await ask(port, head('/api/v1', fields), bomb);
    expect(statuses(text)).toEqual([413]);
    expect(text).toContain('A body may have at most 16777216 bytes.');
  });

  test('that is announced too large is refused before it comes', async () => {
    const { port } = await startMaster();
    for (const path of ['/api/v1', '/api/v1/scheduler', '/machine/down']) {
      const fields = `${JSON_TYPE}Content-Length: 16777217\r\n`;
      expect(statuses(await ask(port, head(path, fields)))).toEqual([413]);
    }
    const message = 'Libprocess-From: a@1.2.3.4:5\r\nContent-Length: 67108865\r\n';
    expect(statuses(await ask(port, head('/master/x', message)))).toEqual([413]);
    const call = `${JSON_TYPE}Mesos-Stream-Id: a\r\nTransfer-Encoding: chunked\r\n`;
    expect(statuses(await ask(port, head('/api/v1/scheduler', call), 'fffffff\r\n'))).toEqual([
      413,
    ]);
  });

  test('is told from its head in one way only', async () => {
    const { port } = await startMaster();
    const both = 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n';
    const rows = [
      head('/api/v1', `${JSON_TYPE}${both}`),
      head('/api/v1', `${JSON_TYPE}Content-Length: 3\r\nContent-Length: 4\r\n`),
      head('/api/v1', `${JSON_TYPE}Content-Length: +3\r\n`),
      head('/api/v1', `${JSON_TYPE}Transfer-Encoding: gzip, chunked\r\n`),
      head('/master/x', `Libprocess-From: a@1.2.3.4:5\r\n${both}`),
      head('/master/x', 'Libprocess-From : a@1.2.3.4:5\r\n'),
      head('/master/x', 'Libprocess-From: a@1.2.3.4:5\r\n X: y\r\n'),
    ];
    for (const row of rows) {
      const text = await ask(port, row);
      expect(statuses(text)).toEqual([400]);
      expect(text).toContain('Connection: close');
    }
    expect(statuses(await ask(port, head('/api/v1', `X: ${'y'.repeat(40_000)}\r\n`)))).toEqual([
      431,
    ]);
  });

  test('whose chunks are broken is refused, after the answers to what came before', async () => {
    const { port } = await startMaster();
    const get = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
    const broken = `${head('/api/v1', `${JSON_TYPE}Transfer-Encoding: chunked\r\n`)}zz\r\n`;
    const message = head('/master/x', 'Libprocess-From: a@1:1\r\nTransfer-Encoding: chunked\r\n');
    for (const bytes of [`${get}${get}${broken}`, `${get}${message}zz\r\n`, `${message}zz\r\n`]) {
      const raw = await RawSocket.connect(port);
      await raw.write(bytes);
      const expected = [...Array.from({ length: bytes.split('GET').length - 1 }, () => 200), 400];
      expect(statuses(await raw.end())).toEqual(expected);
    }
  });

  async function startReader(bounds: BodyBounds) {
    const server = createServer((request, response) => {
      void readBody(request, bounds).then((body) => {
        if (body instanceof Uint8Array) {
          response.end(`got ${body.length}`);
        } else {
          refuseUnread(request, response, body);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  test('that is not finished in time is given up', async () => {
    for (const bounds of [{ stallMs: 30 }, { totalMs: 30 }]) {
      const port = await startReader({ limitBytes: 100, ...bounds });
      const text = await ask(port, head('/', 'Content-Length: 10\r\n'), 'abc');
      expect(statuses(text)).toEqual([408]);
    }
  });

  test('has its first record in time, or is given up', async () => {
    for (const bounds of [{ stallMs: 30 }, { totalMs: 30 }]) {
      const server = createServer(async (request, response) => {
        const records = new RequestRecords(request, { limitBytes: 100, ...bounds });
        const first = await records.next();
        if (typeof first === 'object' && 'status' in first) {
          refuseUnread(request, response, first);
        }
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closing.push(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      const text = await ask(port, head('/', 'Content-Length: 10\r\n'), '3\na');
      expect(statuses(text)).toEqual([408]);
    }
  });

  test('makes room for another where all together hold too much', async () => {
    const port = await startReader({ limitBytes: 10_000, held: new HeldBytes(20_000) });
    const unfinished = await Promise.all([1, 2, 3].map(() => RawSocket.connect(port)));
    for (const raw of unfinished) {
      await raw.write(head('/', 'Content-Length: 10000\r\n') + 'x'.repeat(8_000));
    }
    const [gone] = await Promise.race(
      unfinished.map(async (raw) => [raw, await raw.end()] as const),
    );
    const others = unfinished.filter((raw) => raw !== gone);
    for (const raw of others) {
      await raw.write('x'.repeat(2_000));
      await raw.until((got) => got.includes('got 10000'));
      raw.close();
    }
  });
});

describe('a field that is said twice', () => {
  test('counts as it was said last', async () => {
    const { port } = await startMaster();
    const call = (first: string, second: string) =>
      head('/api/v1', `${JSON_TYPE}${first}${second}${length(HEALTH)}`) + HEALTH;
    const json = 'Accept: application/json\r\n';
    const text = 'Accept: text/plain\r\n';
    expect(statuses(await ask(port, call(text, json)))).toEqual([200]);
    expect(statuses(await ask(port, call(json, text)))).toEqual([406]);
    expect(statuses(await ask(port, call('Content-Type: text/plain\r\n', '')))).toEqual([415]);
    const last = head('/api/v1', `Content-Type: x\r\n${JSON_TYPE}${length(HEALTH)}`) + HEALTH;
    expect(statuses(await ask(port, last))).toEqual([200]);
  });
});

describe('a Content-Type that is none', () => {
  test.each(['', ';', '/', 'a/', ' ; charset=utf-8', 'application/json;'])(
    '%j is not supported',
    async (type) => {
      const { port } = await startMaster();
      for (const path of ['/api/v1', '/api/v1/scheduler', '/master/api/v1']) {
        const fields = `Content-Type:${type}\r\n${length(HEALTH)}`;
        const text = await ask(port, head(path, fields) + HEALTH);
        expect(statuses(text)).toEqual([415]);
        expect(text).toContain("Expecting 'Content-Type' of application/json");
      }
    },
  );
});
