// The state of a whole cluster is tens of megabytes. It is written piece by piece, with turns for
// everybody else in between, as JSON or as protobuf. A plain value whose lists are iterables, not
// arrays, is even made only as it is written.
import { writeJson } from '../wire/json.ts';
import type { Field, MessageType } from '../wire/message-type.ts';
import { encodeMessage } from '../wire/protobuf.ts';
import { withoutSecrets } from '../wire/secrets.ts';
import type { Codec } from './media.ts';

/** The bytes of a body, in pieces. */
export type Pieces = readonly Uint8Array[];

/** Milliseconds of writing in one turn of the I/O loop, for everybody who asks. */
const SLICE_MS = 4;
/** A list shorter than this is written in one go. */
const LONG_LIST = 128;
/** Elements written between two looks at the clock. */
const ELEMENTS_A_LOOK = 16;

// Secrets are taken out as a message is written, part by part like everything else.
const shownJson = <T extends object>(type: MessageType<T>, message: T) =>
  writeJson(type, withoutSecrets(type, message));
const shownBytes = <T extends object>(type: MessageType<T>, message: T) =>
  encodeMessage(type, withoutSecrets(type, message));

/** JSON of a plain value: the text at once where it is small. */
export function largeJson(value: unknown): string | Promise<Pieces> {
  if (hasLongList(value)) {
    return collect(plainPieces(value));
  }
  return JSON.stringify(value);
}

/** A message but for its secrets, in the codec asked for: at once where it is small. */
export function largeMessage<T extends object>(
  type: MessageType<T>,
  codec: Codec,
  message: T,
): string | Uint8Array | Promise<Pieces> {
  if (isLargeMessage(type, message)) {
    return codec === 'json' ? collect(jsonPieces(type, message)) : collectProtobuf(type, message);
  }
  return codec === 'json' ? shownJson(type, message) : shownBytes(type, message);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLongList(value: unknown): value is Iterable<unknown> {
  if (Array.isArray(value)) {
    return value.length >= LONG_LIST;
  }
  const iterable = value as { [Symbol.iterator]?: unknown } | null;
  return typeof value === 'object' && typeof iterable?.[Symbol.iterator] === 'function';
}

/** In itself, or in an object that is a field of it. */
const hasLongList = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isObject(value) && Object.values(value).some((field) => isLongList(field) || hasLongList(field));

/** As JSON.stringify writes the object; fields without a value are left out. */
function* plainPieces(object: Readonly<Record<string, unknown>>): Generator<string> {
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (isLongList(value)) {
      yield `${separator}${JSON.stringify(key)}:`;
      yield* plainElements(value);
      separator = ',';
      continue;
    }
    if (hasLongList(value)) {
      yield `${separator}${JSON.stringify(key)}:`;
      yield* plainPieces(value);
      separator = ',';
      continue;
    }
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) {
      yield `${separator}${JSON.stringify(key)}:${text}`;
      separator = ',';
    }
  }
  yield separator === '{' ? '{}' : '}';
}

function* plainElements(list: Iterable<unknown>): Generator<string> {
  let text = '[';
  let separator = '';
  let untilLook = ELEMENTS_A_LOOK;
  for (const element of list) {
    if (hasLongList(element)) {
      yield text + separator;
      yield* plainPieces(element);
      text = '';
    } else {
      text += `${separator}${JSON.stringify(element) ?? 'null'}`;
    }
    separator = ',';
    if (--untilLook <= 0) {
      untilLook = ELEMENTS_A_LOOK;
      yield text;
      text = '';
    }
  }
  yield `${text}]`;
}

function* elementTexts<T>(list: Iterable<T>, write: (element: T) => string): Generator<string> {
  let text = '';
  let separator = '';
  let untilLook = ELEMENTS_A_LOOK;
  for (const element of list) {
    text += separator + write(element);
    separator = ',';
    if (--untilLook === 0) {
      untilLook = ELEMENTS_A_LOOK;
      yield text;
      text = '';
    }
  }
  yield text;
}

/**
 * Whether a message is worth taking apart: it has a long list somewhere, and nothing but lists and
 * messages that can be written one by one (no defaults to be shown, nothing required).
 */
function isLargeMessage(type: MessageType<object>, message: object): boolean {
  const simple = type.fields.every(
    (field) => field.shownDefault === undefined && field.rule !== 'required',
  );
  return simple && type.fields.some((field) => isLargeField(field, valueIn(message, field)));
}

