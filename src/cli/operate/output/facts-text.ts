// What is known of one thing, as lines `Label: value`, and tables under headings.
import { printable } from './printable.ts';
import { painted, type Screen } from './screen.ts';
import { type TextColumn, type TextTable, tableText } from './table-text.ts';

/** A value of several lines stands below its label's column. Without a value there is no line. */
export type Fact = readonly [label: string, value: string | undefined];

export interface Section {
  readonly heading: string;
  readonly table: TextTable;
}

/** A column's title, or the column. */
export const section = (
  heading: string,
  columns: readonly (string | TextColumn)[],
  rows: readonly (readonly string[])[],
): Section => ({
  heading,
  table: {
    columns: columns.map((each) => (typeof each === 'string' ? { title: each } : each)),
    rows,
    hasTitles: true,
  },
});

/** A column of numbers. */
export const right = (title: string): TextColumn => ({ title, isRight: true });

const GAP = 2;

export function factsText(
  facts: readonly Fact[],
  sections: readonly Section[],
  screen: Screen,
): string {
  const bold = (text: string) => painted(screen, 'emphasis', text);
  const known = facts.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...known.map(([label]) => label.length)) + 1 + GAP;
  const lines = known.map(([label, value = '']) => {
    const text = value.split('\n').join(`\n${' '.repeat(width)}`);
    return `${bold(`${label}:`)}${' '.repeat(width - label.length - 1)}${printable(text)}\n`;
  });
  const parts = sections
    .filter(({ table }) => table.rows.length > 0)
    .map(({ heading, table }) => `\n${bold(heading)}\n${tableText(table, screen)}`);
  return [...lines, ...parts].join('');
}
