import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SchedulerCall_Type, TaskState, Value_Type } from '../../src/model/generated/messages.ts';
import { jsonValue, readJson, readJsonValue, writeJson } from '../../src/wire/json.ts';
import type { MessageType } from '../../src/wire/message-type.ts';
import { types } from '../../src/wire/types.ts';
import { WireError } from '../../src/wire/wire-error.ts';
import { arbitraryMessage } from './arbitrary-message.ts';

const all = Object.values(types) as MessageType<object>[];

/** What reading back gives: fields with a default in the schema are set. */
function withDefaults(type: MessageType<object>, message: object): object {
  const result: Record<string, unknown> = {};
  for (const field of type.fields) {
    const value = (message as Record<string, unknown>)[field.name] ?? field.shownDefault;
    if (value === undefined) {
      continue;
    }
    const { value: kind } = field;
    const one = (item: unknown) =>
      'message' in kind ? withDefaults(kind.message(), item as object) : item;
    result[field.name] =
      field.rule === 'repeated'
        ? (value as unknown[]).map(one)
        : field.rule === 'map'
          ? Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, one(v)]))
          : one(value);
  }
  return result;
}

/** JSON.stringify, unlike Mesos, writes -0 as 0. */
const withoutMinusZero = (_key: string, value: unknown) => (value === 0 ? 0 : value);

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
          const text = writeJson(type, message);
          assert.deepStrictEqual(readJson(type, text), withDefaults(type, message));
          // Different code writes the values and the text.
          assert.deepStrictEqual(
            JSON.parse(text, withoutMinusZero),
            JSON.parse(JSON.stringify(jsonValue(type, message))),
          );
        }),
        { numRuns: 8 },
      ),
    );
  });

  test('takes any JSON or refuses it', () => {
    ofEveryType((type) => {
      const keys = type.fields.map((field) => field.wireName);
      const key = keys.length > 0 ? fc.constantFrom(...keys) : fc.string();
      const json = fc.dictionary(key, fc.jsonValue({ maxDepth: 2 }));
      fc.assert(
        fc.property(json, (object) => {
          try {
            readJsonValue(type, object);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        }),
        { numRuns: 8 },
      );
    });
  });
});

const refusal = (read: () => unknown): WireError => {
  try {
    read();
  } catch (error) {
    if (error instanceof WireError) {
      return error;
    }
  }
  throw new Error('It was not refused');
};

const callRefusal = (text: string) => refusal(() => readJson(types.SchedulerCall, text));

