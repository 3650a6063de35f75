// The flags of `mesoscale agent VERB`, a table for each verb.
import { duration, toggle } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS, DEED_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS, SHOW_FLAGS } from '../output/flags.ts';

export const AGENT_LIST_FLAGS = {
  ...CONNECTION_FLAGS,
  all: toggle({ short: 'a', default: false, help: 'Also agents that were marked gone.' }),
  ...LIST_FLAGS,
};
export const AGENT_GONE_FLAGS = { ...CONNECTION_FLAGS, ...DANGER_FLAGS };
export const AGENT_SHOW_FLAGS = { ...CONNECTION_FLAGS, ...SHOW_FLAGS };
export const AGENT_DUTY_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DANGER_FLAGS,
  filter: LIST_FLAGS.filter,
};
export const AGENT_DRAIN_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DANGER_FLAGS,
  filter: LIST_FLAGS.filter,
  gone: toggle({ default: false, help: 'Mark each gone when it is drained: it never comes back.' }),
  grace: duration({
    help: 'The longest that a task may take to end; a task that asks for less gets less. Without it each has what it asks for.',
  }),
  wait: toggle({ default: false, help: 'Wait until all are drained.' }),
};
export const AGENT_UNDRAIN_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DEED_FLAGS,
  filter: LIST_FLAGS.filter,
};
