// Bounds of one message: beyond them it is refused, quickly, and the error names the bound. Without
// the bounds each of these tests would take many seconds, or the memory of the process.
import { describe, expect, test } from 'vitest';
import { MAX_JSON_VALUES, MAX_MESSAGES, MAX_STRING_LENGTH } from '../../src/wire/bounds.ts';
import { readJson, readJsonValue } from '../../src/wire/json.ts';
import { parseBoundedJson, parseJson } from '../../src/wire/json-text.ts';
import { decodeBoundedMessage, decodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { WireError } from '../../src/wire/wire-error.ts';

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof WireError) {
      return error.message;
    }
    throw error;
  }
  throw new Error('nothing was refused');
}

const MEGABYTES = 1024 * 1024;

describe('bounds of what is read', () => {
  test('a string of JSON may be long, and not longer', () => {
    const label = (length: number) => `{"labels":[{"key":"k","value":"${'x'.repeat(length)}"}]}`;
    expect(readJson(types.Labels, label(MAX_STRING_LENGTH)).labels?.[0]?.value).toHaveLength(
      MAX_STRING_LENGTH,
    );
    expect(refusal(() => readJson(types.Labels, label(MAX_STRING_LENGTH + 1)))).toBe(
      "Field 'value' has 1048577 characters: at most 1048576 characters are taken",
    );
  });

  test('a string of protobuf as well', () => {
    const bytes = Buffer.alloc(5 + MAX_STRING_LENGTH + 1, 'x');
    bytes.set([0x0a, 0x81, 0x80, 0x40]);
    expect(refusal(() => decodeMessage(types.TaskID, bytes.subarray(0, 4 + 1_048_577)))).toBe(
      'A string has 1048577 bytes: at most 1048576 bytes are taken',
    );
  });

  test('JSON of a few bytes a value is refused before its values are made', () => {
    for (const value of ['{},', '0,', '[],', '"",']) {
      const text = `[${value.repeat((16 * MEGABYTES) / value.length)}0]`;
      expect(refusal(() => parseBoundedJson(text))).toBe(
        `JSON has too many values: at most ${MAX_JSON_VALUES} values are taken`,
      );
    }
  });

  test('a reconciliation of a hundred thousand tasks is well within', () => {
    const tasks = Array.from({ length: 100_000 }, (_, i) => ({
      task_id: { value: `a-service-with-some-name.${i}` },
      agent_id: { value: '0123456-89ab-cdef-0123-456789abcdef-S1' },
    }));
    const text = JSON.stringify({ type: 'RECONCILE', reconcile: { tasks } });
    expect(
      readJsonValue(types.SchedulerCall, parseBoundedJson(text)).reconcile?.tasks,
    ).toHaveLength(100_000);
  });

  test('brackets, commas and quotes within strings are no values', () => {
    const text = `{"a":"${',[{\\"\\\\'.repeat(200_000)}"}`;
    expect(parseBoundedJson(text)).toEqual({ a: ',[{"\\'.repeat(200_000) });
  });

  test('depth is refused at once, however deep', () => {
    expect(refusal(() => parseBoundedJson('['.repeat(16 * MEGABYTES)))).toBe(
      'JSON is nested too deeply',
    );
  });

  test('long text that is no JSON is described without being read once more', () => {
    const rows = '{"a":1},\n'.repeat(100_000);
    expect(refusal(() => parseJson(`[${rows}oops]`))).toMatch(/^syntax error: .*'o'/);
    expect(refusal(() => parseJson(`[${rows}{"a" 1}]`))).toBe(
      'syntax error at line 100001 near: 1}]',
    );
    expect(refusal(() => parseJson(`[${rows}`))).toBe('syntax error at line 100001 near: ');
  });

  test('a protobuf message may hold many messages, and not more', () => {
    const empties = (count: number) => Buffer.alloc(2 * count).fill(Buffer.from([0x0a, 0]));
    expect(refusal(() => decodeBoundedMessage(types.Labels, empties(8 * MEGABYTES)))).toBe(
      `A message has too many within it: at most ${MAX_MESSAGES} messages are taken`,
    );
  });

  test('an answer may have as many as the cluster is large', () => {
    const many = `{"labels":[${'{"key":"k"},'.repeat(MAX_JSON_VALUES)}{"key":"k"}]}`;
    expect(readJson(types.Labels, many).labels).toHaveLength(MAX_JSON_VALUES + 1);
    const bytes = Buffer.alloc(5 * (MAX_MESSAGES + 1)).fill(Buffer.from([0x0a, 3, 0x0a, 1, 0x6b]));
    expect(decodeMessage(types.Labels, bytes).labels).toHaveLength(MAX_MESSAGES + 1);
  });

  test('of a million missing fields a hundred are named', () => {
    const empties = Buffer.alloc(800_000).fill(Buffer.from([0x0a, 0]));
    const message = refusal(() => decodeMessage(types.Labels, empties));
    expect(message.split(', ')).toHaveLength(101);
    expect(message.endsWith('labels[99].key, and more')).toBe(true);
  });
});
