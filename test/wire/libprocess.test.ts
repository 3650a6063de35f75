import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeToAgent,
  decodeToMaster,
  encodeInternal,
  encodeLibprocess,
  type InternalName,
  type LibprocessMessage,
  LibprocessReader,
  MAX_BODY_BYTES,
  sniff,
} from '../../src/wire/libprocess.ts';
import { WireError } from '../../src/wire/wire-error.ts';
import { pieces } from './pieces.ts';

const ascii = (text: string) => new TextEncoder().encode(text);
const plain = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

const FROM = 'slave(1)@127.0.0.1:5051';
const MASTER = 'master@127.0.0.1:5050';

function read(...chunks: Uint8Array[]): LibprocessMessage[] {
  const reader = new LibprocessReader();
  const messages = chunks.flatMap((chunk) => reader.push(chunk));
  expect(reader.foreign).toBe(undefined);
  expect(reader.idle).toBe(true);
  return messages;
}

const ping = (head: string, body = '') =>
  plain(`POST /slave(1)/mesos.internal.PingSlaveMessage HTTP/1.1\r\n${head}\r\n${body}`);

const pinged = (body: Uint8Array = new Uint8Array(0)) => [
  { from: 'slave-observer(1)@h:1', to: 'slave(1)', name: 'PingAgentMessage', body },
];

describe('a message as it is written', () => {
  test('has the headers of Mesos in their order and the body as one chunk', () => {
    const body = ascii('x'.repeat(26));
    const bytes = encodeLibprocess({ from: FROM, to: MASTER, name: 'StatusUpdateMessage', body });
    expect(Buffer.from(bytes).toString()).toBe(
      [
        'POST /master/mesos.internal.StatusUpdateMessage HTTP/1.1',
        `User-Agent: libprocess/${FROM}`,
        `Libprocess-From: ${FROM}`,
        'Connection: Keep-Alive',
        'Host: 127.0.0.1:5050',
        'Transfer-Encoding: chunked',
        '',
        '1a',
        'x'.repeat(26),
        '0',
        '',
        '',
      ].join('\r\n'),
    );
  });

  test('says nothing about an empty body', () => {
    const bytes = encodeLibprocess({
      from: FROM,
      to: 'slave-observer(2)@[::1]:5050',
      name: 'PongAgentMessage',
      body: new Uint8Array(0),
    });
    expect(Buffer.from(bytes).toString()).toBe(
      'POST /slave-observer(2)/mesos.internal.PongSlaveMessage HTTP/1.1\r\n' +
        `User-Agent: libprocess/${FROM}\r\nLibprocess-From: ${FROM}\r\n` +
        'Connection: Keep-Alive\r\nHost: [::1]:5050\r\n\r\n',
    );
  });
});

describe('a message as it is read', () => {
  test('with a sender in either header, Libprocess-From first, names in any case', () => {
    const from = 'slave-observer(1)@h:1';
    expect(read(ping(`Libprocess-From: ${from}\r\n`))).toStrictEqual(pinged());
    expect(read(ping(`User-Agent: libprocess/${from}\r\n`))).toStrictEqual(pinged());
    expect(
      read(ping(`LIBPROCESS-FROM:${from}  \r\nuser-agent: libprocess/x@y:2\r\n`)),
    ).toStrictEqual(pinged());
  });

  test('with a body of known length, in one chunk, in many, with extensions and trailers', () => {
    const from = 'Libprocess-From: slave-observer(1)@h:1\r\n';
    const chunked = `${from}transfer-encoding: Chunked\r\n`;
    const body = ascii('hello');
    expect(read(ping(`${from}Content-Length: 5\r\n`, 'hello'))).toStrictEqual(pinged(body));
    expect(read(ping(chunked, '5\r\nhello\r\n0\r\n\r\n'))).toStrictEqual(pinged(body));
    expect(read(ping(chunked, '1;a=b\r\nh\r\n004\r\nello\r\n0\r\nA: b\r\n\r\n'))).toStrictEqual(
      pinged(body),
    );
    expect(read(ping(`${chunked}Content-Length: 3\r\n`, '0\r\n\r\n'))).toStrictEqual(pinged());
  });

  test('with a receiver that is percent-encoded, and names that the schema lacks', () => {
    const head = 'HTTP/1.1\r\nLibprocess-From: a@b:1\r\n\r\n';
    expect(read(plain(`POST /slave%281%29/mesos.internal.NoSuch ${head}`))).toStrictEqual([
      { from: 'a@b:1', to: 'slave(1)', name: 'mesos.internal.NoSuch', body: new Uint8Array(0) },
    ]);
    expect(read(plain(`POST /master ${head}`))[0]).toMatchObject({ to: 'master', name: '' });
  });

  const envelope = fc.record({
    from: fc.constantFrom(FROM, MASTER),
    to: fc.constantFrom(MASTER, 'slave-observer(7)@10.0.0.1:5050'),
    name: fc.constantFrom<InternalName>(
      'PongAgentMessage',
      'StatusUpdateMessage',
      'RunTaskMessage',
    ),
    body: fc.uint8Array({ maxLength: 300 }),
  });

  test('however the stream is split', () => {
    fc.assert(
      fc.property(fc.array(envelope, { maxLength: 6 }), fc.array(fc.nat()), (envelopes, cuts) => {
        const stream = Buffer.concat(envelopes.map(encodeLibprocess));
        expect(read(...pieces(stream, cuts))).toStrictEqual(
          envelopes.map(({ to, ...rest }) => ({ ...rest, to: to.split('@')[0] })),
        );
      }),
    );
  });

  test('when every byte comes alone, and cut in two at any place', () => {
    const envelopes = [
      { from: FROM, to: MASTER, name: 'PongAgentMessage', body: new Uint8Array(0) },
      { from: FROM, to: MASTER, name: 'StatusUpdateMessage', body: ascii('POST /\r\n\r\n') },
      { from: FROM, to: MASTER, name: 'StatusUpdateMessage', body: ascii('ab') },
    ] as const;
    const stream = new Uint8Array(Buffer.concat(envelopes.map(encodeLibprocess)));
    const whole = read(stream);
    expect(whole.map((message) => message.body)).toStrictEqual(envelopes.map((e) => e.body));
    expect(read(...pieces(stream, [...stream.keys()]))).toStrictEqual(whole);
    for (let at = 0; at <= stream.length; at++) {
      expect(read(stream.subarray(0, at), stream.subarray(at))).toStrictEqual(whole);
    }
  });
});

