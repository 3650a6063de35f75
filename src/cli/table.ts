// Tables of commands, for people: columns that are as wide as their longest cell.

/**
 * The lines; the first row has the titles. Names that others have given may have control
 * characters, which a terminal would obey: `?` stands for each.
 */
export function table(given: readonly (readonly string[])[]): string[] {
  const rows = given.map((cells) => cells.map((cell) => cell.replaceAll(/\p{C}/gu, '?')));
  const widths = (rows[0] ?? []).map((_, at) =>
    rows.reduce((widest, cells) => Math.max(widest, cells[at]?.length ?? 0), 0),
  );
  return rows.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
