// Values of enumerations that only a later version knows, in every field of every message.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONFINING } from '../../src/wire/enum-table.ts';
import type { Field, MessageType } from '../../src/wire/message-type.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { arbitraryMessage } from './arbitrary-message.ts';

interface EnumField {
  readonly title: string;
  readonly type: MessageType<object>;
  readonly field: Field;
}

const fields: EnumField[] = (Object.values(types) as MessageType<object>[]).flatMap((type) =>
  type.fields
    .filter(({ value }) => 'enumeration' in value)
    .map((field) => ({ title: `${type.name}.${field.name}`, type, field })),
);

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];

/** The value 8191, which has no name in any enumeration. */
const unknown = ({ number }: Field) => [...varint(number << 3), ...varint(8191)];

const of = (rule: (one: EnumField) => boolean) => fields.filter(rule);
const isConfining = ({ title }: EnumField) => CONFINING.has(title);
const isRequired = ({ field }: EnumField) => field.rule === 'required';

describe('an unknown value of an enumeration, as protobuf', () => {
  test.each(of(isRequired))('is missing in $title, which is required', ({ type, field }) => {
    const bytes = Uint8Array.from(unknown(field));
    const named = new RegExp(`^Missing required fields: (.*, )?${field.wireName}(,|$)`);
    expect(() => decodeMessage(type, bytes)).toThrow(named);
  });

  test.each(of((one) => !isRequired(one) && !isConfining(one)))(
    'is passed over in $title',
    ({ type, field }) => {
      const [message] = fc.sample(arbitraryMessage(type), { numRuns: 1, seed: field.number });
      const { [field.name]: _, ...others } = message as Record<string, unknown>;
      const bytes = Uint8Array.from([...encodeMessage(type, others), ...unknown(field)]);
      expect(decodeMessage(type, bytes)).toStrictEqual(others);
    },
  );

  test.each(of(isConfining))('is an error in $title, which confines a task', ({ type, field }) => {
    expect(() => decodeMessage(type, Uint8Array.from(unknown(field)))).toThrow(
      `Unknown enum value 8191 for field '${field.wireName}'`,
    );
  });

  test('there are fields of each kind', () => {
    expect(new Set(of(isConfining).map(({ title }) => title))).toEqual(CONFINING);
    expect(of(isRequired).length).toBeGreaterThan(15);
  });
});
