// Generates code from proto/: the message types, which every room may use (src/model/generated/),
// and the codec that reads and writes them (src/wire/generated/).
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { enumTableName, enumTableSource, messageSource } from './codec-source.ts';
import { MESSAGES, staleness } from './products.mjs';
import { allTypes, BIGINT_FIELDS, fieldName, flatName, loadSchema } from './schema.ts';

const SCALARS: Record<string, string> = {
  double: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  uint64: 'number',
  bool: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
};

/** What src/wire/codec-runtime.ts exports for the codec. */
const RUNTIME = 'encodeBase64, enumTable, messageType, unknownEnum, setEntry, doubleText, quote';

const HEADER = '// Generated from proto/ by `npm run generate`. Do not edit.\n';

function fieldType(field: protobuf.Field): string {
  const scalar = SCALARS[field.type];
  if (scalar === undefined) {
    return flatName((field.resolvedType as protobuf.ReflectionObject).fullName);
  }
  return BIGINT_FIELDS.has(field.fullName) ? 'bigint' : scalar;
}

function interfaceSource(type: protobuf.Type): string {
  const fields = type.fieldsArray.map((field) => {
    const base = fieldType(field);
    const text = field.map ? `Record<string, ${base}>` : field.repeated ? `${base}[]` : base;
    return `  ${fieldName(field)}${field.required ? '' : '?'}: ${text};\n`;
  });
  return `export interface ${flatName(type.fullName)} {\n${fields.join('')}}\n`;
}

function enumSource(type: protobuf.Enum): string {
  const name = flatName(type.fullName);
  const values = Object.entries(type.values).map(([key, value]) => `  ${key}: ${value},`);
  return (
    `export const ${name} = {\n${values.join('\n')}\n} as const;\n` +
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];\n`
  );
}

function messagesSource(types: (protobuf.Type | protobuf.Enum)[]): string {
  const sources = types.map((type) =>
    type instanceof protobuf.Enum ? enumSource(type) : interfaceSource(type),
  );
  return `${HEADER}\n${sources.join('\n')}`;
}

/**
 * The codec is JavaScript: stripping the types of a megabyte of source would take a quarter of a
 * second at every start. It imports nothing and gets what it calls as an argument, so that a build
 * only has to copy the file. Its functions are at the top level: the engine would scan functions
 * inside a function twice.
 */
function codecSource(types: (protobuf.Type | protobuf.Enum)[]): string {
  const messages = types.filter((type) => type instanceof protobuf.Type);
  const enums = types.filter((type) => type instanceof protobuf.Enum);
  const sources = messages.map(messageSource);
  return [
    HEADER,
    `let ${RUNTIME};\n`,
    `let ${enums.map(enumTableName).join(', ')};\n\n`,
    ...sources.map((source) => source.functions),
    `\nexport function createTypes(runtime) {\n({ ${RUNTIME} } = runtime);\n`,
    ...enums.map(enumTableSource),
    'const types = {\n',
    ...sources.map((source) => source.token),
    '};\nreturn types;\n}\n',
  ].join('');
}

function declarationSource(types: (protobuf.Type | protobuf.Enum)[]): string {
  const names = types
    .filter((type) => type instanceof protobuf.Type)
    .map((type) => flatName(type.fullName));
  return (
    `${HEADER}import type * as M from '../../model/generated/messages.ts';\n` +
    "import type { CodecRuntime } from '../codec-runtime.ts';\n" +
    "import type { MessageType } from '../message-type.ts';\n\n" +
    `export interface Types {\n${names.map((n) => `  readonly ${n}: MessageType<M.${n}>;\n`).join('')}}\n\n` +
    'export declare function createTypes(runtime: CodecRuntime): Types;\n'
  );
}

function checkNames(types: (protobuf.Type | protobuf.Enum)[]): void {
  const seen = new Map<string, string>();
  for (const type of types) {
    const name = flatName(type.fullName);
    const other = seen.get(name);
    if (other !== undefined) {
      throw new Error(`${type.fullName} and ${other} would both be named ${name}`);
    }
    seen.set(name, type.fullName);
  }
}

/** Writes the file in one step: a concurrent reader sees the old content or the new one. */
function write(room: string, file: string, source: string): void {
  const folder = join(import.meta.dirname, '..', 'src', room, 'generated');
  const path = join(folder, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === source) {
    return;
  }
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, source);
  renameSync(unfinished, path);
}

const made = staleness(MESSAGES);
const types = [...allTypes(loadSchema())];
checkNames(types);
write('model', 'messages.ts', messagesSource(types));
write('wire', 'codec.js', codecSource(types));
write('wire', 'codec.d.ts', declarationSource(types));
made?.();
