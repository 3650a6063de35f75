// Writes what is derived from proto/: the message types every room may name (src/model/generated/).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { allTypes, BIGINT_FIELDS, fieldName, flatName, loadSchema } from './schema.ts';

const SCALARS: Record<string, string> = {
  double: 'number',
  float: 'number',
  int32: 'number',
  uint32: 'number',
  sint32: 'number',
  fixed32: 'number',
  sfixed32: 'number',
  int64: 'number',
  uint64: 'number',
  sint64: 'number',
  fixed64: 'number',
  sfixed64: 'number',
  bool: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
};

function fieldType(field: protobuf.Field): string {
  const scalar = SCALARS[field.type];
  if (scalar === undefined) {
    return flatName((field.resolvedType as protobuf.ReflectionObject).fullName);
  }
  return BIGINT_FIELDS.has(field.fullName) ? 'bigint' : scalar;
}

function typeSource(type: protobuf.Type): string {
  const fields = type.fieldsArray.map((field) => {
    const base = fieldType(field);
    const text = field.map ? `Record<string, ${base}>` : field.repeated ? `${base}[]` : base;
    return `  ${fieldName(field)}${field.required ? '' : '?'}: ${text};`;
  });
  return `export interface ${flatName(type.fullName)} {\n${fields.join('\n')}\n}\n`;
}

function enumSource(type: protobuf.Enum): string {
  const name = flatName(type.fullName);
  const values = Object.entries(type.values).map(([key, value]) => `  ${key}: ${value},`);
  return (
    `export const ${name} = {\n${values.join('\n')}\n} as const;\n` +
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];\n`
  );
}

const root = loadSchema();
const mesos = root.lookup('mesos') as protobuf.Namespace;
const seen = new Map<string, string>();
const sources: string[] = [];
for (const type of allTypes(root)) {
  const name = flatName(type.fullName);
  const other = seen.get(name);
  if (other !== undefined) {
    throw new Error(`${type.fullName} and ${other} would both be named ${name}`);
  }
  seen.set(name, type.fullName);
  sources.push(type instanceof protobuf.Enum ? enumSource(type) : typeSource(type));
}
if (mesos === null) {
  throw new Error('proto/ holds no package mesos');
}
const folder = join(import.meta.dirname, '..', 'src', 'model', 'generated');
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'messages.ts'),
  `// Generated from proto/ by \`npm run generate\`. Do not edit.\n\n${sources.join('\n')}`,
);
