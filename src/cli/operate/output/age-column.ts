// The column AGE of lists: how long a thing has been there.
import { ageText } from '../times.ts';
import type { Column } from './listing.ts';

/** Both in milliseconds since 1970; empty where the second is not known. */
export const ageColumn = <Row>(
  nowMs: number,
  sinceMs: (row: Row) => number | undefined,
): Column<Row> => ({
  title: 'AGE',
  text: (row) => ageText(nowMs, sinceMs(row)),
  order: (row) => {
    const thenMs = sinceMs(row);
    return thenMs === undefined ? undefined : (nowMs - thenMs) / 1000;
  },
  isSpan: true,
});
