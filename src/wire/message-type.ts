// What the codec knows about a message type: its names, its fields, and the four generated
// functions.
import type { JsonReading } from './json-reader.ts';
import type { ProtobufReader } from './protobuf-reader.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

export type ScalarKind =
  | 'double'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bigint'
  | 'bool'
  | 'string'
  | 'bytes';

/** The names of an enumeration by number, and the numbers by name. */
export interface EnumTable {
  readonly names: readonly (string | undefined)[];
  readonly numbers: ReadonlyMap<string, number>;
}

export type FieldValue =
  | { readonly scalar: ScalarKind }
  | { readonly enumeration: EnumTable }
  | { readonly message: () => MessageType<object> };

export interface Field {
  /** The name in TypeScript. */
  readonly name: string;
  /** The name in the schema and in JSON; differs from `name` where the schema says "slave". */
  readonly wireName: string;
  readonly number: number;
  readonly rule: 'required' | 'optional' | 'repeated' | 'map';
  readonly value: FieldValue;
  /** The default that JSON shows where the field is unset; undefined for deprecated fields. */
  readonly shownDefault?: unknown;
  /** For fields of a proto3 file, where zero means unset. */
  readonly zeroIsAbsent?: true;
  /** The oneof that the field belongs to: of its fields at most one is set. */
  readonly oneof?: string;
}

/** A token for a message type; the codec uses it to encode and decode values of `T`. */
export interface MessageType<T> {
  /** The name in TypeScript, such as `RegisterAgentMessage`. */
  readonly name: string;
  /** The name on the wire, such as `mesos.internal.RegisterSlaveMessage`. */
  readonly wireName: string;
  /** In the order of declaration, which is also the order in JSON. */
  readonly fields: readonly Field[];
  encode(message: T, writer: ProtobufWriter): void;
  decode(reader: ProtobufReader, end: number, into: T | undefined): T;
  write(message: T): string;
  read(object: object, reading: JsonReading): T;
}

/**
 * A message type. Its fields are listed on first use: encoding and decoding do without the list.
 */
export function messageType<T>(
  name: string,
  wireName: string,
  encode: MessageType<T>['encode'],
  decode: MessageType<T>['decode'],
  write: MessageType<T>['write'],
  read: MessageType<T>['read'],
  listFields: () => readonly Field[],
): MessageType<T> {
  let fields: readonly Field[] | undefined;
  return {
    name,
    wireName,
    encode,
    decode,
    write,
    read,
    get fields() {
      fields ??= listFields();
      return fields;
    },
  };
}
