// The names of the collections in a state: in its own fields and, one level down, in plain objects.

const isCollection = (value: unknown) =>
  value instanceof Map || value instanceof Set || Array.isArray(value);

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Sorted, as `field` and `field.field`. */
export function collectionsOf(state: object, without: readonly string[] = []): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(state)) {
    if (without.includes(name)) {
      continue;
    }
    if (isCollection(value)) {
      found.push(name);
    } else if (isPlain(value)) {
      for (const [inner, more] of Object.entries(value)) {
        if (isCollection(more)) {
          found.push(`${name}.${inner}`);
        }
      }
    }
  }
  return found.sort();
}
