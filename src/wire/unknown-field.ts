// Fields that a message does not have. Clients may send them, as to Mesos, and are not told; what
// an operator writes by hand may be a misspelt wish.
import { closestName } from '../model/closest-name.ts';
import type { Field, MessageType } from './message-type.ts';

/** More than a few names tell nothing any more. */
const MOST_NAMES = 12;

/**
 * Of JSON that is meant to be the message: every such field by its path, with the name that was
 * probably meant or those that there are: `'disk.sorce' (did you mean 'source'?)`. What has another
 * shape than the message is left to its reader.
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
