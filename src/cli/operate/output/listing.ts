// A list of things of a cluster, before it is known how it will look: rows, and the columns that
// can be shown, sorted by and filtered by.

export interface Column<Row> {
  /** In capitals: `AGENT ID`. Flags name it `agent-id`, in any case. */
  readonly title: string;
  /** What is shown; empty where there is nothing to say. */
  text(row: Row): string;
  /** What is sorted and compared by, where that is not the text. */
  readonly order?: (row: Row) => number | string | undefined;
  /** A span of time: `order` is in seconds, and filters take `8m`. */
  readonly isSpan?: boolean;
  /** A size: `order` is in this unit, which filters mean where they say none; they take `50MB`. */
  readonly sizeUnit?: 'B' | 'MB' | undefined;
  /** Only with -o wide, and in filters. */
  readonly isWide?: boolean;
  /** Numbers stand at the right. */
  readonly isRight?: boolean;
}

export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** With -o name. */
  nameOf(row: Row): string;
  /** With -o json and yaml: in the names of the v1 API. */
  jsonOf(row: Row): unknown;
  /** Said beside a table: what else there is to know. */
  readonly note?: string | undefined;
  /** Said where there is no row: `no tasks`. */
  readonly none: string;
}

/** How flags name a column. */
export const keyOf = ({ title }: { readonly title: string }): string =>
  title.toLowerCase().replaceAll(' ', '-');
