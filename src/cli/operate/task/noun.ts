// `mesoscale task`: what tasks there are, what they print, and how to get into them.
import { type Noun, verb } from '../verb.ts';
import { TASK_ATTACH_FLAGS, TASK_EXEC_FLAGS, TASK_LIST_FLAGS } from './flags.ts';

const TASK = {
  name: 'TASK',
  help: 'Its id, the beginning of it, or its name.',
  completes: 'task',
} as const;

const list = verb({
  name: 'list',
  summary: 'list tasks',
  explanation:
    'Tasks that run, or are on their way. With --all also those that have ended, as far as the ' +
    'master remembers them.',
  flags: TASK_LIST_FLAGS,
  examples: [
    { line: 'task list', says: 'what runs' },
    { line: 'task list --all --filter state=TASK_FAILED', says: 'what has failed' },
    { line: 'task list --sort-by=-mem -o wide', says: 'the largest first, with more columns' },
    { line: 'task list -o name | wc -l', says: 'how many' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listTasks(values),
});

const exec = verb({
  name: 'exec',
  summary: 'run a command beside a task, and end with its exit status',
  explanation:
    'It runs in the sandbox and the environment of the task, as its user, and ends with this ' +
    'command. Flags stand before the task: what comes after it is the command.',
  parameters: [
    TASK,
    { name: 'COMMAND', help: 'The program and its arguments.', isMany: true, completes: 'command' },
  ],
  flags: TASK_EXEC_FLAGS,
  passesThrough: true,
  examples: [
    { line: 'task exec -it web sh', says: 'a shell in a terminal' },
    { line: 'task exec web ps -e', says: 'a command with arguments of its own' },
    { line: 'task exec -i web -- tee notes <notes', says: 'something to read for it' },
  ],
  run: async (asked) => (await import('./exec.ts')).execute(asked),
});

const attach = verb({
  name: 'attach',
  summary: 'take over the terminal of a task',
  explanation:
    'Shows what a task with a terminal (tty_info) prints from now on, and types into it. Ctrl-P ' +
    'Ctrl-Q leaves it, and it goes on.',
  parameters: [TASK],
  flags: TASK_ATTACH_FLAGS,
  examples: [
    { line: 'task attach editor', says: 'what the task shows, and what is typed goes there' },
    { line: 'task attach --no-stdin editor', says: 'only to look on' },
  ],
  run: async (asked) => (await import('./attach.ts')).attach(asked),
});

export const NOUN: Noun = {
  name: 'task',
  summary: 'look into tasks: list them, see what they print, get into them, end them',
  verbs: [list, exec, attach],
};
