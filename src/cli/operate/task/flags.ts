// The flags of `mesoscale task VERB`, a table for each verb.
import { duration, integer, text, toggle } from '../../flags/flag.ts';
import { AGENT_CONNECTION_FLAGS, CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS } from '../deed-flags.ts';
import { CAT_FLAGS, GET_FLAGS, TAIL_FLAGS } from '../files/flags.ts';
import { LIST_FLAGS, SHOW_FLAGS } from '../output/flags.ts';

export const TASK_LIST_FLAGS = {
  ...CONNECTION_FLAGS,
  ...LIST_FLAGS,
  agent: text({
    help: 'Only tasks of this agent: its id, the beginning or last part of it (S3), or host name.',
  }),
  all: toggle({ short: 'a', default: false, help: 'Also tasks that have ended.' }),
  framework: text({
    help: 'Only tasks of this framework: its id, the beginning or last part of it, or name.',
  }),
};

/** Of verbs about one task. */
const ONE_TASK_FLAGS = {
  framework: text({
    help: 'The framework of the task, where several have one of that id: its id, the beginning or last part of it, or name.',
  }),
};

export const TASK_SHOW_FLAGS = { ...CONNECTION_FLAGS, ...SHOW_FLAGS, ...ONE_TASK_FLAGS };

export const TASK_LOGS_FLAGS = {
  ...AGENT_CONNECTION_FLAGS,
  ...ONE_TASK_FLAGS,
  ...CAT_FLAGS,
  both: toggle({
    default: false,
    help: 'Standard output onto standard output, and standard error onto standard error.',
  }),
  follow: toggle({
    short: 'f',
    default: false,
    help: 'Go on with what the task writes, until it has ended.',
  }),
  lines: integer({ short: 'n', help: 'How many of the last lines to show; without, all.' }),
  stderr: toggle({ default: false, help: 'Standard error in place of standard output.' }),
};

export const TASK_LS_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...LIST_FLAGS, ...ONE_TASK_FLAGS };
export const TASK_CAT_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...ONE_TASK_FLAGS, ...CAT_FLAGS };
export const TASK_TAIL_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...ONE_TASK_FLAGS, ...TAIL_FLAGS };
export const TASK_GET_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...ONE_TASK_FLAGS, ...GET_FLAGS };

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

export const TASK_KILL_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DANGER_FLAGS,
  ...ONE_TASK_FLAGS,
  grace: duration({
    help: 'Between asking a task to end and ending it, in place of what the task asks for.',
  }),
};
