// The flags of `mesoscale events`.
import { choice, integer, toggle } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const EVENTS_FLAGS = {
  ...CONNECTION_FLAGS,
  count: integer({ short: 'n', help: 'End after so many events.' }),
  filter: LIST_FLAGS.filter,
  follow: toggle({
    default: true,
    help: 'Connecting again where the stream ends.',
  }),
  output: choice(['table', 'json'])({
    short: 'o',
    default: 'table',
    placeholder: 'FORMAT',
    help: 'table: a line of words for each event; json: an object of the v1 API a line.',
  }),
};
