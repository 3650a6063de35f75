// Lists and single things as text, in the format that was asked for.
import { parseJson } from '../../../wire/json-text.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { chosenRows } from './chosen-rows.ts';
import type { LIST_FLAGS, SHOW_FLAGS } from './flags.ts';
import type { Listing } from './listing.ts';
import type { Screen } from './screen.ts';
import { tableText } from './table-text.ts';

export type ListValues = Pick<
  FlagValues<typeof LIST_FLAGS>,
  'output' | 'filter' | 'headers' | 'sort_by'
>;
export type Format = FlagValues<typeof SHOW_FLAGS>['output'];

/** What a verb says: on standard output, and beside it. */
export interface Said {
  readonly text: string;
  /** On standard error: that there is nothing, or what a table does not show. */
  readonly note?: string;
}

/** Rejects with FlagError where the flags name no column of the list. */
export async function listed<Row>(
  listing: Listing<Row>,
  values: ListValues,
  screen: Screen,
): Promise<Said> {
  const rows = chosenRows(listing, values);
  switch (values.output) {
    case 'json':
    case 'yaml':
      return { text: await structured(rows.map(listing.jsonOf), values.output) };
    case 'name':
      return { text: rows.map((row) => `${listing.nameOf(row)}\n`).join('') };
    default: {
      const columns = listing.columns.filter(({ isWide }) => !isWide || values.output === 'wide');
      if (rows.length === 0) {
        const isCut = listing.rows.length > 0;
        return {
          text: '',
          note: [
            isCut ? `none of ${listing.rows.length} is like that` : listing.none,
            ...(listing.note === undefined ? [] : [listing.note]),
          ].join('; '),
        };
      }
      return {
        text: tableText(
          {
            columns,
            rows: rows.map((row) => columns.map((column) => column.text(row))),
            hasTitles: values.headers,
          },
          screen,
        ),
        ...(listing.note !== undefined && { note: listing.note }),
      };
    }
  }
}

/** A thing that is shown alone: its facts as people read them. */
export interface Shown {
  readonly name: string;
  readonly json: unknown;
  /** The text of -o table, and of wide, which has more of it. */
  text(screen: Screen, isWide: boolean): string;
}

export async function shown(thing: Shown, output: Format, screen: Screen): Promise<Said> {
  switch (output) {
    case 'json':
    case 'yaml':
      return { text: await structured(thing.json, output) };
    case 'name':
      return { text: `${thing.name}\n` };
    default:
      return { text: thing.text(screen, output === 'wide') };
  }
}

async function structured(value: unknown, output: 'json' | 'yaml'): Promise<string> {
  const json = JSON.stringify(value, undefined, 2);
  if (output === 'json') {
    return `${json}\n`;
  }
  // Loaded where it is used: its seventy files are a third of what a command takes to start.
  const { stringify } = await import('yaml');
  return stringify(parseJson(json), { aliasDuplicateObjects: false, lineWidth: 0 });
}
