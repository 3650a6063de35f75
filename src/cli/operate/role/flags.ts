// The flags of `mesoscale role VERB`, a table for each verb.
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { LIST_FLAGS, SHOW_FLAGS, WATCH_FLAGS } from '../output/flags.ts';

export const ROLE_LIST_FLAGS = { ...CONNECTION_FLAGS, ...LIST_FLAGS };
export const ROLE_TREE_FLAGS = {
  ...CONNECTION_FLAGS,
  ...SHOW_FLAGS,
  ...WATCH_FLAGS,
  headers: LIST_FLAGS.headers,
};
