// Messages with every field that their schema has, for tests of what holds for all fields.
import type { Field, MessageType } from '../../src/wire/message-type.ts';

export type AnyType = MessageType<object>;

/** What is filled in, where that is not any value of the field's type. */
export interface Filling {
  readonly message?: (type: AnyType) => object | undefined;
  readonly text?: (field: Field, type: AnyType) => string | undefined;
  readonly key?: (field: Field) => string | undefined;
}

/** A message within one of its own type is left out. */
export function filledMessage(
  type: AnyType,
  filling: Filling = {},
  above: readonly AnyType[] = [],
): object {
  const given = filling.message?.(type);
  if (given !== undefined) {
    return given;
  }
  const one = (field: Field): unknown => {
    const { value } = field;
    if ('message' in value) {
      return filledMessage(value.message(), filling, [...above, type]);
    }
    if ('enumeration' in value) {
      return 1;
    }
    switch (value.scalar) {
      case 'string':
        return filling.text?.(field, type) ?? 'text';
      case 'bytes':
        return new Uint8Array(16);
      case 'bool':
        return true;
      case 'bigint':
      case 'int64':
      case 'uint64':
        return 1n;
      default:
        return 1;
    }
  };
  const fill = (field: Field): unknown => {
    switch (field.rule) {
      case 'repeated':
        return [one(field)];
      case 'map':
        return { [filling.key?.(field) ?? 'key']: one(field) };
      default:
        return one(field);
    }
  };
  return Object.fromEntries(
    type.fields
      .filter(({ value }) => !('message' in value && [...above, type].includes(value.message())))
      .map((field) => [field.name, fill(field)]),
  );
}
