import { describe, expect, test } from 'vitest';
import {
  decodeToAgent,
  decodeToMaster,
  encodeInternal,
  encodeLibprocess,
} from '../../src/wire/libprocess.ts';
import { WireError } from '../../src/wire/wire-error.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

const FROM = 'slave(1)@127.0.0.1:5051';
const MASTER = 'master@127.0.0.1:5050';

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
