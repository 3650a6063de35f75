// The names of an enumeration's values, as the schema writes them.

/**
 * Returns the name of a value, the first that is declared; undefined where this version of the
 * schema has none.
 */
export function enumNames(
  values: Readonly<Record<string, number>>,
): (value: number | undefined) => string | undefined {
  const names = new Map<number | undefined, string>();
  for (const [name, value] of Object.entries(values)) {
    if (!names.has(value)) {
      names.set(value, name);
    }
  }
  return (value) => names.get(value);
}
