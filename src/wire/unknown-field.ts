// Finds fields that a message does not have. Clients may send them, as to Mesos, and get no error;
// in what an operator writes by hand they are probably spelling mistakes.
import { closestName } from '../model/closest-name.ts';
import type { Field, MessageType } from './message-type.ts';

/** The most names that an error suggests. */
const MOST_NAMES = 12;

/**
 * The unknown fields of JSON that is meant to be the message, each by its path, with the field that
 * was probably meant or the fields that there are: `'disk.sorce' (did you mean 'source'?)`. A value
 * of another shape is left to the message's reader to refuse.
 */
export function unknownFields(type: MessageType<object>, value: unknown, above = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [];
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const field = type.fields.find(({ wireName }) => wireName === key);
    if (field === undefined) {
      return `'${above}${key}' (${hint(key, type.fields)})`;
    }
    if (!('message' in field.value)) {
      return [];
    }
    const inner = field.value.message();
    return itemsOf(field, item).flatMap((it) => unknownFields(inner, it, `${above}${key}.`));
  });
}

function itemsOf({ rule }: Field, item: unknown): unknown[] {
  const isObject = typeof item === 'object' && item !== null;
  switch (rule) {
    case 'map':
      return isObject ? Object.values(item) : [];
    case 'repeated':
      return Array.isArray(item) ? item : [];
    default:
      return [item];
  }
}

function hint(key: string, fields: readonly Field[]): string {
  const names = fields.map(({ wireName }) => wireName);
  const meant = closestName(key, names);
  if (meant !== undefined) {
    return `did you mean '${meant}'?`;
  }
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return `there are ${shown}${names.length > MOST_NAMES ? ', …' : ''}`;
}
