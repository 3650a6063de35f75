// The flags of `mesoscale weight VERB`, a table for each verb.
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DEED_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const WEIGHT_LIST_FLAGS = { ...CONNECTION_FLAGS, ...LIST_FLAGS };
export const WEIGHT_SET_FLAGS = { ...CONNECTION_FLAGS, ...DEED_FLAGS };
