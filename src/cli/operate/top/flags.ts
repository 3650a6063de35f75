// The flags of `mesoscale top`.
import { choice, duration, integer, toggle } from '../../flags/flag.ts';
import { AGENT_CONNECTION_FLAGS } from '../connection/flags.ts';

export const TOP_FLAGS = {
  ...AGENT_CONNECTION_FLAGS,
  interval: duration({ default: 2_000, help: 'How often to look.' }),
  reverse: toggle({ short: 'r', default: false, help: 'The least first.' }),
  rows: integer({
    short: 'n',
    help: 'How many rows; as many as the terminal has room for, or 20 in a pipe.',
  }),
  sort: choice(['cpus', 'mem', 'disk', 'gpus', 'age'])({
    short: 's',
    default: 'cpus',
    placeholder: 'COLUMN',
    help: 'What to sort by: cpus, mem, disk, gpus or age.',
  }),
};
