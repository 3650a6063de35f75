// Arbitrary messages of any type of the schema, for property tests.
import fc from 'fast-check';
import type { Field, MessageType, ScalarKind } from '../../src/wire/message-type.ts';

const MAX_DEPTH = 2;

const safeInteger = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -3, max: 300 }));

/** Half surrogates are no characters. */
const SURROGATES = { first: 0xd800, count: 0x800 };

/**
 * Any character. The unit 'binary' is the same, but first makes a table of all million of them. The
 * way back is for names like `__proto__`, which fast-check mixes in where it can take them apart.
 */
const character = fc.integer({ min: 0, max: 0x10ffff - SURROGATES.count }).map(
  (n) => String.fromCodePoint(n < SURROGATES.first ? n : n + SURROGATES.count),
  (text) => {
    const point = String(text).codePointAt(0) ?? 0;
    return point < SURROGATES.first ? point : point - SURROGATES.count;
  },
);

const text = fc.oneof(
  fc.string({ unit: character, maxLength: 12 }),
  fc.constantFrom('', '__proto__', '"\\\u001f', 'x'.repeat(127), 'é'.repeat(100), '*'),
);

const scalars: Record<ScalarKind, fc.Arbitrary<unknown>> = {
  double: fc.double({ noNaN: true }),
  int32: fc.integer(),
  uint32: fc.nat({ max: 0xffffffff }),
  int64: safeInteger,
  uint64: safeInteger.map(Math.abs),
  bigint: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  bool: fc.boolean(),
  string: text,
  bytes: fc.uint8Array({ maxLength: 20 }),
};

const made = new Map<string, fc.Arbitrary<object>>();

export function arbitraryMessage<T>(type: MessageType<T>, depth = 0): fc.Arbitrary<T> {
  const key = `${type.name} ${depth}`;
  let arbitrary = made.get(key);
  if (arbitrary === undefined) {
    arbitrary = build(type, depth);
    made.set(key, arbitrary);
  }
  return arbitrary as fc.Arbitrary<T>;
}

function build<T>(type: MessageType<T>, depth: number): fc.Arbitrary<object> {
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  const requiredKeys: string[] = [];
  for (const field of type.fields) {
    if (field.rule === 'required') {
      requiredKeys.push(field.name);
    } else if ('message' in field.value && depth >= MAX_DEPTH) {
      continue;
    }
    model[field.name] = fieldArbitrary(field, depth);
  }
  return fc
    .record(model, { requiredKeys, noNullPrototype: true })
    .map((message) => withOneOfEach(type.fields, message));
}

/** Of each oneof the first member that is set stays. */
function withOneOfEach(fields: readonly Field[], message: Record<string, unknown>): object {
  const set = new Set<string>();
  for (const { name, oneof } of fields) {
    if (oneof !== undefined && message[name] !== undefined) {
      if (set.has(oneof)) {
        delete message[name];
      }
      set.add(oneof);
    }
  }
  return message;
}

function fieldArbitrary(field: Field, depth: number): fc.Arbitrary<unknown> {
  const value = valueArbitrary(field, depth);
  switch (field.rule) {
    case 'repeated':
      return fc.array(value, { minLength: 1, maxLength: 3 });
    case 'map':
      return fc.dictionary(text, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
    default:
      return field.zeroIsAbsent === true ? value.filter((v) => v !== 0) : value;
  }
}

function valueArbitrary(field: Field, depth: number): fc.Arbitrary<unknown> {
  if ('message' in field.value) {
    return arbitraryMessage(field.value.message(), depth + 1);
  }
  if ('enumeration' in field.value) {
    return fc.constantFrom(...field.value.enumeration.numbers.values());
  }
  return scalars[field.value.scalar];
}
