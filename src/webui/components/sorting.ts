// Lists of a few thousand rows, sorted as the query of the place says.
import { own } from '../store/own.ts';
import { place, refine } from './place.tsx';

export interface Sorting<Row> {
  readonly sort: { readonly key: string; readonly isDescending: boolean };
  readonly onSort: (sort: { readonly key: string; readonly isDescending: boolean }) => void;
  readonly sorted: (rows: readonly Row[]) => readonly Row[];
}

/** Compares rows in the direction in which texts are read, and numbers grow. */
export type Orders<Row> = Readonly<Record<string, (left: Row, right: Row) => number>>;

/** `first`: how they are sorted where the place says nothing. */
export function sorting<Row>(
  orders: Orders<Row>,
  first: { readonly key: string; readonly isDescending: boolean },
): Sorting<Row> {
  const { sort: key = first.key, order } = place.value.query;
  const isDescending =
    order === undefined && key === first.key ? first.isDescending : order === 'descending';
  const compare = own(orders, key);
  return {
    sort: { key, isDescending },
    onSort: (next) =>
      refine({ sort: next.key, order: next.isDescending ? 'descending' : 'ascending' }),
    sorted: (rows) =>
      compare === undefined
        ? rows
        : rows.toSorted((left, right) =>
            isDescending ? compare(right, left) : compare(left, right),
          ),
  };
}
