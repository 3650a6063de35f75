// What clients of earlier versions send is read as they mean it: all that Mesos 1.0, 1.4, 1.7 and
// 1.11, and each release of ours, can say in a call (test/wire/versions; docs/versioning.md).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { jsonValue, readJson } from '../../src/wire/json.ts';
import type { MessageType } from '../../src/wire/message-type.ts';
import { decodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';

type AnyType = MessageType<object>;
type Json = { readonly [key: string]: unknown };

const CALLS: Readonly<Record<string, AnyType>> = {
  scheduler: types.SchedulerCall as AnyType,
  executor: types.ExecutorCall as AnyType,
  master: types.MasterCall as AnyType,
  agent: types.AgentCall as AnyType,
};

const folder = join(import.meta.dirname, 'versions');
const versions = readdirSync(folder).map((file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  const calls = JSON.parse(text) as Record<string, { bytes: string; json: Json }>;
  return { version: file.replace(/\.json$/, ''), calls };
});

const cases = versions.flatMap(({ version, calls }) =>
  Object.entries(calls).map(([call, { bytes, json }]) => ({
    version,
    call,
    type: CALLS[call] as AnyType,
    bytes: Buffer.from(bytes, 'base64'),
    json,
  })),
);

/** Tags of numbers that no version has: each kind of value. */
function addLaterFields(writer: protobuf.Writer): void {
  writer.uint32((15_000 << 3) | 0).uint32(7);
  writer.uint32((15_001 << 3) | 1).fixed64(7);
  writer.uint32((15_002 << 3) | 2).string('of a later version');
  writer.uint32((15_003 << 3) | 5).fixed32(7);
}

/** The message with fields of a later version, in it and in all messages within it. */
function withLaterFields(type: AnyType, bytes: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(bytes);
  const writer = protobuf.Writer.create();
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const field = type.fields.find(({ number }) => number === tag >>> 3);
    if (field !== undefined && 'message' in field.value && field.rule !== 'map') {
      writer.uint32(tag).bytes(withLaterFields(field.value.message(), reader.bytes()));
    } else {
      reader.skipType(tag & 7);
      writer.raw(bytes.subarray(start, reader.pos));
    }
  }
  addLaterFields(writer);
  return writer.finish();
}

/** The same of JSON. A map's keys are names, not fields. */
function withLaterKeys(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withLaterKeys);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).map(([key, each]) => [key, withLaterKeys(each)] as const);
  const isMap = entries.some(([key]) => key.startsWith('key-'));
  return Object.fromEntries(isMap ? entries : [...entries, ['of_a_later_version', { a: [1] }]]);
}

test('there are clients of each promised version', () => {
  expect(versions.map(({ version }) => version)).toEqual(
    expect.arrayContaining(['mesos-1.0', 'mesos-1.4', 'mesos-1.7', 'mesos-1.11', 'mesoscale-0.1']),
  );
  expect(cases).toHaveLength(versions.length * Object.keys(CALLS).length);
});

describe.each(cases)('$version, calls of $call', ({ type, bytes, json }) => {
  test('bytes say what was meant', () => {
    const read = decodeMessage(type, bytes);
    // Beyond what was said there are only defaults, which JSON gets as well.
    expect(jsonValue(type, read)).toMatchObject(json);
    expect(read).toStrictEqual(readJson(type, JSON.stringify(json)));
  });

  test('fields of a later version are stepped over', () => {
    const read = decodeMessage(type, bytes);
    expect(decodeMessage(type, withLaterFields(type, bytes))).toStrictEqual(read);
    expect(readJson(type, JSON.stringify(withLaterKeys(json)))).toStrictEqual(read);
  });
});
