// The flags of `mesoscale maintenance VERB`, a table for each verb.
import { duration, path, text } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS, DEED_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const MAINTENANCE_LIST_FLAGS = { ...CONNECTION_FLAGS, ...LIST_FLAGS };
export const MAINTENANCE_ADD_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DEED_FLAGS,
  for: duration({ help: 'How long it takes; without it nobody knows.' }),
  from: text({
    default: 'now',
    placeholder: 'TIME',
    help: 'When it begins: now, 2027-01-31T22:00 (the time of this machine), 2027-01-31T22:00Z, or 2hrs from now.',
  }),
};
export const MAINTENANCE_SET_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DANGER_FLAGS,
  if_unchanged: path({
    help: 'Only if the schedule is still as in this file, which `mesoscale maintenance schedule -o json` has written.',
  }),
};
export const MAINTENANCE_DEED_FLAGS = { ...CONNECTION_FLAGS, ...DEED_FLAGS };
export const MAINTENANCE_DOWN_FLAGS = { ...CONNECTION_FLAGS, ...DANGER_FLAGS };
