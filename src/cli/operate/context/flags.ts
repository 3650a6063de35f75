// The flags of `mesoscale context`, a table for each verb.
import { LIST_FLAGS, SHOW_FLAGS } from '../output/flags.ts';

export const CONTEXT_LIST_FLAGS = { ...SHOW_FLAGS, headers: LIST_FLAGS.headers };