describe('what is not for a process', () => {
  const pong = encodeLibprocess({
    from: FROM,
    to: MASTER,
    name: 'PongAgentMessage',
    body: new Uint8Array(0),
  });

  test.each([
    'GET /state HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /api/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}',
    'POST /api/v1 HTTP/1.1\r\nUser-Agent: curl libprocess/1\r\n\r\n',
    'PUT /master/mesos.internal.X HTTP/1.1\r\nLibprocess-From: a@b:1\r\n\r\n',
    'POST /master/x HTTP/2.0\r\nLibprocess-From: a@b:1\r\n\r\n',
    'POST /%zz/x HTTP/1.1\r\nLibprocess-From: a@b:1\r\n\r\n',
    'POST /a/b HTTP/1.1\r\nno colon\r\nLibprocess-From: a@b:1\r\n\r\n',
    `POST /a/b HTTP/1.1\r\nLibprocess-From: a@b:1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    '\u0016\u0003\u0001 a TLS hello',
  ])('%j is given back from its first byte', (text) => {
    const request = plain(text);
    const stream = new Uint8Array(Buffer.concat([pong, pong, request, request]));
    for (const at of [0, 1, pong.length, pong.length * 2, pong.length * 2 + 7, stream.length]) {
      const reader = new LibprocessReader();
      const read = [...reader.push(stream.subarray(0, at)), ...reader.push(stream.subarray(at))];
      expect(read).toHaveLength(2);
      expect(reader.foreign).toStrictEqual(new Uint8Array(Buffer.concat([request, request])));
    }
    expect(sniff(request)).toBe('http');
  });

  test('the first bytes tell', () => {
    expect(sniff(pong)).toBe('libprocess');
    for (let at = 0; at < pong.length; at++) {
      expect(sniff(pong.subarray(0, at))).toBe('more');
    }
    expect(sniff(plain('GET'))).toBe('http');
    expect(sniff(plain('PO'))).toBe('more');
    expect(sniff(plain('POS /'))).toBe('http');
    expect(sniff(plain(`POST /${'x'.repeat(20_000)}`))).toBe('http');
  });
});

describe('a body that has no end', () => {
  const from = 'Libprocess-From: a@b:1\r\n';
  const chunked = `${from}Transfer-Encoding: chunked\r\n`;

  test.each([
    ['a size that is no number', ping(chunked, 'x\r\n')],
    ['no size', ping(chunked, '\r\n')],
    ['a size beyond the limit', ping(chunked, 'ffffffff\r\n')],
    ['a chunk longer than its size', ping(chunked, '1\r\nab\r\n')],
    ['a line without end', ping(chunked, `1;${'x'.repeat(2000)}`)],
    ['a length that is no number', ping(`${from}Content-Length: x\r\n`)],
    ['a negative length', ping(`${from}Content-Length: -1\r\n`)],
    ['a length beyond the limit', ping(`${from}Content-Length: ${MAX_BODY_BYTES + 1}\r\n`)],
    ['an encoding nobody knows', ping(`${from}Transfer-Encoding: gzip\r\n`)],
  ])('%s', (_what, bytes) => {
    const reader = new LibprocessReader();
    expect(() => reader.push(bytes)).toThrow(WireError);
    expect(() => reader.push(bytes)).toThrow(WireError);
  });

  test('random bytes after a good head give messages or an error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.array(fc.nat()), (body, cuts) => {
        const reader = new LibprocessReader();
        try {
          for (const piece of pieces(ping(chunked, body), cuts)) {
            reader.push(piece);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});

describe('messages by name', () => {
  test('go where they belong', () => {
    const message = { name: 'PingAgentMessage', body: { connected: true } } as const;
    const bytes = encodeInternal(message);
    expect(decodeToAgent('PingAgentMessage', bytes)).toStrictEqual(message);
    expect(decodeToMaster('PingAgentMessage', bytes)).toBe(undefined);
    expect(decodeToMaster('toString', bytes)).toBe(undefined);
    expect(decodeToMaster('PongAgentMessage', new Uint8Array(0))).toStrictEqual({
      name: 'PongAgentMessage',
      body: {},
    });
    expect(() => decodeToAgent('PingAgentMessage', Uint8Array.of(255))).toThrow(WireError);
  });
});
