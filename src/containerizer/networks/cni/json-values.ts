// JSON that is read from one place and written to another: as deep as both can, with numbers that
// both have, and always in the same order.
import { FormatError } from '../../images/formats/fields.ts';

/** Far deeper than any plugin's configuration. */
const MAX_DEPTH = 64;

/** Throws FormatError where it is nested too deep, or has a number that no double holds. */
export function checkValues(value: unknown, depth = 0): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new FormatError('it has a number that is too large');
  }
  if (typeof value !== 'object' || value === null) {
    return;
  }
  if (depth === MAX_DEPTH) {
    throw new FormatError(`it is nested deeper than ${MAX_DEPTH} levels`);
  }
  for (const each of Object.values(value)) {
    checkValues(each, depth + 1);
  }
}

/** As text, with the keys of each object in order, as Mesos writes it. */
export const sortedJson = (value: unknown): string => JSON.stringify(sorted(value));

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
