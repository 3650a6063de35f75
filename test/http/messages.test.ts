// Messages between masters and agents, as they are written and as the port of either reads them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeLibprocess, type InternalName } from '../../src/wire/libprocess.ts';
import { MessageReader, type ReadMessage } from '../support/message-reader.ts';
import { pieces } from '../wire/pieces.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

const FROM = 'slave(1)@127.0.0.1:5051';
const MASTER = 'master@127.0.0.1:5050';

function read(...chunks: Uint8Array[]): ReadMessage[] {
  const reader = new MessageReader();
  const messages = chunks.flatMap((chunk) => reader.push(chunk));
  expect(reader.idle).toBe(true);
  return messages;
}

const envelope = fc.record({
  from: fc.constantFrom(FROM, MASTER),
  to: fc.constantFrom(MASTER, 'slave-observer(7)@10.0.0.1:5050'),
  name: fc.constantFrom<InternalName>('PongAgentMessage', 'StatusUpdateMessage', 'RunTaskMessage'),
  body: fc.uint8Array({ maxLength: 300 }),
});

test('every message that is written is read, however the stream is split', () => {
  fc.assert(
    fc.property(fc.array(envelope, { maxLength: 6 }), fc.array(fc.nat()), (envelopes, cuts) => {
      const stream = Buffer.concat(envelopes.map(encodeLibprocess));
      expect(read(...pieces(stream, cuts))).toStrictEqual(
        envelopes.map(({ to, ...rest }) => ({ ...rest, to: to.split('@')[0] })),
      );
    }),
  );
});

test('a message is read when every byte comes alone, and when it is cut in two anywhere', () => {
  const envelopes = [
    { from: FROM, to: MASTER, name: 'PongAgentMessage', body: new Uint8Array(0) },
    { from: FROM, to: MASTER, name: 'StatusUpdateMessage', body: ascii('POST /\r\n\r\n') },
    { from: FROM, to: MASTER, name: 'StatusUpdateMessage', body: ascii('ab') },
  ] as const;
  const stream = new Uint8Array(Buffer.concat(envelopes.map(encodeLibprocess)));
  const whole = read(stream);
  expect(whole.map((message) => message.body)).toStrictEqual(envelopes.map((it) => it.body));
  expect(read(...pieces(stream, [...stream.keys()]))).toStrictEqual(whole);
  for (let at = 0; at <= stream.length; at++) {
    expect(read(stream.subarray(0, at), stream.subarray(at))).toStrictEqual(whole);
  }
});

test('a sender is named in either header, Libprocess-From first, in any case', () => {
  const ping = (head: string) =>
    ascii(`POST /slave%281%29/mesos.internal.PingSlaveMessage HTTP/1.1\r\n${head}\r\n\r\n`);
  const from = 'slave-observer(1)@h:1';
  const pinged = [{ from, to: 'slave(1)', name: 'PingAgentMessage', body: new Uint8Array(0) }];
  expect(read(ping(`Libprocess-From: ${from}`))).toStrictEqual(pinged);
  expect(read(ping(`User-Agent: libprocess/${from}`))).toStrictEqual(pinged);
  const both = `LIBPROCESS-FROM:${from}  \r\nuser-agent: libprocess/x@y:2`;
  expect(read(ping(both))).toStrictEqual(pinged);
});

test('a name that the schema lacks stays as it came', () => {
  const head = 'HTTP/1.1\r\nLibprocess-From: a@b:1\r\n\r\n';
  const [message] = read(ascii(`POST /master/mesos.internal.NoSuch ${head}`));
  expect(message?.name).toBe('mesos.internal.NoSuch');
});
