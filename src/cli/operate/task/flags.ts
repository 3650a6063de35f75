// The flags of `mesoscale task VERB`, a table for each verb.
import { text, toggle } from '../../flags/flag.ts';
import { AGENT_CONNECTION_FLAGS, CONNECTION_FLAGS } from '../connection/flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const TASK_LIST_FLAGS = {
  ...CONNECTION_FLAGS,
  ...LIST_FLAGS,
  agent: text({ help: 'Only tasks of this agent: its id, the beginning of it, or host name.' }),
  all: toggle({ short: 'a', default: false, help: 'Also tasks that have ended.' }),
  framework: text({ help: 'Only tasks of this framework: its id, the beginning of it, or name.' }),
};

/** Of verbs about one task. */
const ONE_TASK_FLAGS = {
  framework: text({
    help: 'The framework of the task, where several have one of that id: its id, the beginning of it, or name.',
  }),
};

export const TASK_EXEC_FLAGS = {
  ...AGENT_CONNECTION_FLAGS,
  ...ONE_TASK_FLAGS,
  interactive: toggle({
    short: 'i',
    default: false,
    help: 'Give the command the standard input.',
  }),
  tty: toggle({ short: 't', default: false, help: 'Give the command a terminal.' }),
  user: text({ help: 'The user that the command runs as; without, that of the task.' }),
};

export const TASK_ATTACH_FLAGS = {
  ...AGENT_CONNECTION_FLAGS,
  ...ONE_TASK_FLAGS,
  stdin: toggle({ default: true, help: 'Typing into the task.' }),
};