function isLargeField(field: Field, value: unknown): boolean {
  const element = elementType(field);
  if (element === undefined || value === undefined) {
    return false;
  }
  return field.rule === 'repeated'
    ? (value as readonly unknown[]).length >= LONG_LIST
    : field.rule === 'optional' && isLargeMessage(element, value as object);
}

const elementType = (field: Field): MessageType<object> | undefined =>
  'message' in field.value ? field.value.message() : undefined;

const valueIn = (message: object, field: Field): unknown =>
  (message as Readonly<Record<string, unknown>>)[field.name];

function* jsonPieces(type: MessageType<object>, message: object): Generator<string> {
  let separator = '{';
  for (const field of type.fields) {
    const value = valueIn(message, field);
    if (value === undefined) {
      continue;
    }
    const element = elementType(field);
    if (element === undefined || !isLargeField(field, value)) {
      const text = shownJson(type, { [field.name]: value });
      if (text !== '{}') {
        yield separator + text.slice(1, -1);
        separator = ',';
      }
      continue;
    }
    yield `${separator}${JSON.stringify(field.wireName)}:`;
    separator = ',';
    if (field.rule === 'repeated') {
      yield '[';
      yield* elementTexts(value as readonly object[], (item) => shownJson(element, item));
      yield ']';
    } else {
      yield* jsonPieces(element, value as object);
    }
  }
  yield separator === '{' ? '{}' : '}';
}

/** Large answers are written one after the other, so that many who ask take no more time and memory. */
let writing: Promise<unknown> = Promise.resolve();

function inOrder(write: () => Promise<Pieces>): Promise<Pieces> {
  const written = writing.then(write);
  writing = written.catch(() => {
    // Who asked is told; the next one begins.
  });
  return written;
}

const collect = (source: Iterable<string>) => inOrder(() => writeText(source));
const collectProtobuf = (type: MessageType<object>, message: object) =>
  inOrder(() => writeProtobuf(type, message));

async function writeText(source: Iterable<string>): Promise<Pieces> {
  const pieces: Uint8Array[] = [];
  const slice = new Slice();
  await slice.next();
  for (const text of source) {
    pieces.push(Buffer.from(text));
    if (slice.over) {
      await slice.next();
    }
  }
  return pieces;
}

async function writeProtobuf(type: MessageType<object>, message: object): Promise<Pieces> {
  const slice = new Slice();
  await slice.next();
  const { pieces } = await protobufPieces(type, message, slice);
  return pieces;
}

interface Encoded {
  readonly pieces: Uint8Array[];
  readonly length: number;
}

/** The length of a message stands before it, so its pieces are made first. */
async function protobufPieces(
  type: MessageType<object>,
  message: object,
  slice: Slice,
): Promise<Encoded> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const add = (piece: Uint8Array) => {
    pieces.push(piece);
    length += piece.length;
  };
  for (const field of type.fields) {
    const value = valueIn(message, field);
    if (value === undefined) {
      continue;
    }
    const element = elementType(field);
    if (element === undefined || !isLargeField(field, value)) {
      add(shownBytes(type, { [field.name]: value }));
    } else if (field.rule === 'repeated') {
      const items = value as readonly object[];
      for (let from = 0; from < items.length; from += ELEMENTS_A_LOOK) {
        const part = { [field.name]: items.slice(from, from + ELEMENTS_A_LOOK) };
        // A part of a list is encoded like a whole one.
        add(shownBytes(type, part));
        if (slice.over) {
          await slice.next();
        }
      }
    } else {
      const inner = await protobufPieces(element, value as object, slice);
      add(lengthPrefix(field.number, inner.length));
      pieces.push(...inner.pieces);
      length += inner.length;
    }
  }
  return { pieces, length };
}

/** The tag of a length-delimited field, and the length. */
function lengthPrefix(fieldNumber: number, length: number): Uint8Array {
  return Uint8Array.from([...varint(fieldNumber * 8 + 2), ...varint(length)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | 128);
  }
  bytes.push(rest);
  return bytes;
}

/** What may be written before others have their turn. */
class Slice {
  #end = performance.now() + SLICE_MS;

  get over(): boolean {
    return performance.now() >= this.#end;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#end = performance.now() + SLICE_MS;
  }
}
