// Writes the source of the codec: for each message type of the schema four functions (read and
// write protobuf, read and write JSON) and the token that carries them. The generated code calls
// src/wire/.
import protobuf from 'protobufjs';
import { CONFINING } from '../src/wire/enum-table.ts';
import { BIGINT_FIELDS, fieldName, flatName } from './schema.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

type ValueKind = 'message' | 'enum' | string;

interface FieldPlan {
  readonly field: protobuf.Field;
  readonly name: string;
  readonly wireName: string;
  /**
   * 'message', 'enum', or the scalar kind, which is also the name of the method in reader and
   * writer.
   */
  readonly kind: ValueKind;
  /** The TypeScript name of the message or enumeration. */
  readonly typeName: string;
  readonly zeroIsAbsent: boolean;
}

/**
 * Kinds whose reader or writer may refuse a number, and so needs the field's name for the error.
 */
const NAMED_KINDS = new Set(['int64', 'uint64']);
const SCALAR_KINDS = new Set([
  'double',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
  'bytes',
]);

function plan(field: protobuf.Field): FieldPlan {
  const resolved = field.resolvedType;
  if (field instanceof protobuf.MapField && field.keyType !== 'string') {
    throw new Error(`${field.fullName}: only maps with string keys are supported`);
  }
  if (resolved === null && !SCALAR_KINDS.has(field.type)) {
    throw new Error(`${field.fullName}: the type ${field.type} is not supported`);
  }
  if (field.name in Object.prototype) {
    throw new Error(`${field.fullName}: every object has a property of that name`);
  }
  return {
    field,
    name: fieldName(field),
    wireName: field.name,
    kind:
      resolved instanceof protobuf.Type
        ? 'message'
        : resolved instanceof protobuf.Enum
          ? 'enum'
          : BIGINT_FIELDS.has(field.fullName)
            ? 'bigint'
            : field.type,
    typeName: resolved === null ? '' : flatName(resolved.fullName),
    zeroIsAbsent: !field.hasPresence && !field.repeated && !field.map,
  };
}

const wireTypeOf = (kind: ValueKind) =>
  kind === 'double' ? FIXED64 : ['message', 'string', 'bytes'].includes(kind) ? BYTES : VARINT;

const tagOf = (id: number, wireType: number) => ((id << 3) | wireType) >>> 0;

const quoted = (text: string) => `'${text}'`;

// --- Writing protobuf ---

function encodeValue({ kind, typeName, name }: FieldPlan, id: number, value: string): string {
  const tag = tagOf(id, wireTypeOf(kind));
  if (kind === 'message') {
    return `{ const at = w.open(${tag}); encode${typeName}(${value}, w); w.close(at); }`;
  }
  const method = kind === 'enum' ? 'int32' : kind;
  const field = NAMED_KINDS.has(kind) ? `, ${quoted(name)}` : '';
  return `w.${method}(${tag}, ${value}${field});`;
}

function encodeField(p: FieldPlan): string {
  const { field, name, kind } = p;
  if (field.map) {
    const entry = tagOf(field.id, BYTES);
    return (
      `  v = m.${name};\n  if (v !== undefined) for (const k of Object.keys(v)) {\n` +
      `    const at = w.open(${entry}); w.string(${tagOf(1, BYTES)}, k);\n` +
      `    ${encodeValue(p, 2, 'v[k]')}\n    w.close(at);\n  }\n`
    );
  }
  if (field.repeated) {
    if (field.packed) {
      throw new Error(`${field.fullName}: packed lists are not written`);
    }
    return (
      `  v = m.${name};\n  if (v !== undefined) for (let i = 0; i < v.length; i++) ` +
      `${encodeValue(p, field.id, 'v[i]')}\n`
    );
  }
  const condition = p.zeroIsAbsent ? 'v !== undefined && v !== 0' : 'v !== undefined';
  const otherwise = field.required ? ' else w.incomplete = true;' : '';
  const statement = encodeValue(p, field.id, 'v');
  const block = kind === 'message' ? statement : `{ ${statement} }`;
  return `  v = m.${name};\n  if (${condition}) ${block}${otherwise}\n`;
}

// --- Reading protobuf ---

function scalarRead({ kind, name }: FieldPlan): string {
  return `r.${kind}(${NAMED_KINDS.has(kind) ? quoted(name) : ''})`;
}

