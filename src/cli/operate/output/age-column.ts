// The column AGE of lists: how long a thing has been there, or was.
import { ageText } from '../times.ts';
import type { Column } from './listing.ts';

/** All in milliseconds since 1970; empty where it is not known since when. */
export const ageColumn = <Row>(
  nowMs: number,
  sinceMs: (row: Row) => number | undefined,
  /** Of what has ended. */
  untilMs?: (row: Row) => number | undefined,
): Column<Row> => ({
  title: 'AGE',
  text: (row) => ageText(untilMs?.(row) ?? nowMs, sinceMs(row)),
  order: (row) => {
    const thenMs = sinceMs(row);
    return thenMs === undefined ? undefined : ((untilMs?.(row) ?? nowMs) - thenMs) / 1000;
  },
  isSpan: true,
});
