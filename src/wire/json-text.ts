// JSON text as Mesos's writer and parser treat it: the spelling of strings and numbers, and the
// error for a text that is no JSON.
import { checkJsonBounds } from './bounds.ts';
import { describeSyntaxError } from './json-syntax.ts';
import { WireError } from './wire-error.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters JSON has to escape.
const TO_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Those that JSON.stringify writes with a lower-case digit. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are control characters.
const HAS_LETTER = /[\u000b\u000e\u000f\u001a-\u001f]/;

/** A JSON string. Control characters are escaped with upper-case digits. */
export function quote(text: string): string {
  if (!TO_ESCAPE.test(text)) {
    return `"${text}"`;
  }
  const json = JSON.stringify(text);
  return HAS_LETTER.test(text)
    ? json.replace(/\\(u00[01][0-9a-f]|.)/g, (found) =>
        found.length === 6 ? `\\u${found.slice(2).toUpperCase()}` : found,
      )
    : json;
}

/**
 * A double, always recognizable as one: `1.0`, `1e21`. NaN and the infinities become strings,
 * spelled as the reader accepts them.
 */
export function doubleText(value: number): string {
  if (Number.isInteger(value)) {
    if (Math.abs(value) < 1e21) {
      return Object.is(value, -0) ? '-0.0' : `${value}.0`;
    }
    return String(value).replace('e+', 'e');
  }
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** Parses a text into plain values. A 64-bit time, which a double cannot hold, becomes a bigint. */
export function parseJson(text: string): unknown {
  try {
    return text.includes('"nanoseconds"') ? JSON.parse(text, reviveTimes) : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new WireError(describeSyntaxError(text, error), { cause: error, stage: 'parse' });
    }
    // The reviver, which looks for times, uses stack for each level of nesting.
    if (error instanceof RangeError) {
      throw new WireError('JSON is nested too deeply', { cause: error, stage: 'parse' });
    }
    throw error;
  }
}

/**
 * As `parseJson`, for a text of any client: one with more than `MAX_JSON_VALUES` values is refused.
 */
export function parseBoundedJson(text: string): unknown {
  checkJsonBounds(text);
  return parseJson(text);
}

function reviveTimes(this: unknown, key: string, value: unknown, context?: { source?: string }) {
  const source = context?.source;
  return key === 'nanoseconds' && source !== undefined && /^-?\d{16,20}$/.test(source)
    ? BigInt(source)
    : value;
}
