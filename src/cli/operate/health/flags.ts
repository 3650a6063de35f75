// The flags of `mesoscale health`.
import { integer } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { SHOW_FLAGS } from '../output/flags.ts';

export const HEALTH_FLAGS = {
  ...CONNECTION_FLAGS,
  ...SHOW_FLAGS,
  away: integer({
    default: 0,
    help: 'So many agents may be disconnected, unreachable or not back yet.',
  }),
};
