// Messages to and from JSON, exactly as Mesos writes and reads it.
import { encodeBase64 } from './base64.ts';
import { unknownEnum } from './enum-table.ts';
import { JsonReading, setEntry } from './json-reader.ts';
import { parseJson } from './json-text.ts';
import type { Field, MessageType } from './message-type.ts';
import { missingFields } from './missing-fields.ts';
import { WireError } from './wire-error.ts';

/**
 * Writes the fields that are set, and those unset that have a default in the schema, in the order
 * of the schema. A list that is present but empty is written, as responses to operators need; a
 * message that was read has no such lists.
 */
export function writeJson<T>(type: MessageType<T>, message: T): string {
  return type.write(message);
}

/** @throws WireError with Mesos's own words where the text is no JSON or no such message. */
export function readJson<T>(type: MessageType<T>, text: string): T {
  return readJsonValue(type, parseJson(text));
}

/** As `readJson`, for JSON that is already parsed. */
export function readJsonValue<T>(type: MessageType<T>, value: unknown): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WireError('Expecting a JSON object');
  }
  const reading = new JsonReading();
  const message = type.read(value, reading);
  if (reading.incomplete) {
    throw missingFields(type, message);
  }
  return message;
}

/** The value that `writeJson` writes, not yet as text, to become part of a larger response. */
export function jsonValue<T>(type: MessageType<T>, message: T): unknown {
  const values = message as Record<string, unknown>;
  const json: Record<string, unknown> = {};
  for (const field of type.fields) {
    const value = values[field.name] ?? field.shownDefault;
    if (value === undefined || (field.zeroIsAbsent === true && value === 0)) {
      continue;
    }
    if (field.rule === 'repeated') {
      json[field.wireName] = (value as unknown[]).map((item) => fieldJson(field, item));
    } else if (field.rule === 'map') {
      const map = {};
      for (const [key, item] of Object.entries(value as object)) {
        setEntry(map, key, fieldJson(field, item));
      }
      json[field.wireName] = map;
    } else {
      json[field.wireName] = fieldJson(field, value);
    }
  }
  return json;
}

function fieldJson(field: Field, value: unknown): unknown {
  if ('message' in field.value) {
    return jsonValue(field.value.message(), value as object);
  }
  if ('enumeration' in field.value) {
    return (
      field.value.enumeration.names[value as number] ?? unknownEnum(value as number, field.wireName)
    );
  }
  if (value instanceof Uint8Array) {
    return encodeBase64(value);
  }
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : rawJson(String(value));
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** A number that no double holds, wrapped so that JSON.stringify writes it unchanged. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

export { WireError };
