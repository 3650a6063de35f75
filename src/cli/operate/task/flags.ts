// The flags of `mesoscale task`, a table for each verb.
import { text, toggle } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const TASK_LIST_FLAGS = {
  ...CONNECTION_FLAGS,
  ...LIST_FLAGS,
  agent: text({ placeholder: 'AGENT', help: 'Only those on this agent.' }),
  all: toggle({ short: 'a', default: false, help: 'Ended tasks, too.' }),
  framework: text({ placeholder: 'FRAMEWORK', help: 'Only those of this framework.' }),
};