describe('text that is no JSON', () => {
  test.each([
    ['', 'syntax error at line 1 near: '],
    ['xx', 'syntax error at line 1 near: xx'],
    ['{"type": ', 'syntax error at line 1 near: '],
    ['{"type": tru, "a": 1}', 'syntax error at line 1 near: , "a": 1}'],
    ['{\n"type": "x"\n"b": 1}\nmore', 'syntax error at line 3 near: "b": 1}'],
    ['{"a": "\\x"}', 'syntax error at line 1 near: "}'],
    ['{"a": [1, 2, }', 'syntax error at line 1 near: }'],
    ['{"type":"GET_HEALTH"} xyz', 'Parsed JSON included non-whitespace trailing characters:  xyz'],
    ['{"a": 1e999, "framework_id": 1e}', 'syntax error at line 1 near: }'],
  ])('%j', (text, message) => {
    const error = callRefusal(text);
    expect(error.message).toBe(message);
    expect(error.stage).toBe('parse');
  });

  test('whatever it is, it is refused with words', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\ue1-+. \ntrunfals') }), (text) => {
        try {
          readJson(types.SchedulerCall, text);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('no depth of nesting is too much', () => {
    expect(callRefusal('['.repeat(1e6)).stage).toBe('parse');
    expect(callRefusal(`{"type":${'['.repeat(1e5)}${']'.repeat(1e5)}}`).message).toContain('array');
    expect(
      callRefusal(`{"accept":{"offer_ids":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`).message,
    ).toBe("Not expecting a JSON array for field 'offer_ids'");
    const deep = `${'['.repeat(1e5)}{"nanoseconds":1}${']'.repeat(1e5)}`;
    expect(callRefusal(`{"type":${deep}}`)).toBeInstanceOf(WireError);
    const nested = `${'{"value":"x","parent":'.repeat(300)}null${'}'.repeat(300)}`;
    expect(refusal(() => readJson(types.ContainerID, nested)).message).toContain('too deeply');
  });
});

describe('JSON that is no message', () => {
  test.each([
    ['[]', 'Expecting a JSON object'],
    ['"GET_HEALTH"', 'Expecting a JSON object'],
    ['null', 'Expecting a JSON object'],
    ['{"type": 1}', "Not expecting a JSON number for field 'type'"],
    ['{"type": {}}', "Not expecting a JSON object for field 'type'"],
    ['{"type": true}', "Not expecting a JSON boolean for field 'type'"],
    ['{"type": ["REVIVE"]}', "Not expecting a JSON array for field 'type'"],
    ['{"framework_id": "x"}', "Not expecting a JSON string for field 'framework_id'"],
    ['{"framework_id": {"value": 1}}', "Not expecting a JSON number for field 'value'"],
    ['{"framework_id": {}}', 'Missing required fields: framework_id.value'],
    ['{"framework_id": {"value": null}}', 'Missing required fields: framework_id.value'],
    [
      '{"subscribe": {"framework_info": {"user": "x"}}}',
      'Missing required fields: subscribe.framework_info.name',
    ],
    [
      '{"acknowledge": {"task_id": {}}, "accept": {"offer_ids": [{"value": "o"}, {}]}}',
      'Missing required fields: accept.offer_ids[1].value, acknowledge.agent_id, acknowledge.uuid, acknowledge.task_id.value',
    ],
    [
      '{"acknowledge": {"uuid": "ab!d"}}',
      "Failed to base64 decode bytes field 'uuid': Invalid character '!'",
    ],
    [
      '{"subscribe": {"framework_info": {"checkpoint": "yes"}}}',
      "Failed to parse 'yes' as a JSON boolean for field 'checkpoint': syntax error at line 1 near: yes",
    ],
    [
      '{"subscribe": {"framework_info": {"failover_timeout": "true"}}}',
      "Failed to parse 'true' as a JSON number for field 'failover_timeout': Unexpected JSON type parsed",
    ],
    // Members are checked in alphabetical order.
    ['{"type": 1, "accept": 1}', "Not expecting a JSON number for field 'accept'"],
  ])('%s', (text, message) => {
    const error = callRefusal(text);
    expect(error.message).toBe(message);
    expect(error.stage).toBe('convert');
  });

  test('an unknown name of an enumeration is an error only where the field is required', () => {
    expect(readJson(types.SchedulerCall, '{"type": "subscribe"}')).toStrictEqual({});
    expect(readJson(types.SchedulerCall, '{"type": "NO_SUCH"}')).toStrictEqual({});
    const status = (state: string) => `{"task_id": {"value": "t"}, "state": "${state}"}`;
    expect(refusal(() => readJson(types.TaskStatus, status('TASK_NEW'))).message).toBe(
      "Failed to find enum for 'TASK_NEW'",
    );
    expect(readJson(types.TaskStatus, status('TASK_LOST')).state).toBe(TaskState.TASK_LOST);
    expect(
      readJson(types.CSIPluginContainerInfo, '{"services": ["NO", "NODE_SERVICE"]}'),
    ).toStrictEqual({ services: [2] });
  });

  test('an unknown name is an error where it would leave a task less confined', () => {
    expect(refusal(() => readJson(types.LinuxInfo, '{"ipc_mode": "XX"}')).message).toBe(
      "Failed to find enum for 'XX'",
    );
    expect(readJson(types.LinuxInfo, '{"ipc_mode": "SHARE_PARENT"}')).toStrictEqual({
      ipc_mode: 2,
    });
  });

  test('an unknown name is an error where a task would not get what it asks for', () => {
    const capabilities = '{"capabilities": ["CHOWN", "NO_SUCH"]}';
    expect(refusal(() => readJson(types.CapabilityInfo, capabilities)).message).toBe(
      "Failed to find enum for 'NO_SUCH'",
    );
    expect(refusal(() => readJson(types.MountPropagation, '{"mode": "SHARED"}')).message).toBe(
      "Failed to find enum for 'SHARED'",
    );
  });

  test('integers beyond 2^53 are refused by name', () => {
    const range = (begin: string) => () =>
      readJson(types.Value_Range, `{"begin":${begin},"end":1}`);
    expect(refusal(range('9007199254740993')).message).toBe(
      "Value of field 'begin' is beyond 2^53",
    );
    expect(refusal(range('"18446744073709551615"')).message).toContain("'begin'");
  });

  test('a negative number for an unsigned field is past everything', () => {
    expect(readJson(types.Value_Range, '{"begin":-1,"end":1}').begin).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('what is forgiven', () => {
  const framework = (more: string) =>
    readJson(types.FrameworkInfo, `{"user": "u", "name": "n", ${more}}`);

  test('numbers and booleans as strings', () => {
    expect(framework('"failover_timeout": "3.5", "checkpoint": "true"')).toStrictEqual({
      user: 'u',
      name: 'n',
      failover_timeout: 3.5,
      checkpoint: true,
    });
    expect(framework('"failover_timeout": "-Infinity"').failover_timeout).toBe(-Infinity);
    expect(readJson(types.Value_Range, '{"begin": "31000", "end": 32000.9}')).toStrictEqual({
      begin: 31_000,
      end: 32_000,
    });
  });

  test('one value for a list, lists in the list, null in the list', () => {
    expect(framework('"roles": "a"').roles).toStrictEqual(['a']);
    expect(framework('"roles": ["a", [null, ["b"]], null]').roles).toStrictEqual(['a', 'b']);
    expect(framework('"capabilities": {"type": "MULTI_ROLE"}').capabilities).toStrictEqual([
      { type: 6 },
    ]);
  });

  test('null and the empty list are as nothing; unknown fields are skipped', () => {
    expect(framework('"roles": [], "hostname": null, "slave_id": {"x": 1}')).toStrictEqual({
      user: 'u',
      name: 'n',
    });
  });

  test('base64 without padding, with white space', () => {
    const data = (text: string) =>
      readJson(
        types.SchedulerCall_Message,
        `{"agent_id": {"value": "a"},
      "executor_id": {"value": "e"}, "data": "${text}"}`,
      ).data;
    expect(data('aGk')).toStrictEqual(new Uint8Array([104, 105]));
    expect(data('aG\\nk=')).toStrictEqual(new Uint8Array([104, 105]));
    expect(data('')).toStrictEqual(new Uint8Array(0));
  });

  test('times beyond 2^53 nanoseconds keep every digit', () => {
    const text = '{"nanoseconds":1699999999123456789}';
    expect(readJson(types.TimeInfo, text)).toStrictEqual({ nanoseconds: 1699999999123456789n });
    expect(writeJson(types.TimeInfo, readJson(types.TimeInfo, text))).toBe(text);
    expect(JSON.stringify(jsonValue(types.TimeInfo, readJson(types.TimeInfo, text)))).toBe(text);
    expect(readJson(types.TimeInfo, '{"nanoseconds":"1699999999123456789"}')).toStrictEqual(
      readJson(types.TimeInfo, text),
    );
    expect(readJson(types.DurationInfo, '{"nanoseconds":5e9}')).toStrictEqual({
      nanoseconds: 5_000_000_000n,
    });
  });

  test('of a oneof the alphabetically last member counts', () => {
    expect(
      readJson(
        types.AttributeConstraint_Selector,
        '{"pseudoattribute_type":"ZONE","attribute_name":"a"}',
      ),
    ).toStrictEqual({ pseudoattribute_type: 3 });
  });

  test('a map as an object, or as objects in a list', () => {
    const guarantees = { cpus: { value: 1 } };
    for (const text of [JSON.stringify(guarantees), JSON.stringify([guarantees])]) {
      expect(
        readJson(types.QuotaConfig, `{"role": "r", "guarantees": ${text}, "limits": {}}`),
      ).toStrictEqual({ role: 'r', guarantees });
    }
    const odd = readJson(types.QuotaConfig, '{"role": "r", "limits": {"__proto__": {"value": 1}}}');
    expect(Object.keys(odd.limits ?? {})).toStrictEqual(['__proto__']);
    expect(Object.getPrototypeOf(odd.limits)).toBe(Object.prototype);
  });
});

describe('what is written', () => {
  test('doubles show that they are doubles', () => {
    const scalar = (value: number) => writeJson(types.Value_Scalar, { value });
    expect([1, 0.1, -0, 1e21, 1e-7, 1.5e300, 123456789012].map(scalar)).toStrictEqual(
      ['1.0', '0.1', '-0.0', '1e21', '1e-7', '1.5e300', '123456789012.0'].map(
        (text) => `{"value":${text}}`,
      ),
    );
  });

  test('integers do not', () => {
    expect(writeJson(types.Value_Range, { begin: 31_000, end: 2 ** 53 - 1 })).toBe(
      '{"begin":31000,"end":9007199254740991}',
    );
  });

  test('strings are escaped as by Mesos: upper-case digits, no slash, no letter beyond ASCII', () => {
    const value = 'a"b\\c/\b\f\n\r\t\u0001\u001f\u007f é \\u001f 😀';
    expect(writeJson(types.TaskID, { value })).toBe(
      '{"value":"a\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001F\u007f é \\\\u001f 😀"}',
    );
  });

  test('fields in the order of the schema, with those defaults that are not deprecated', () => {
    expect(writeJson(types.FrameworkInfo, { name: 'n', user: 'u' })).toBe(
      '{"user":"u","name":"n","failover_timeout":0.0,"checkpoint":false}',
    );
    expect(writeJson(types.CommandInfo, { value: 'true' })).toBe('{"shell":true,"value":"true"}');
    expect(writeJson(types.Filters, {})).toBe('{"refuse_seconds":5.0}');
    expect(
      writeJson(types.Resource, { name: 'cpus', type: Value_Type.SCALAR, scalar: { value: 1 } }),
    ).toBe('{"name":"cpus","type":"SCALAR","scalar":{"value":1.0}}');
  });

  test('an empty list that is there', () => {
    expect(writeJson(types.MasterResponse_GetTasks, { tasks: [], completed_tasks: [] })).toBe(
      '{"tasks":[],"completed_tasks":[]}',
    );
    expect(jsonValue(types.MasterResponse_GetTasks, { tasks: [] })).toStrictEqual({ tasks: [] });
    expect(writeJson(types.MasterResponse_GetTasks, {})).toBe('{}');
  });

  test('the words of the wire in internal messages', () => {
    const message = { agent_id: { value: 'a' } };
    expect(writeJson(types.UnregisterAgentMessage, message)).toBe('{"slave_id":{"value":"a"}}');
    expect(readJson(types.UnregisterAgentMessage, '{"slave_id":{"value":"a"}}')).toStrictEqual(
      message,
    );
  });

  test('bytes as base64, enumerations by name', () => {
    expect(
      writeJson(types.SchedulerCall, {
        type: SchedulerCall_Type.ACKNOWLEDGE,
        acknowledge: {
          agent_id: { value: 'a' },
          task_id: { value: 't' },
          uuid: new Uint8Array([255, 254, 253, 252]),
        },
      }),
    ).toBe(
      '{"type":"ACKNOWLEDGE","acknowledge":{"agent_id":{"value":"a"},"task_id":{"value":"t"},"uuid":"//79/A=="}}',
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (data) => {
        const text = writeJson(types.AuthenticationStepMessage, { data });
        expect(text).toBe(`{"data":"${Buffer.from(data).toString('base64')}"}`);
      }),
    );
  });

  test('a number that is no value of the enumeration is our mistake', () => {
    expect(() => writeJson(types.SchedulerCall, { type: 99 as never })).toThrow(WireError);
  });
});
