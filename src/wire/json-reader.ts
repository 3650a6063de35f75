// Turns parsed JSON into the values of fields, with the tolerance of Mesos: numbers and booleans
// may come as strings, and a single value may stand for a list. Only generated readers call this.
import { decodeBase64 } from './base64.ts';
import { beyond, MAX_JSON_DEPTH, MAX_STRING_LENGTH } from './bounds.ts';
import { parseJson } from './json-text.ts';
import type { EnumTable } from './message-type.ts';
import { WireError } from './wire-error.ts';

/** Integers that a double may not hold exactly. */
const LONG_INTEGER = /^\s*-?\d{16,20}\s*$/;

function kindOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  return typeof value === 'bigint' ? 'number' : Array.isArray(value) ? 'array' : typeof value;
}

function unexpected(value: unknown, field: string): WireError {
  return new WireError(`Not expecting a JSON ${kindOf(value)} for field '${field}'`);
}

/** The state of reading one JSON value. */
export class JsonReading {
  /** Set by a reader that missed a required field. */
  incomplete = false;
  #depth = 0;

  /**
   * Counts the depth, only for message types that can contain themselves: nesting of other types is
   * bounded by the schema.
   */
  enter(): void {
    if (++this.#depth > MAX_JSON_DEPTH) {
      throw new WireError('JSON is nested too deeply');
    }
  }

  leave(): void {
    this.#depth--;
  }

  object(value: unknown, field: string): object {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value;
    }
    throw unexpected(value, field);
  }

  /**
   * The elements of a repeated field. A single value is a list of one, and lists within the list
   * are flattened.
   */
  items(value: unknown): readonly unknown[] {
    if (!Array.isArray(value)) {
      return [value];
    }
    return value.some(Array.isArray) ? value.flat(MAX_JSON_DEPTH) : value;
  }

  string(value: unknown, field: string): string {
    if (typeof value !== 'string') {
      throw unexpected(value, field);
    }
    if (value.length > MAX_STRING_LENGTH) {
      throw beyond(
        `Field '${field}' has ${value.length} characters`,
        MAX_STRING_LENGTH,
        'characters',
      );
    }
    return value;
  }

  bytes(value: unknown, field: string): Uint8Array {
    if (typeof value !== 'string') {
      throw unexpected(value, field);
    }
    const bytes = decodeBase64(value);
    if (bytes instanceof Uint8Array) {
      return bytes;
    }
    throw new WireError(
      `Failed to base64 decode bytes field '${field}': Invalid character '${bytes.invalid}'`,
    );
  }

  bool(value: unknown, field: string): boolean {
    if (typeof value === 'boolean') {
      return value;
    }
    if (typeof value !== 'string') {
      throw unexpected(value, field);
    }
    const parsed = parseWithin(value, 'boolean', field);
    if (typeof parsed === 'boolean') {
      return parsed;
    }
    throw wrongWithin(value, 'boolean', field);
  }

  double(value: unknown, field: string): number {
    if (value === 'Infinity' || value === '-Infinity') {
      return Number(value);
    }
    return Number(this.#number(value, field));
  }

  int32(value: unknown, field: string): number {
    return Number(this.#number(value, field)) | 0;
  }

  uint32(value: unknown, field: string): number {
    return Number(this.#number(value, field)) >>> 0;
  }

  int64(value: unknown, field: string): number {
    const number = Math.trunc(Number(this.#number(value, field)));
    if (!Number.isSafeInteger(number)) {
      throw new WireError(`Value of field '${field}' is beyond 2^53`);
    }
    // Adding 0 turns -0 into 0: to clients, -0 is no integer.
    return number + 0;
  }

  uint64(value: unknown, field: string): number {
    const number = this.int64(value, field);
    // Mesos casts a negative number to unsigned, which gives a value beyond any count here. So a
    // read at offset -1 is a read past the end, and no bad input.
    return number < 0 ? Number.MAX_SAFE_INTEGER : number;
  }

  bigint(value: unknown, field: string): bigint {
    const number = this.#number(value, field);
    const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
    if (BigInt.asIntN(64, whole) !== whole) {
      throw new WireError(`Value of field '${field}' is beyond 64 bits`);
    }
    return whole;
  }

  #number(value: unknown, field: string): number | bigint {
    if (typeof value === 'number' || typeof value === 'bigint') {
      return finite(value);
    }
    if (typeof value !== 'string') {
      throw unexpected(value, field);
    }
    const parsed = parseWithin(value, 'number', field);
    if (typeof parsed !== 'number') {
      throw wrongWithin(value, 'number', field);
    }
    return Number.isSafeInteger(parsed) || !LONG_INTEGER.test(value)
      ? finite(parsed)
      : BigInt(value);
  }

  /** An unknown name reads as absent, unless it is an error. */
  enumeration(
    value: unknown,
    field: string,
    table: EnumTable,
    isStrict: boolean,
  ): number | undefined {
    if (typeof value !== 'string') {
      throw unexpected(value, field);
    }
    const number = table.numbers.get(value);
    if (number === undefined && isStrict) {
      throw new WireError(`Failed to find enum for '${value}'`);
    }
    return number;
  }

  /** The entries of a map field: an object, or a list of objects. */
  entries(value: unknown, field: string): [string, unknown][] {
    return this.items(value).flatMap((item) =>
      item === null ? [] : Object.entries(this.object(item, field)),
    );
  }
}

function finite(value: number | bigint): number | bigint {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new WireError('Value out of range', { stage: 'parse' });
  }
  return value;
}

function parseWithin(text: string, wanted: string, field: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof WireError) {
      throw failedWithin(text, wanted, field, error.message);
    }
    throw error;
  }
}

const wrongWithin = (text: string, wanted: string, field: string) =>
  failedWithin(text, wanted, field, 'Unexpected JSON type parsed');

function failedWithin(text: string, wanted: string, field: string, why: string): WireError {
  return new WireError(
    `Failed to parse '${text}' as a JSON ${wanted} for field '${field}': ${why}`,
  );
}

/** Sets an entry of a map field, even under a key such as `__proto__`. */
export function setEntry(map: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(map, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    (map as Record<string, unknown>)[key] = value;
  }
}
