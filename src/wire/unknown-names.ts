// Finds fields that a message does not have, and names that an enumeration does not have. Clients
// may send them, as to Mesos, and get no error; in what an operator writes by hand they are most
// likely spelling mistakes.
import { closestName } from '../model/closest-name.ts';
import type { EnumTable, Field, MessageType } from './message-type.ts';

/** The most names that an error suggests. */
const MOST_NAMES = 12;

/**
 * What is unknown in JSON that is meant to be the message, each with its path and the name that was
 * probably meant, or the names that there are: `the unknown field 'disk.sorce' (did you mean
 * 'source'?)`. A value of another shape is left to the message's reader to refuse.
 */
export function unknownNames(type: MessageType<object>, value: unknown, above = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [];
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const field = type.fields.find(({ wireName }) => wireName === key);
    const path = above + key;
    if (field === undefined) {
      const names = type.fields.map(({ wireName }) => wireName);
      return `the unknown field '${path}' (${hint(key, names)})`;
    }
    const items = itemsOf(field, item);
    if ('message' in field.value) {
      const inner = field.value.message();
      return items.flatMap((it) => unknownNames(inner, it, `${path}.`));
    }
    return 'enumeration' in field.value ? unknownValues(field.value.enumeration, items, path) : [];
  });
}

const unknownValues = ({ numbers }: EnumTable, items: readonly unknown[], path: string) =>
  items
    .filter((item) => typeof item === 'string')
    .filter((name) => !numbers.has(name))
    .map((name) => `the unknown value '${name}' in '${path}' (${hint(name, [...numbers.keys()])})`);

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

/** The same of `forcePullImage`, as JSON of others has it, and of `force_pull_image`. */
const plain = (name: string) => name.replaceAll('_', '').toLowerCase();

function hint(name: string, names: readonly string[]): string {
  const meant = names.find((each) => plain(each) === plain(name)) ?? closestName(name, names);
  if (meant !== undefined) {
    return `did you mean '${meant}'?`;
  }
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return `there are ${shown}${names.length > MOST_NAMES ? ', …' : ''}`;
}
