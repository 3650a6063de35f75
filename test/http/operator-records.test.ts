// How events of the operator API become records of its streams.
import { expect, test } from 'vitest';
import { OperatorRecords } from '../../src/http/master/operator-records.ts';
import {
  MasterEvent_Type,
  type MasterEvent as OperatorEvent,
} from '../../src/model/generated/messages.ts';
import { decodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';

test('what many readers are shown first is encoded once for each codec', () => {
  const records = new OperatorRecords();
  const event: OperatorEvent = {
    type: MasterEvent_Type.SUBSCRIBED,
    subscribed: { heartbeat_interval_seconds: 15 },
  };
  const record = records.of(event, 'protobuf');
  expect(decodeMessage(types.MasterEvent, record as Uint8Array)).toEqual(event);
  expect(JSON.parse(records.of(event, 'json') as string)).toMatchObject({ type: 'SUBSCRIBED' });
  expect(records.of(event, 'protobuf')).toBe(record);
  expect(records.of({ ...event }, 'protobuf')).not.toBe(record);
});
