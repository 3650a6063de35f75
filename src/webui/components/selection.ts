// Which rows of a table are chosen, to do something to all of them.

export interface Selection<Row> {
  /** By the keys of rows. */
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
  /** For screen readers. */
  readonly nameOf: (row: Row) => string;
}

export function toggled(chosen: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(key)) {
    next.add(key);
  }
  return next;
}

/** With all between two rows, both included, in whichever order they are. */
export function withRange(
  chosen: ReadonlySet<string>,
  keys: readonly string[],
  from: number,
  to: number,
): ReadonlySet<string> {
  const [first, last] = from < to ? [from, to] : [to, from];
  return new Set([...chosen, ...keys.slice(Math.max(0, first), last + 1)]);
}
