// Rows of cells as the text of a table: columns two blanks apart, without lines. In a terminal that
// is too narrow the widest columns give way, ids in their middle; in a pipe nothing is cut.
import cut from 'cli-truncate';
import widthOf from 'string-width';
import { painted, type Screen } from './screen.ts';

export interface TextColumn {
  readonly title: string;
  readonly isRight?: boolean;
}

export interface TextTable {
  readonly columns: readonly TextColumn[];
  readonly rows: readonly (readonly string[])[];
  readonly hasTitles: boolean;
}

const GAP = 2;
/** A column is made no narrower: of an id that much tells which one it is. */
const LEAST_COLUMNS = 8;

/** Names that others have given may have characters that a terminal obeys: `?` for each. */
const shown = (text: string) => text.replaceAll(/\p{C}/gu, '?');

/** Ends with a line feed, unless there is nothing to show. */
export function tableText({ columns, rows, hasTitles }: TextTable, screen: Screen): string {
  const titles = columns.map(({ title }) => title);
  const cells = rows.map((row) => row.map(shown));
  const all = hasTitles ? [titles, ...cells] : cells;
  if (all.length === 0) {
    return '';
  }
  const widths = widthsOf(all, columns.length, screen.columns);
  const lines = all.map((row) =>
    row
      .map((cell, at) => placed(cell, widths[at] ?? 0, columns[at]))
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
  if (hasTitles) {
    lines[0] = painted(screen, 'emphasis', lines[0] ?? '');
  }
  return `${lines.join('\n')}\n`;
}

/** Of ids made by masters, the end tells which one it is: …-S3. */
const ID = /\bID$/;

/** So much of an id's last part is kept, at most. */
const MOST_OF_ID_END = 6;

/** The library may leave a wide character across the edge, one column too many. */
function cutTo(text: string, width: number, position: 'middle' | 'end'): string {
  const short = cut(text, width, { position });
  return widthOf(short) <= width ? short : cut(text, width - 1, { position });
}

/** Cut in the middle, so that the last part stays whole. */
function cutId(text: string, width: number): string {
  if (/[^ -~]/.test(text)) {
    return cutTo(text, width, 'middle');
  }
  const last = text.length - text.lastIndexOf('-');
  const end = Math.max(Math.min(last, MOST_OF_ID_END), (width - 1) >> 1);
  return `${text.slice(0, width - 1 - end)}…${text.slice(-end)}`;
}

/** The cell in its width. */
function placed(text: string, width: number, column: TextColumn | undefined): string {
  const { title = '', isRight = false } = column ?? {};
  const missing = width - widthOf(text);
  if (missing < 0) {
    return placed(ID.test(title) ? cutId(text, width) : cutTo(text, width, 'end'), width, column);
  }
  return isRight ? ' '.repeat(missing) + text : text + ' '.repeat(missing);
}

/** What each column gets of the screen. */
function widthsOf(
  rows: readonly (readonly string[])[],
  columns: number,
  available: number,
): number[] {
  const widths = Array.from({ length: columns }, (_, at) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[at] ?? '')), 1),
  );
  let surplus = widths.reduce((sum, width) => sum + width + GAP, -GAP) - available;
  while (surplus > 0) {
    const widest = Math.max(...widths);
    if (widest <= LEAST_COLUMNS) {
      break;
    }
    const at = widths.indexOf(widest);
    const next = Math.max(LEAST_COLUMNS, ...widths.filter((width) => width < widest));
    const cut = Math.min(surplus, Math.max(1, widest - next));
    widths[at] = widest - cut;
    surplus -= cut;
  }
  return widths;
}
