// Reads protobuf messages by tables of the fields that the page shows, and skips all else: the
// codec of all messages is a megabyte of script. A test holds the tables to the schema.
import type { ProtobufReader } from '../../wire/protobuf-reader.ts';

type Scalar = 'string' | 'bool' | 'enum' | 'double' | 'uint32' | 'int32' | 'uint64' | 'nanoseconds';

export interface ShapeField {
  readonly name: string;
  readonly kind: Scalar | Shape;
  readonly many: boolean;
  /** Of a map, whose keys are texts, the kind is that of an entry. */
  readonly isMap: boolean;
}

/** Fields by their numbers. */
export type Shape = ReadonlyMap<number, ShapeField>;

/** What a table leaves of a message: any field may be absent. */
export type Seen<T> = T extends Uint8Array
  ? unknown
  : T extends bigint
    ? number
    : T extends readonly (infer Item)[]
      ? readonly Seen<Item>[]
      : T extends object
        ? { readonly [Name in keyof T]?: Seen<T[Name]> }
        : T;

type Kind = Scalar | Shape;

type FieldKind = Kind | readonly [Kind] | readonly ['map', Kind];

/** `[kind]` is a list, `['map', kind]` a map from texts. */
export function shape(
  fields: Readonly<Record<string, readonly [number: number, kind: FieldKind]>>,
): Shape {
  return new Map(
    Object.entries(fields).map(([name, [number, kind]]) => [number, fieldOf(name, kind)]),
  );
}

function fieldOf(name: string, kind: FieldKind): ShapeField {
  if (!isMany(kind)) {
    return { name, kind, many: false, isMap: false };
  }
  const [first, ofValues] = kind;
  return first === 'map'
    ? {
        name,
        kind: shape({ key: [1, 'string'], value: [2, ofValues as Kind] }),
        many: false,
        isMap: true,
      }
    : { name, kind: first, many: true, isMap: false };
}

const isMany = (kind: FieldKind): kind is readonly [Kind] | readonly ['map', Kind] =>
  Array.isArray(kind);

/** @throws WireError where the bytes up to `end` are no message. */
export function readShape<T>(fields: Shape, reader: ProtobufReader, end: number): Seen<T> {
  const message: Record<string, unknown> = {};
  while (reader.position < end) {
    const tag = reader.uint32();
    const field = fields.get(tag >>> 3);
    if (field === undefined || (tag & 7) !== wireTypeOf(field.kind)) {
      reader.skip(tag);
      continue;
    }
    const value = readValue(field, reader, end);
    if (field.isMap) {
      // Any text may be a key, and none has a meaning of its own.
      message[field.name] ??= Object.create(null);
      const { key = '', value: inner } = value as { key?: string; value?: unknown };
      (message[field.name] as Record<string, unknown>)[key] = inner;
    } else if (field.many) {
      message[field.name] ??= [];
      (message[field.name] as unknown[]).push(value);
    } else {
      message[field.name] = value;
    }
  }
  reader.expectEnd(end);
  return message as Seen<T>;
}

const wireTypeOf = (kind: Kind) =>
  kind === 'double' ? 1 : kind === 'string' || typeof kind === 'object' ? 2 : 0;

function readValue({ name, kind }: ShapeField, reader: ProtobufReader, end: number): unknown {
  switch (kind) {
    case 'string':
      return reader.string();
    case 'bool':
      return reader.bool();
    case 'enum':
    case 'int32':
      return reader.int32();
    case 'uint32':
      return reader.uint32();
    case 'uint64':
      return reader.uint64(name);
    case 'double':
      return reader.double();
    case 'nanoseconds':
      // Beyond 2^53, but not as milliseconds.
      return Number(reader.bigint() / 1_000_000n);
    default: {
      const inner = readShape(kind, reader, reader.enter(end));
      reader.leave();
      return inner;
    }
  }
}
