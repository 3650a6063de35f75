import { expect, test } from 'vitest';
import type { Screen } from '../../../src/cli/operate/output/screen.ts';
import { tableText } from '../../../src/cli/operate/output/table-text.ts';

const pipe: Screen = { isTerminal: false, columns: Number.POSITIVE_INFINITY, isPainted: false };
const terminal = (columns: number): Screen => ({ isTerminal: true, columns, isPainted: false });

const columns = [{ title: 'ID' }, { title: 'MEM', isRight: true }, { title: 'NAME' }];
const rows = [
  ['1', '16 MB', 'web'],
  ['22', '1 GB', 'a-name-that-is-rather-long'],
];

test('columns are as wide as what is in them, in a pipe without end', () => {
  expect(tableText({ columns, rows, hasTitles: true }, pipe)).toBe(
    'ID    MEM  NAME\n1   16 MB  web\n22   1 GB  a-name-that-is-rather-long\n',
  );
  expect(tableText({ columns, rows, hasTitles: false }, pipe)).toMatch(/^1 {3}16 MB {2}web\n/);
});

test('in a narrow terminal the widest column gives way', () => {
  const text = tableText({ columns, rows, hasTitles: true }, terminal(24));
  expect(text).toBe('ID    MEM  NAME\n1   16 MB  web\n22   1 GB  a-name-that-…\n');
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(24);
});

test('ids, which differ at their ends, are cut in the middle', () => {
  const id = '1ca2f48a-d7af-4f0e-9d3b-0a1b2c3d4e5f';
  const ids = [[`${id}-S0`], [`${id}-S12345`], ['日本日本日本日本日本-日本-S1']];
  const text = (title: string, width: number) =>
    tableText({ columns: [{ title }], rows: ids, hasTitles: false }, terminal(width));
  expect(text('AGENT ID', 16)).toBe('1ca2f48a…4e5f-S0\n1ca2f48a…-S12345\n日本日本…日本-S1\n');
  expect(text('ID', 8)).toMatch(/^1ca2…-S0\n1…S12345\n.*…-S1\n$/);
  expect(text('HOST', 8)).toBe('1ca2f48…\n1ca2f48…\n日本日…\n');
});

test('wide characters count as two, and what a terminal obeys is not there', () => {
  const wide = [
    ['日本', '1 MB', 'x'],
    ['a\u001b[31m', '2 MB', 'y\nz'],
  ];
  expect(tableText({ columns, rows: wide, hasTitles: false }, pipe)).toBe(
    '日本    1 MB  x\na?[31m  2 MB  y?z\n',
  );
});

test('titles are bold where that is wanted', () => {
  expect(
    tableText({ columns, rows, hasTitles: true }, { ...terminal(80), isPainted: true }),
  ).toMatch(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what makes it bold.
    /^\u001b\[1mID .*NAME\u001b\[22m\n1 /,
  );
});

test('no rows and no titles are no text', () => {
  expect(tableText({ columns, rows: [], hasTitles: false }, pipe)).toBe('');
});