/** Setting a field of a oneof unsets its other fields. */
function clearOthers({ field }: FieldPlan): string {
  const others = field.partOf?.fieldsArray.filter((other) => other !== field) ?? [];
  return others
    .map((other) => fieldName(other))
    .map((name) => ` if (m.${name} !== undefined) delete m.${name};`)
    .join('');
}

const isConfining = ({ field, name }: FieldPlan) =>
  CONFINING.has(`${flatName(field.parent?.fullName ?? '')}.${name}`);

const otherwise = (p: FieldPlan) =>
  isConfining(p) ? ` else unknownEnum(e, ${quoted(p.name)});` : '';

function decodeSingle(p: FieldPlan): string {
  const { name, kind, typeName } = p;
  const clear = clearOthers(p);
  if (kind === 'message') {
    return `e = r.enter(end); m.${name} = decode${typeName}(r, e, m.${name}); r.leave();${clear}`;
  }
  if (kind === 'enum') {
    const known = `if (enum${typeName}.names[e] !== undefined) { m.${name} = e;${clear} }`;
    return `e = r.int32(); ${known}${otherwise(p)}`;
  }
  if (p.zeroIsAbsent) {
    return `v = ${scalarRead(p)}; if (v !== 0) m.${name} = v; else delete m.${name};`;
  }
  return `m.${name} = ${scalarRead(p)};${clear}`;
}

function decodeElement(p: FieldPlan): string {
  const { name, kind, typeName } = p;
  const list = `(m.${name} ??= [])`;
  if (kind === 'message') {
    return `e = r.enter(end); v = decode${typeName}(r, e, undefined); r.leave(); ${list}.push(v);`;
  }
  if (kind === 'enum') {
    const known = `if (enum${typeName}.names[e] !== undefined) ${list}.push(e);`;
    return `e = r.int32(); ${known}${otherwise(p)}`;
  }
  return `v = ${scalarRead(p)}; ${list}.push(v);`;
}

const EMPTY_VALUES: Record<string, string> = { string: "''" };

function decodeMapEntry(p: FieldPlan): string {
  const { name, kind, typeName } = p;
  const empty = kind === 'message' ? 'undefined' : EMPTY_VALUES[kind];
  if (empty === undefined) {
    throw new Error(`${p.field.fullName}: maps of ${kind} are not supported`);
  }
  const value =
    kind === 'message'
      ? `{ const inner = r.enter(e); v = decode${typeName}(r, inner, v); r.leave(); }`
      : `v = ${scalarRead(p)};`;
  const missing =
    kind === 'message'
      ? `if (v === undefined) v = decode${typeName}(r, r.position, undefined); `
      : '';
  return (
    `{\n        e = r.enter(end); let k = ''; v = ${empty};\n` +
    `        while (r.position < e) {\n          const inside = r.uint32();\n` +
    `          if (inside === ${tagOf(1, BYTES)}) k = r.string();\n` +
    `          else if (inside === ${tagOf(2, wireTypeOf(kind))}) ${value}\n` +
    `          else r.skip(inside);\n        }\n` +
    `        r.expectEnd(e); r.leave(); ${missing}setEntry(m.${name} ??= {}, k, v);\n      }`
  );
}

function decodeField(p: FieldPlan): string {
  const { field, kind } = p;
  if (field.map) {
    return `      case ${tagOf(field.id, BYTES)}: ${decodeMapEntry(p)} break;\n`;
  }
  if (!field.repeated) {
    return `      case ${tagOf(field.id, wireTypeOf(kind))}: ${decodeSingle(p)} break;\n`;
  }
  const one = `      case ${tagOf(field.id, wireTypeOf(kind))}: ${decodeElement(p)} break;\n`;
  if (wireTypeOf(kind) === BYTES) {
    return one;
  }
  const packed =
    `{ const inner = r.enter(end); while (r.position < inner) { ${decodeElement(p)} } ` +
    'r.expectEnd(inner); r.leave(); }';
  return `${one}      case ${tagOf(field.id, BYTES)}: ${packed} break;\n`;
}

/**
 * A new object has all required fields from the start, so that all finished objects have one shape.
 */
function freshObject(plans: FieldPlan[]): string {
  const required = plans.filter((p) => p.field.required);
  return required.length === plans.length
    ? `{ ${required.map((p) => `${p.name}: undefined`).join(', ')} }`
    : '{}';
}

