// The flags of `mesoscale agent VERB`, a table for each verb.
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS, DEED_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS, SHOW_FLAGS } from '../output/flags.ts';

export const AGENT_LIST_FLAGS = { ...CONNECTION_FLAGS, ...LIST_FLAGS };
export const AGENT_GONE_FLAGS = { ...CONNECTION_FLAGS, ...DANGER_FLAGS };
export const AGENT_SHOW_FLAGS = { ...CONNECTION_FLAGS, ...SHOW_FLAGS };
export const AGENT_DUTY_FLAGS = { ...CONNECTION_FLAGS, ...DEED_FLAGS };
