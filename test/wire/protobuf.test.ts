import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSchema } from '../../scripts/schema.ts';
import type { Field, MessageType } from '../../src/wire/message-type.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { WireError } from '../../src/wire/wire-error.ts';
import { arbitraryMessage } from './arbitrary-message.ts';

const all = Object.values(types) as MessageType<object>[];
const schema = loadSchema();

/** The message for protobufjs: names of the schema, large integers as text. */
function forOracle(type: MessageType<object>, message: object): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const field of type.fields) {
    const value = (message as Record<string, unknown>)[field.name];
    if (value === undefined) {
      continue;
    }
    const one = (item: unknown) => oracleValue(field, item);
    result[field.wireName] =
      field.rule === 'repeated'
        ? (value as unknown[]).map(one)
        : field.rule === 'map'
          ? Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, one(v)]))
          : one(value);
  }
  return result;
}

function oracleValue(field: Field, value: unknown): unknown {
  if ('message' in field.value) {
    return forOracle(field.value.message(), value as object);
  }
  return typeof value === 'bigint' ? String(value) : value;
}

/** Whether it has map keys that protobufjs itself cannot carry. */
const carriesProto = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.hasOwn(value, '__proto__') || Object.values(value).some(carriesProto));

/** Runs the property on messages of every type of the schema; a failure names the type. */
function ofEveryType(check: (type: MessageType<object>) => void): void {
  for (const type of all) {
    try {
      check(type);
    } catch (error) {
      throw new Error(`${type.name}: ${error}`, { cause: error });
    }
  }
}

describe('every message type', () => {
  test('round-trips', () => {
    ofEveryType((type) =>
      fc.assert(
        fc.property(arbitraryMessage(type), (message) => {
          assert.deepStrictEqual(decodeMessage(type, encodeMessage(type, message)), message);
        }),
        { numRuns: 10 },
      ),
    );
  });

  test('agrees with protobufjs, to the byte', () => {
    ofEveryType((type) => {
      const oracle = schema.lookupType(type.wireName);
      fc.assert(
        fc.property(
          arbitraryMessage(type).filter((message) => !carriesProto(message)),
          (message) => {
            const bytes = encodeMessage(type, message);
            const theirs = oracle.encode(oracle.fromObject(forOracle(type, message))).finish();
            assert.deepStrictEqual(decodeMessage(type, theirs), message);
            expect(Buffer.from(bytes).equals(Buffer.from(theirs))).toBe(true);
          },
        ),
        { numRuns: 5 },
      );
    });
  });
});

