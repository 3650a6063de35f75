// What a link may name of a table: all objects have a `constructor`, which is in no table.

/** The entry of that name, if the table itself has one. */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
