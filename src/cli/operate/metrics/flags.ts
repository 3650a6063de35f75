// The flags of `mesoscale metrics`.
import { text } from '../../flags/flag.ts';
import { AGENT_CONNECTION_FLAGS } from '../connection/flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const METRICS_FLAGS = {
  ...AGENT_CONNECTION_FLAGS,
  ...LIST_FLAGS,
  agent: text({ placeholder: 'AGENT', help: 'Those of this agent; of the master otherwise.' }),
};
