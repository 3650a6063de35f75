// How events of the operator API become records of its streams.
import { expect, test } from 'vitest';
import { OperatorRecords } from '../../src/http/master/operator-records.ts';
import {
  MasterEvent_Type,
  type MasterEvent as OperatorEvent,
} from '../../src/model/generated/messages.ts';
import { writeJson } from '../../src/wire/json.ts';
import { decodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';

/** What is in a chunk that has one record. */
function within(chunk: unknown): Buffer {
  const text = Buffer.from(chunk as Uint8Array).toString('latin1');
  const [, size, record] = /^[\da-f]+\r\n(\d+)\n(.*)\r\n$/s.exec(text) ?? [];
  expect(record).toHaveLength(Number(size));
  return Buffer.from(record ?? '', 'latin1');
}

test('what many readers are shown first is encoded once for each codec', () => {
  const records = new OperatorRecords();
  const event: OperatorEvent = {
    type: MasterEvent_Type.SUBSCRIBED,
    subscribed: { heartbeat_interval_seconds: 15 },
  };
  const record = records.of(event, 'protobuf');
  expect(decodeMessage(types.MasterEvent, within(record))).toEqual(event);
  expect(JSON.parse(within(records.of(event, 'json')).toString())).toMatchObject({
    type: 'SUBSCRIBED',
  });
  expect(records.of(event, 'protobuf')).toBe(record);
  expect(records.of({ ...event }, 'protobuf')).not.toBe(record);
});

test('an event that many readers get one after the other is encoded once for each codec', () => {
  const records = new OperatorRecords();
  const event: OperatorEvent = {
    type: MasterEvent_Type.AGENT_REMOVED,
    agent_removed: { agent_id: { value: 'a' } },
  };
  const record = records.of(event, 'protobuf');
  expect(within(records.of(event, 'json')).toString()).toContain('AGENT_REMOVED');
  expect(records.of(event, 'protobuf')).toBe(record);
  expect(records.of({ ...event }, 'protobuf')).toEqual(record);
});

test('a whole cluster is encoded piece by piece, as it would be at once', async () => {
  const frameworks = Array.from({ length: 3_000 }, (_, i) => ({
    framework_info: { user: 'root', name: `kit-${i}`, id: { value: `${i}` } },
    active: i % 2 === 0,
    connected: true,
    recovered: false,
  }));
  const event: OperatorEvent = {
    type: MasterEvent_Type.SUBSCRIBED,
    subscribed: {
      get_state: { get_frameworks: { frameworks } },
      heartbeat_interval_seconds: 15,
    },
  };
  const records = new OperatorRecords();
  const [bytes, text] = (['protobuf', 'json'] as const).map((codec) => records.of(event, codec));
  expect(bytes).toBeInstanceOf(Promise);
  const whole = (pieces: unknown) => Buffer.concat(pieces as Uint8Array[]);
  expect(decodeMessage(types.MasterEvent, whole(await bytes))).toEqual(event);
  expect(JSON.parse(whole(await text).toString())).toEqual(
    JSON.parse(writeJson(types.MasterEvent, event)),
  );
});
