// Writes test/wire/versions: for an earlier version of Mesos, all that its clients can send, as
// bytes that protobufjs makes of that version's own definitions, and as JSON.
//   node scripts/client-messages.ts NAME FOLDER
// NAME as mesos-1.4; FOLDER has mesos/v1/mesos.proto of it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const CALLS = ['scheduler', 'executor', 'master', 'agent'];

const [name = '', folder = ''] = process.argv.slice(2);
const root = new protobuf.Root();
root.resolvePath = (_from, name) => join(folder, name);
root.loadSync(['mesos/v1/mesos.proto', ...CALLS.map((name) => `mesos/v1/${name}/${name}.proto`)], {
  keepCase: true,
});
root.resolveAll();

/** Values differ from field to field, so that none can stand for another. */
let count = 0;

/**
 * All fields; the last of those that exclude each other. A message within its own type is left out.
 */
function filled(type: protobuf.Type, above: readonly protobuf.Type[]): Record<string, unknown> {
  const within = [...above, type];
  const fields = type.fieldsArray.filter(
    ({ resolvedType, partOf, name }) =>
      !within.includes(resolvedType as protobuf.Type) &&
      (partOf === null || partOf.fieldsArray.at(-1)?.name === name),
  );
  return Object.fromEntries(
    fields.map((field) => {
      const value = fieldValue(field, within);
      if (field.map) {
        return [field.name, { [`key-${++count}`]: value }];
      }
      return [field.name, field.repeated ? [value] : value];
    }),
  );
}

function fieldValue({ resolvedType, type, name }: protobuf.Field, above: readonly protobuf.Type[]) {
  count++;
  if (resolvedType instanceof protobuf.Type) {
    return filled(resolvedType, above);
  }
  if (resolvedType instanceof protobuf.Enum) {
    const values = Object.values(resolvedType.values);
    return values[count % values.length];
  }
  switch (type) {
    case 'string':
      return `${name}-${count}`;
    case 'bytes':
      return Uint8Array.from({ length: 16 }, (_, at) => (count + at) % 256);
    case 'bool':
      return count % 2 === 1;
    case 'double':
    case 'float':
      return (count % 1000) + 0.25;
    default:
      return count;
  }
}

const lines = CALLS.map((call) => {
  const type = root.lookupType(`mesos.v1.${call}.Call`);
  const message = type.fromObject(filled(type, []));
  const json = type.toObject(message, { enums: String, longs: Number, bytes: String });
  const bytes = Buffer.from(type.encode(message).finish()).toString('base64');
  return `${JSON.stringify(call)}: ${JSON.stringify({ bytes, json })}`;
});
writeFileSync(
  join(import.meta.dirname, '..', 'test', 'wire', 'versions', `${name}.json`),
  `{\n${lines.join(',\n')}\n}\n`,
);
