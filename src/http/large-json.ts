// JSON of a whole cluster's state is tens of megabytes. It is written piece by piece, with turns
// for everybody else in between. A value whose lists are iterables, not arrays, is even made only
// as it is written.

/** Milliseconds of writing in one turn of the I/O loop. */
const SLICE_MS = 4;
/** A list shorter than this is written in one go. */
const LONG_LIST = 128;
/** Elements written between two looks at the clock. */
const ELEMENTS_A_LOOK = 16;

/** The text at once where the value is small, or a promise of its bytes. */
export function largeJson(value: unknown): string | Promise<Buffer> {
  if (isObject(value) && Object.values(value).some(isLong)) {
    return collect(pieces(value));
  }
  return JSON.stringify(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLong(value: unknown): value is Iterable<unknown> {
  return Array.isArray(value)
    ? value.length >= LONG_LIST
    : isObject(value) &&
        typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';
}

/** As JSON.stringify writes the object, in pieces; fields without a value are left out. */
function* pieces(object: Readonly<Record<string, unknown>>): Generator<string> {
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (isLong(value)) {
      yield `${separator}${JSON.stringify(key)}:[`;
      yield* elements(value);
      yield ']';
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

function* elements(list: Iterable<unknown>): Generator<string> {
  let text = '';
  let separator = '';
  let untilLook = ELEMENTS_A_LOOK;
  for (const element of list) {
    text += `${separator}${JSON.stringify(element) ?? 'null'}`;
    separator = ',';
    if (--untilLook === 0) {
      untilLook = ELEMENTS_A_LOOK;
      yield text;
      text = '';
    }
  }
  yield text;
}

async function collect(source: Iterable<string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sliceEnd = performance.now() + SLICE_MS;
  for (const piece of source) {
    parts.push(Buffer.from(piece));
    if (performance.now() >= sliceEnd) {
      await new Promise((resolve) => setImmediate(resolve));
      sliceEnd = performance.now() + SLICE_MS;
    }
  }
  return Buffer.concat(parts);
}
