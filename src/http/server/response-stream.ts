// Responses of any length. The state of a whole cluster is tens of megabytes: it is written piece
// by piece, as JSON or protobuf, and other requests are handled between the pieces. The lists in a
// plain value may be iterables, whose items are then made only when they are written.
import { writeJson } from '../../wire/json.ts';
import type { Field, MessageType } from '../../wire/message-type.ts';
import { encodeMessage } from '../../wire/protobuf.ts';
import { withoutSecrets } from '../../wire/secrets.ts';
import type { Codec } from './content-negotiation.ts';
import { Slice } from './slice.ts';

/** A body in pieces. */
export type Pieces = readonly Uint8Array[];

/**
 * The size of one piece, in characters, or in values that take as long to write. Smaller values are
 * written at once.
 */
const PIECE = 32 * 1024;
/** The cost of a value, field or element besides its characters. */
const VALUE = 24;

// Secrets are removed from each part of a message as it is written.
const shownJson = <T extends object>(type: MessageType<T>, message: T) =>
  writeJson(type, withoutSecrets(type, message));
const shownBytes = <T extends object>(type: MessageType<T>, message: T) =>
  encodeMessage(type, withoutSecrets(type, message));

/** The JSON of a plain value; at once where it is small. */
export function largeJson(value: unknown): string | Promise<Pieces> {
  return isLarge(value) ? collect(value, plainPieces(value)) : JSON.stringify(value);
}

/** A message without its secrets, in the given codec; at once where it is small. */
export function largeMessage<T extends object>(
  type: MessageType<T>,
  codec: Codec,
  message: T,
): string | Uint8Array | Promise<Pieces> {
  if (isLargeMessage(type, message)) {
    return codec === 'json'
      ? collect(message, jsonPieces(type, message))
      : collectProtobuf(type, message);
  }
  return codec === 'json' ? shownJson(type, message) : shownBytes(type, message);
}

type Container = Iterable<unknown> | Readonly<Record<string, unknown>>;

/**
 * Whether a value takes so long to write that it is written in pieces; every iterable counts as
 * large.
 */
const isLarge = (value: unknown): value is Container =>
  typeof value === 'object' && value !== null && left(value, PIECE) < 0;

/**
 * What is left of a budget after writing the value. Below zero, the rest of the value is not
 * examined.
 */
function left(value: unknown, budget: number): number {
  if (typeof value === 'string') {
    return budget - VALUE - value.length;
  }
  if (typeof value !== 'object' || value === null) {
    return budget - VALUE;
  }
  if (value instanceof Uint8Array) {
    return budget - VALUE - value.length;
  }
  if (!Array.isArray(value) && isIterable(value)) {
    return -1;
  }
  let rest = budget - VALUE;
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    rest = left(part, rest);
    if (rest < 0) {
      return rest;
    }
  }
  return rest;
}

const isIterable = (value: object): value is Iterable<unknown> =>
  typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';

/** Writes as JSON.stringify does: fields without a value are left out. */
function* plainPieces(value: unknown): Generator<string> {
  if (!isLarge(value)) {
    yield JSON.stringify(value) ?? 'null';
  } else if (isIterable(value)) {
    yield* elementTexts(value, plainPieces);
  } else {
    yield* gathered(plainFields(value));
  }
}

function* plainFields(object: Readonly<Record<string, unknown>>): Generator<string> {
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value !== undefined && typeof value !== 'function' && typeof value !== 'symbol') {
      yield `${separator}${JSON.stringify(key)}:`;
      yield* plainPieces(value);
      separator = ',';
    }
  }
  yield separator === '{' ? '{}' : '}';
}

function* elementTexts<T>(
  list: Iterable<T>,
  write: (element: T) => Iterable<string>,
): Generator<string> {
  yield* gathered(
    (function* () {
      let separator = '[';
      for (const element of list) {
        yield separator;
        yield* write(element);
        separator = ',';
      }
      yield separator === '[' ? '[]' : ']';
    })(),
  );
}

/** Joins short texts, since the clock is looked at after each piece. */
function* gathered(texts: Iterable<string>): Generator<string> {
  let text = '';
  for (const next of texts) {
    text += next;
    if (text.length >= PIECE) {
      yield text;
      text = '';
    }
  }
  if (text !== '') {
    yield text;
  }
}

/**
 * Whether a message is taken apart: it is large, and has only fields that can be written one by one
 * (no defaults to be shown, nothing required).
 */
const isLargeMessage = (type: MessageType<object>, message: object): boolean =>
  type.fields.every((field) => field.shownDefault === undefined && field.rule !== 'required') &&
  isLarge(message);

function isLargeField(field: Field, value: unknown): boolean {
  const element = elementType(field);
  if (element === undefined || value === undefined) {
    return false;
  }
  return field.rule === 'repeated'
    ? isLarge(value)
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
      yield* elementTexts(value as readonly object[], (item) => jsonOf(element, item));
    } else {
      yield* jsonPieces(element, value as object);
    }
  }
  yield separator === '{' ? '{}' : '}';
}

function* jsonOf(type: MessageType<object>, message: object): Generator<string> {
  if (isLargeMessage(type, message)) {
    yield* jsonPieces(type, message);
  } else {
    yield shownJson(type, message);
  }
}

/**
 * Large responses are written one after the other, so that many requests take no more time and
 * memory than one.
 */
let writing: Promise<unknown> = Promise.resolve();

/** Responses of a few pieces, such as metrics, do not wait until others are written. */
const SHORT = 16 * PIECE;

const isShort = (value: unknown) => left(value, SHORT) >= 0;

function inOrder(value: unknown, write: () => Promise<Pieces>): Promise<Pieces> {
  if (isShort(value)) {
    return write();
  }
  const written = writing.then(write);
  writing = written.catch(() => {
    // The request's own promise reports the error; the next response begins.
  });
  return written;
}

const collect = (value: unknown, source: Iterable<string>) =>
  inOrder(value, () => writeText(source));
const collectProtobuf = (type: MessageType<object>, message: object) =>
  inOrder(message, () => writeProtobuf(type, message));

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

/** The length of a message precedes it, so its pieces are made first. */
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
      for (const items of parts(value as readonly object[])) {
        // A part of a list is encoded as a list.
        add(shownBytes(type, { [field.name]: items }));
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

/** Splits a list into parts, each of which is written at once. */
function* parts(list: readonly object[]): Generator<readonly object[]> {
  let from = 0;
  let budget = PIECE;
  for (const [index, item] of list.entries()) {
    budget = left(item, budget);
    if (budget < 0) {
      yield list.slice(from, index + 1);
      from = index + 1;
      budget = PIECE;
    }
  }
  if (from < list.length) {
    yield list.slice(from);
  }
}

/** The tag and the length of a length-delimited field. */
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
