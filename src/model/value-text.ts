// Values as text: `2.5` (scalar), `[1-3,7-9]` (ranges), `{a,b}` (set), anything else (text).
import { type Value, type Value_Range, Value_Type } from './generated/messages.ts';
import { rounded } from './milli.ts';

/** A text written by an operator cannot be read; the message says what was expected. */
export class TextError extends Error {
  readonly code = 'MESOSCALE_TEXT';
}

/** Reads a value; spaces are ignored. Throws TextError. */
export function parseValue(text: string): Value {
  const compact = text.replaceAll(/\s/g, '');
  if (compact === '') {
    throw new TextError('expected a value, got an empty text');
  }
  if (compact.startsWith('[')) {
    return { type: Value_Type.RANGES, ranges: { range: parseRanges(compact) } };
  }
  if (compact.startsWith('{')) {
    return { type: Value_Type.SET, set: { item: parseSet(compact) } };
  }
  if (/[[\]{}]/.test(compact)) {
    throw new TextError(`expected a number, [ranges], {set} or text, got '${text}'`);
  }
  const number = Number(compact);
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(compact);
  return isNumber && number >= 0 && Number.isFinite(number)
    ? { type: Value_Type.SCALAR, scalar: { value: number } }
    : { type: Value_Type.TEXT, text: { value: compact } };
}

function parseRanges(text: string): Value_Range[] {
  if (!text.endsWith(']')) {
    throw new TextError(`expected ranges such as [1-3,7-9], got '${text}'`);
  }
  const inner = text.slice(1, -1);
  const ranges = inner === '' ? [] : inner.split(',').map(parseRange);
  return coalesce(ranges);
}

function parseRange(text: string): Value_Range {
  const match = /^(\d+)-(\d+)$/.exec(text);
  const begin = Number(match?.[1]);
  const end = Number(match?.[2]);
  if (match === null || begin > end || !Number.isSafeInteger(end)) {
    throw new TextError(`expected a range such as 31000-32000, got '${text}'`);
  }
  return { begin, end };
}

/** Sorted, with ranges joined that overlap or touch. */
function coalesce(ranges: readonly Value_Range[]): Value_Range[] {
  const joined: Value_Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.begin - b.begin)) {
    const last = joined.at(-1);
    if (last !== undefined && range.begin <= last.end + 1) {
      last.end = Math.max(last.end, range.end);
    } else {
      joined.push({ ...range });
    }
  }
  return joined;
}

function parseSet(text: string): string[] {
  if (!text.endsWith('}') || /[[\]{}]/.test(text.slice(1, -1))) {
    throw new TextError(`expected a set such as {a,b}, got '${text}'`);
  }
  const items = text.slice(1, -1).split(',').filter(Boolean);
  if (new Set(items).size < items.length) {
    throw new TextError(`expected a set of different items, got '${text}'`);
  }
  return items;
}

/** Writes a value as the text that `parseValue` reads, for messages and tables. */
export function formatValue(value: Omit<Value, 'type'>): string {
  if (value.scalar !== undefined) {
    return String(rounded(value.scalar.value));
  }
  if (value.ranges !== undefined) {
    return `[${(value.ranges.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(',')}]`;
  }
  if (value.set !== undefined) {
    return `{${(value.set.item ?? []).join(',')}}`;
  }
  return value.text?.value ?? '';
}
