// The flags of `mesoscale framework VERB`, a table for each verb.
import { toggle } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS, SHOW_FLAGS } from '../output/flags.ts';

export const FRAMEWORK_LIST_FLAGS = {
  ...CONNECTION_FLAGS,
  ...LIST_FLAGS,
  all: toggle({ short: 'a', default: false, help: 'Those that have ended, too.' }),
};
export const FRAMEWORK_SHOW_FLAGS = { ...CONNECTION_FLAGS, ...SHOW_FLAGS };
export const FRAMEWORK_TEARDOWN_FLAGS = { ...CONNECTION_FLAGS, ...DANGER_FLAGS };