const incompleteCheck = (plans: FieldPlan[], target: string) =>
  plans
    .filter((p) => p.field.required)
    .map((p) => `  if (m.${p.name} === undefined) ${target}.incomplete = true;\n`)
    .join('');

// --- Writing JSON ---

function jsonOut({ kind, typeName, wireName }: FieldPlan, value: string): string {
  switch (kind) {
    case 'message':
      return `write${typeName}(${value})`;
    case 'enum':
      return `(enum${typeName}.quoted[${value}] ?? unknownEnum(${value}, ${quoted(wireName)}))`;
    case 'string':
      return `quote(${value})`;
    case 'bytes':
      return `'"' + encodeBase64(${value}) + '"'`;
    case 'double':
      return `doubleText(${value})`;
    default:
      return value;
  }
}

function shownDefault(p: FieldPlan): unknown {
  const { field } = p;
  const options = field.options ?? {};
  return options.default === undefined || options.deprecated === true
    ? undefined
    : (field.defaultValue as unknown);
}

function defaultText(p: FieldPlan): string | undefined {
  const value = shownDefault(p);
  if (value === undefined) {
    return undefined;
  }
  if (p.kind === 'enum') {
    const { valuesById } = p.field.resolvedType as protobuf.Enum;
    return JSON.stringify(valuesById[value as number]);
  }
  return p.kind === 'double' && Number.isInteger(value) ? `${value}.0` : JSON.stringify(value);
}

/** `sure` is false as long as it is possible that no field has been written before this one. */
function writeField(p: FieldPlan, state: { sure: boolean; index: number }): string {
  const { field, name, wireName } = p;
  const key = JSON.stringify(wireName);
  const comma = (rest: string) => {
    if (state.sure) {
      return `',${key}:${rest}'`;
    }
    return state.index === 0
      ? `'${key}:${rest}'`
      : `(s.length > 1 ? ',${key}:${rest}' : '${key}:${rest}')`;
  };
  let source: string;
  if (field.map) {
    source =
      `  v = m.${name};\n  if (v !== undefined) {\n    let t = '';\n` +
      `    for (const k of Object.keys(v)) t += (t === '' ? '' : ',') + quote(k) + ':' + ${jsonOut(p, 'v[k]')};\n` +
      `    s += ${comma('{')} + t + '}';\n  }\n`;
  } else if (field.repeated) {
    source =
      `  v = m.${name};\n  if (v !== undefined) {\n    s += ${comma('[')};\n` +
      `    for (let i = 0; i < v.length; i++) s += i === 0 ? ${jsonOut(p, 'v[i]')} : ',' + ${jsonOut(p, 'v[i]')};\n` +
      "    s += ']';\n  }\n";
  } else {
    const text = defaultText(p);
    const condition = p.zeroIsAbsent ? 'v !== undefined && v !== 0' : 'v !== undefined';
    source = `  v = m.${name};\n  if (${condition}) s += ${comma('')} + ${jsonOut(p, 'v')};\n`;
    if (text !== undefined) {
      source += `  else s += ${comma(text)};\n`;
      state.sure = true;
    }
  }
  state.index++;
  return source;
}

// --- Reading JSON ---

function jsonIn(p: FieldPlan, value: string): string {
  const { kind, typeName, wireName } = p;
  const name = quoted(wireName);
  switch (kind) {
    case 'message':
      return `read${typeName}(j.object(${value}, ${name}), j)`;
    case 'enum':
      return (
        `j.enumeration(${value}, ${name}, enum${typeName}, ` +
        `${p.field.required === true || isConfining(p)})`
      );
    default:
      return `j.${kind}(${value}, ${name})`;
  }
}

function readField(p: FieldPlan): string {
  const { field, name, wireName, kind } = p;
  const source = `  v = o.${wireName};\n`;
  const clear = clearOthers(p);
  const present = 'v !== undefined && v !== null';
  if (field.map) {
    return (
      `${source}  if (${present}) for (const [k, x] of j.entries(v, ${quoted(wireName)})) ` +
      `if (x !== null) setEntry(m.${name} ??= {}, k, ${jsonIn(p, 'x')});\n`
    );
  }
  if (field.repeated) {
    const add =
      kind === 'enum'
        ? `const y = ${jsonIn(p, 'x')}; if (y !== undefined) (m.${name} ??= []).push(y);`
        : `const y = ${jsonIn(p, 'x')}; (m.${name} ??= []).push(y);`;
    return `${source}  if (${present}) for (const x of j.items(v)) if (x !== null) { ${add} }\n`;
  }
  if (kind === 'enum') {
    return `${source}  if (${present}) { v = ${jsonIn(p, 'v')}; if (v !== undefined) { m.${name} = v;${clear} } }\n`;
  }
  if (p.zeroIsAbsent) {
    return `${source}  if (${present}) { v = ${jsonIn(p, 'v')}; if (v !== 0) m.${name} = v; }\n`;
  }
  return `${source}  if (${present}) { m.${name} = ${jsonIn(p, 'v')};${clear} }\n`;
}