describe('what is not a message', () => {
  const hot = [
    types.StatusUpdateMessage,
    types.RunTaskMessage,
    types.SchedulerCall,
    types.SchedulerEvent,
    types.MasterCall,
    types.ReregisterAgentMessage,
  ] as MessageType<object>[];

  const isMessageOrError = (type: MessageType<object>, bytes: Uint8Array) => {
    try {
      const message = decodeMessage(type, bytes);
      // A message that was read can be written again.
      encodeMessage(type, message);
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
    }
  };

  test.each(hot.map((type) => [type.name, type] as const))('%s of random bytes', (_name, type) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => isMessageOrError(type, bytes)),
      { numRuns: 500 },
    );
  });

  test.each(hot.map((type) => [type.name, type] as const))(
    '%s with bytes changed',
    (_name, type) => {
      fc.assert(
        fc.property(
          arbitraryMessage(type),
          fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
          (message, changes) => {
            const bytes = encodeMessage(type, message);
            for (const [at, value] of changes) {
              bytes[at % bytes.length] = value;
            }
            isMessageOrError(type, bytes);
          },
        ),
        { numRuns: 200 },
      );
    },
  );

  test.each(hot.map((type) => [type.name, type] as const))('%s cut anywhere', (_name, type) => {
    fc.assert(
      fc.property(
        arbitraryMessage(type),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (m, share) => {
          const bytes = encodeMessage(type, m);
          isMessageOrError(type, bytes.subarray(0, Math.floor(bytes.length * share)));
        },
      ),
      { numRuns: 200 },
    );
  });
});

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('the encoding', () => {
  test('unknown fields of every wire type are stepped over', () => {
    const field = 15 << 3;
    const unknown = [
      ...[field | 0, 0x96, 0x01],
      ...[field | 1, 1, 2, 3, 4, 5, 6, 7, 8],
      ...[field | 2, 2, 0xff, 0xff],
      ...[field | 3, 0x08, 0x01, field | 4],
      ...[field | 5, 1, 2, 3, 4],
    ];
    expect(decodeMessage(types.TaskID, bytes(...unknown, 0x0a, 1, 0x78, ...unknown))).toStrictEqual(
      {
        value: 'x',
      },
    );
  });

  test('a field of another wire type is an unknown field', () => {
    expect(decodeMessage(types.TaskID, bytes(0x08, 1, 0x0a, 1, 0x78))).toStrictEqual({
      value: 'x',
    });
  });

  test('a message given twice is merged, lists are joined, the last scalar counts', () => {
    const parts = [
      { type: 1, revive: { roles: ['a'] } },
      { type: 2, revive: { roles: ['b'] }, framework_id: { value: 'f' } },
    ] as const;
    const joined = parts.flatMap((part) => [...encodeMessage(types.SchedulerCall, part as never)]);
    expect(decodeMessage(types.SchedulerCall, bytes(...joined))).toStrictEqual({
      type: 2,
      framework_id: { value: 'f' },
      revive: { roles: ['a', 'b'] },
    });
  });

  test('of a oneof the last member counts', () => {
    const exists = encodeMessage(types.AttributeConstraint_Predicate, { exists: {} });
    const matches = encodeMessage(types.AttributeConstraint_Predicate, {
      text_matches: { regex: 'a' },
    });
    expect(
      decodeMessage(types.AttributeConstraint_Predicate, bytes(...exists, ...matches)),
    ).toStrictEqual({ text_matches: { regex: 'a' } });
    expect(
      decodeMessage(types.AttributeConstraint_Predicate, bytes(...matches, ...exists)),
    ).toStrictEqual({ exists: {} });
    // Selector: pseudoattribute_type = 1 with an unknown value leaves attribute_name = 2 alone.
    expect(
      decodeMessage(types.AttributeConstraint_Selector, bytes(0x12, 1, 0x78, 0x08, 99)),
    ).toStrictEqual({ attribute_name: 'x' });
  });

  test('an unknown value of an enumeration is dropped, and missing where it is required', () => {
    // TaskStatus: task_id = 1, state = 2 (required), source = 9.
    const known = [0x0a, 3, 0x0a, 1, 0x78, 0x10, 1];
    expect(decodeMessage(types.TaskStatus, bytes(...known, 0x48, 99))).toStrictEqual({
      task_id: { value: 'x' },
      state: 1,
    });
    expect(() => decodeMessage(types.TaskStatus, bytes(0x0a, 3, 0x0a, 1, 0x78, 0x10, 99))).toThrow(
      'Missing required fields: state',
    );
  });

  test('lists of numbers are read packed and not packed', () => {
    const oracle = schema.lookupType('mesos.v1.CSIPluginContainerInfo');
    const packed = bytes(0x0a, 2, 1, 2);
    expect(oracle.decode(packed).toJSON()).toStrictEqual({
      services: ['CONTROLLER_SERVICE', 'NODE_SERVICE'],
    });
    expect(decodeMessage(types.CSIPluginContainerInfo, packed)).toStrictEqual({ services: [1, 2] });
    expect(decodeMessage(types.CSIPluginContainerInfo, bytes(0x08, 1, 0x08, 2))).toStrictEqual({
      services: [1, 2],
    });
  });

  test('all that is missing is named, outermost first, as the C++ library does', () => {
    const update = { status: {}, framework_id: {} };
    expect(() => encodeMessage(types.StatusUpdateMessage, { update } as never)).toThrow(
      'Missing required fields: update.timestamp, update.framework_id.value, update.status.task_id, update.status.state',
    );
  });

  test('64-bit integers beyond 2^53 are refused by name', () => {
    const max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    expect(() => decodeMessage(types.Value_Range, bytes(0x08, ...max, 0x10, 1))).toThrow(
      "Value of field 'begin' is beyond 2^53",
    );
    expect(decodeMessage(types.TimeInfo, bytes(0x08, ...max))).toStrictEqual({ nanoseconds: -1n });
    expect(() => encodeMessage(types.Value_Range, { begin: -1, end: 1 })).toThrow(
      "Value of field 'begin' is negative",
    );
  });

  test('messages within messages end somewhere', () => {
    let nested: Uint8Array = bytes(0x0a, 0);
    const wrap = () => {
      const length = nested.length;
      const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
      nested = bytes(0x0a, 0, 0x12, ...size, ...nested);
    };
    for (let level = 0; level < 100; level++) {
      wrap();
    }
    expect(decodeMessage(types.ContainerID, nested)).toBeTypeOf('object');
    wrap();
    expect(() => decodeMessage(types.ContainerID, nested)).toThrow('nested too deeply');
    expect(() => decodeMessage(types.TaskID, new Uint8Array(1e6).fill(0x7b))).toThrow(
      'nested too deeply',
    );
  });

  test('bytes are copies, whatever kind of array they came in', () => {
    const buffer = Buffer.from([0x0a, 1, 0x78, 0x12, 2, 1, 2]);
    const { data } = decodeMessage(types.AuthenticationStartMessage, buffer);
    buffer.fill(0);
    expect(data).toStrictEqual(bytes(1, 2));
  });

  test('what was given out stays as it is, at any size', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20_000 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const messages = sizes.map((size, index) => ({
          type: 17,
          message: {
            agent_id: { value: `a${index}` },
            executor_id: { value: 'é'.repeat(size % 300) },
            data: new Uint8Array(size).fill(index),
          },
        }));
        const encoded = messages.map((m) => encodeMessage(types.SchedulerCall, m as never));
        expect(encoded.map((b) => decodeMessage(types.SchedulerCall, b))).toStrictEqual(messages);
      }),
      { numRuns: 30 },
    );
  });

  test('a failed message leaves nothing behind', () => {
    expect(() => encodeMessage(types.TaskStatus, { task_id: { value: 'x' } } as never)).toThrow(
      'Missing required fields: state',
    );
    expect(encodeMessage(types.TaskID, { value: 'x' })).toStrictEqual(bytes(0x0a, 1, 0x78));
  });
});
