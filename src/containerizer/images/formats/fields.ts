// Reads JSON of registries, archives and plugins, of which nothing is known yet. What is not as it
// should be is named by its place. null counts as absent, for the programs that write these files
// are written in Go.
import { decodeBase64 } from '../../../wire/base64.ts';
import { parseBoundedJson } from '../../../wire/json-text.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { ContainerizerError } from '../../containerizer-error.ts';

/** The text goes to the framework, after what was read. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** `what`: after "Failed to parse". Throws ContainerizerError for FormatError and WireError. */
export function parsed<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof WireError) {
      throw new ContainerizerError(`Failed to parse ${what}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** What a file says. Throws FormatError or WireError. */
export function jsonOf(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FormatError('it is not in UTF-8', { cause: error });
  }
  return parseBoundedJson(text);
}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown, place: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(`'${place}' must be an object`);
  }
  return value as Fields;
}

export const optionalFields = (value: unknown, place: string): Fields =>
  value === undefined || value === null ? {} : fieldsOf(value, place);

export function listOf(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) {
    return [];
  }
  if (!Array.isArray(value)) {
    throw new FormatError(`'${place}' must be a list`);
  }
  return value;
}

/** Texts end at the first NUL for the system, so that one inside would hide the rest. */
export function textOf(value: unknown, place: string): string {
  if (typeof value !== 'string' || value.includes('\0')) {
    throw new FormatError(`'${place}' must be a string without NUL characters`);
  }
  return value;
}

/** An empty text counts as absent. */
export const optionalText = (value: unknown, place: string): string | undefined =>
  value === undefined || value === null ? undefined : textOf(value, place) || undefined;

export const textsOf = (value: unknown, place: string): readonly string[] =>
  listOf(value, place).map((each, i) => textOf(each, `${place}[${i}]`));

/** A whole number from 0 on. */
export function countOf(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new FormatError(`'${place}' must be a whole number from 0 on`);
  }
  return value;
}

/** Base64 of both alphabets. */
export function bytesOf(text: string, place: string): Uint8Array {
  const bytes = decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
  if ('invalid' in bytes) {
    throw new FormatError(`'${place}' must be in base64`);
  }
  return bytes;
}