// --- The codec of one type ---

function fieldToken(p: FieldPlan): string {
  const { field, kind, typeName } = p;
  const value =
    kind === 'message'
      ? `{ message: () => types.${typeName} }`
      : kind === 'enum'
        ? `{ enumeration: enum${typeName} }`
        : `{ scalar: ${quoted(kind)} }`;
  const rule = field.map
    ? 'map'
    : field.repeated
      ? 'repeated'
      : field.required
        ? 'required'
        : 'optional';
  const fallback = shownDefault(p);
  const more =
    (fallback === undefined ? '' : `, shownDefault: ${JSON.stringify(fallback)}`) +
    (p.zeroIsAbsent ? ', zeroIsAbsent: true' : '') +
    (field.partOf === null ? '' : `, oneof: ${quoted(field.partOf.name)}`);
  return (
    `    { name: ${quoted(p.name)}, wireName: ${quoted(p.wireName)}, number: ${field.id}, ` +
    `rule: ${quoted(rule)}, value: ${value}${more} },\n`
  );
}

/** Whether a value of the type can contain another of the same type, at any depth. */
function isRecursive(type: protobuf.Type): boolean {
  const seen = new Set<protobuf.Type>();
  const open = [type];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { resolvedType } of next.fieldsArray) {
      if (resolvedType === type) {
        return true;
      }
      if (resolvedType instanceof protobuf.Type && !seen.has(resolvedType)) {
        seen.add(resolvedType);
        open.push(resolvedType);
      }
    }
  }
  return false;
}

export function messageSource(type: protobuf.Type): { functions: string; token: string } {
  const name = flatName(type.fullName);
  const plans = type.fieldsArray.map(plan);
  const byNumber = [...plans].sort((a, b) => a.field.id - b.field.id);
  // Mesos checks the members of a JSON object in alphabetical order, and reports the first error.
  const byName = [...plans].sort((a, b) => (a.wireName < b.wireName ? -1 : 1));
  const fresh = freshObject(plans);
  const state = { sure: false, index: 0 };
  const recursive = isRecursive(type);
  const functions = [
    `function encode${name}(m, w) {\n  let v;\n${byNumber.map(encodeField).join('')}}\n`,
    `function decode${name}(r, end, into) {\n  const m = into ?? ${fresh};\n  let e, v;\n` +
      '  while (r.position < end) {\n    const tag = r.uint32();\n    switch (tag) {\n' +
      `${byNumber.map(decodeField).join('')}      default: r.skip(tag);\n    }\n  }\n` +
      `  r.expectEnd(end);\n${incompleteCheck(byNumber, 'r')}  return m;\n}\n`,
    `function write${name}(m) {\n  let s = '{', v;\n` +
      `${plans.map((p) => writeField(p, state)).join('')}  return s + '}';\n}\n`,
    `function read${name}(o, j) {\n  const m = ${fresh};\n  let v;\n${recursive ? '  j.enter();\n' : ''}` +
      `${byName.map(readField).join('')}${recursive ? '  j.leave();\n' : ''}` +
      `${incompleteCheck(plans, 'j')}  return m;\n}\n`,
  ];
  const token =
    `  ${name}: messageType(${quoted(name)}, ${quoted(type.fullName.slice(1))}, ` +
    `encode${name}, decode${name}, write${name}, read${name}, () => [\n` +
    `${plans.map(fieldToken).join('')}  ]),\n`;
  return { functions: functions.join(''), token };
}

export const enumTableName = (type: protobuf.Enum) => `enum${flatName(type.fullName)}`;

export function enumTableSource(type: protobuf.Enum): string {
  const pairs = Object.entries(type.values).map(([key, value]) => `['${key}', ${value}]`);
  return `${enumTableName(type)} = enumTable([${pairs.join(', ')}]);\n`;
}
