// Which rows of a list are shown, and in which order: --filter and --sort-by.

import { BYTES_PER_MEGABYTE, bytesIn } from '../../../model/bytes.ts';
import { closestName } from '../../../model/closest-name.ts';
import { FlagError, readEach } from '../../flags/faults.ts';
import { spanSeconds } from '../times.ts';
import { type Column, keyOf, type Listing } from './listing.ts';

interface Choice {
  readonly filter?: readonly string[] | undefined;
  readonly sort_by?: string | undefined;
}

/** Throws FlagError, about all flags that are wrong. */
export function chosenRows<Row>(listing: Listing<Row>, choice: Choice): readonly Row[] {
  const rows = listing.rows.filter(rowTest(listing.columns, choice.filter));
  return choice.sort_by === undefined ? rows : sorted(rows, listing.columns, choice.sort_by);
}

/** Whether a row passes all filters. Throws FlagError, about all that are wrong. */
export function rowTest<Row>(
  columns: readonly Column<Row>[],
  filters: Choice['filter'],
): (row: Row) => boolean {
  const tests = readEach(filters ?? [], (text) => testOf(columns, text));
  return (row) => tests.every((test) => test(row));
}

const PARTS = /^([\w -]+?)(!=|=|>|<)(.*)$/s;

function testOf<Row>(columns: readonly Column<Row>[], text: string): (row: Row) => boolean {
  const [, name, sign, value] = PARTS.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new FlagError(
      `--filter expects COLUMN=VALUE, COLUMN!=VALUE, COLUMN>NUMBER or COLUMN<NUMBER, got '${text}'`,
    );
  }
  const column = columnOf(columns, name, 'filter');
  if (sign === '=' || sign === '!=') {
    const pattern = patternOf(value);
    const amount = boundOf(column, value);
    return (row) =>
      (isLike(pattern, column.text(row)) ||
        (amount !== undefined && orderOf(column, row) === amount)) ===
      (sign === '=');
  }
  const bound = boundOf(column, value);
  if (bound === undefined) {
    throw new FlagError(`--filter expects ${expectedOf(column)} after ${sign}, got '${text}'`);
  }
  return (row) => {
    const number = orderOf(column, row);
    return sign === '>' ? number > bound : number < bound;
  };
}

/** States are named without what all of them begin with, too: `running` for TASK_RUNNING. */
const isLike = (pattern: RegExp, text: string): boolean =>
  pattern.test(text) || (/^TASK_[A-Z_]+$/.test(text) && pattern.test(text.slice('TASK_'.length)));

/** NaN where there is none. */
const orderOf = <Row>(column: Column<Row>, row: Row): number =>
  Number(column.order?.(row) ?? (column.text(row) || Number.NaN));

type Measure = Pick<Column<never>, 'isSpan' | 'sizeUnit'>;

function expectedOf({ isSpan, sizeUnit }: Measure): string {
  if (isSpan) {
    return 'seconds, or a span as 8m or 1h30m,';
  }
  return sizeUnit === undefined
    ? 'a number'
    : `a size as 50MB or 1.5GB (a number is in ${sizeUnit})`;
}

/** In the unit of the column; undefined where the text is no number. */
function boundOf({ isSpan, sizeUnit }: Measure, text: string): number | undefined {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isNaN(number)) {
    return number;
  }
  if (sizeUnit !== undefined) {
    const bytes = bytesIn(text);
    return bytes === undefined ? undefined : bytes / (sizeUnit === 'MB' ? BYTES_PER_MEGABYTE : 1);
  }
  return isSpan ? spanSeconds(text) : undefined;
}

/** In any case; `*` stands for anything. */
export function patternOf(value: string): RegExp {
  const parts = value.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'is');
}

function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  text: string,
): readonly Row[] {
  const isDown = text.startsWith('-');
  const column = columnOf(columns, isDown ? text.slice(1) : text, 'sort-by');
  const keyed = rows.map((row) => ({ row, key: column.order?.(row) ?? column.text(row) }));
  keyed.sort((a, b) => (isDown ? -1 : 1) * compared(a.key, b.key));
  return keyed.map(({ row }) => row);
}

const texts = new Intl.Collator('en', { numeric: true });

const compared = (a: number | string, b: number | string): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : texts.compare(String(a), String(b));

function columnOf<Row>(columns: readonly Column<Row>[], name: string, flag: string): Column<Row> {
  const key = name.trim().toLowerCase().replaceAll(/[ _]/g, '-');
  const found = columns.find((column) => keyOf(column) === key);
  if (found === undefined) {
    const keys = columns.map(keyOf);
    const close = closestName(key, keys);
    const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
    throw new FlagError(
      `--${flag} names no column '${name}'${meant}: there are ${keys.join(', ')}`,
    );
  }
  return found;
}
