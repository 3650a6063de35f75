// The flags of `mesoscale reservation VERB`, a table for each verb.
import { role, texts } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS, DEED_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const RESERVATION_LIST_FLAGS = { ...CONNECTION_FLAGS, ...LIST_FLAGS };
export const RESERVATION_ADD_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DEED_FLAGS,
  from: role({
    help: 'The role above, out of whose reservation it is taken; without it, of what is nobody’s.',
  }),
  label: texts({
    placeholder: 'KEY=VALUE',
    help: 'A label of the reservation. May be given several times.',
  }),
};
export const RESERVATION_REMOVE_FLAGS = { ...CONNECTION_FLAGS, ...DANGER_FLAGS };
