// `mesoscale task`: what tasks there are, what they print, and how to get into them.
import { type Noun, verb } from '../verb.ts';
import {
  TASK_ATTACH_FLAGS,
  TASK_CAT_FLAGS,
  TASK_EXEC_FLAGS,
  TASK_GET_FLAGS,
  TASK_KILL_FLAGS,
  TASK_LIST_FLAGS,
  TASK_LOGS_FLAGS,
  TASK_LS_FLAGS,
  TASK_SHOW_FLAGS,
  TASK_TAIL_FLAGS,
} from './flags.ts';

const TASK = {
  name: 'TASK',
  help: 'Its id, the beginning or last part of it, or its name.',
  completes: 'task',
} as const;

const FILE = { name: 'PATH', help: 'A file, as it is named in the sandbox.' } as const;

const list = verb({
  name: 'list',
  summary: 'list tasks',
  explanation:
    'Tasks that run, or are on their way. With --all also those that have ended, as far as the ' +
    'master remembers them.',
  flags: TASK_LIST_FLAGS,
  examples: [
    { line: 'task list', says: 'what runs' },
    {
      line: 'task list --all --filter state=TASK_FAILED -o wide',
      says: 'what has failed, when and why',
    },
    { line: 'task list --sort-by=-mem -o wide', says: 'the largest first, with more columns' },
    { line: 'task list -o name | wc -l', says: 'how many' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listTasks(values),
});

const show = verb({
  name: 'show',
  summary: 'show one task: what it has, and its life, with reasons',
  parameters: [TASK],
  flags: TASK_SHOW_FLAGS,
  examples: [
    { line: 'task show web', says: 'where it runs, with what, and what happened to it' },
    { line: 'task show web -o json', says: 'the Task of the v1 API' },
  ],
  run: async (asked) => (await import('./show.ts')).showTask(asked),
});

const logs = verb({
  name: 'logs',
  summary: 'show what a task prints',
  explanation:
    'Its standard output, with what the container logger has rotated away. Also of a task that ' +
    'has ended, while its sandbox is there. In a terminal colours are kept, and nothing else that ' +
    'a terminal would obey.',
  parameters: [TASK],
  flags: TASK_LOGS_FLAGS,
  examples: [
    { line: 'task logs web', says: 'all that it has printed' },
    { line: 'task logs -f -n 20 web', says: 'the last 20 lines, and what comes, until it ends' },
    { line: 'task logs --both web 2>errors', says: 'standard error as well' },
  ],
  run: async (asked) => (await import('./logs.ts')).printLogs(asked),
});

const filesLs = verb({
  name: 'files ls',
  summary: "list what is in a task's sandbox",
  parameters: [TASK, { name: 'PATH', help: 'A folder of the sandbox.', isOptional: true }],
  flags: TASK_LS_FLAGS,
  examples: [
    { line: 'task files ls web', says: 'the sandbox' },
    { line: 'task files ls web data --sort-by=-size', says: 'a folder, the largest first' },
  ],
  run: async (asked) => (await import('./files.ts')).list(asked),
});

const filesCat = verb({
  name: 'files cat',
  summary: "print a file of a task's sandbox",
  parameters: [TASK, FILE],
  flags: TASK_CAT_FLAGS,
  examples: [{ line: 'task files cat web conf/app.yaml', says: 'one file' }],
  run: async (asked) => (await import('./files.ts')).cat(asked),
});

const filesTail = verb({
  name: 'files tail',
  summary: "print the end of a file of a task's sandbox",
  parameters: [TASK, FILE],
  flags: TASK_TAIL_FLAGS,
  examples: [{ line: 'task files tail -f web app.log', says: 'and what is written from now on' }],
  run: async (asked) => (await import('./files.ts')).tailFile(asked),
});

const filesGet = verb({
  name: 'files get',
  summary: "fetch a file, or a folder, of a task's sandbox",
  explanation:
    'Files come one by one, under the names that they have; links that lead out of the folder, ' +
    'and what is no file, are left out. Nothing that is here already is written over.',
  parameters: [
    TASK,
    {
      name: 'PATH',
      help: 'A file or folder of the sandbox; without, all of it.',
      isOptional: true,
    },
  ],
  flags: TASK_GET_FLAGS,
  examples: [
    { line: 'task files get web core.1', says: 'into this folder' },
    { line: 'task files get web --to=web-files', says: 'the whole sandbox' },
    { line: 'task files get web --archive', says: 'the whole sandbox as web.tar' },
  ],
  run: async (asked) => (await import('./files.ts')).get(asked),
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

const kill = verb({
  name: 'kill',
  summary: 'end tasks',
  explanation:
    'Their executors end them as their frameworks would have it, with SIGTERM first; frameworks ' +
    'are told that an operator did it, and may start others. Who may tear a framework down may ' +
    'end its tasks. Masters of Apache Mesos leave this to the framework alone.',
  parameters: [{ ...TASK, isMany: true }],
  flags: TASK_KILL_FLAGS,
  examples: [
    { line: 'task kill web', says: 'asks, and ends it' },
    { line: 'task kill --yes --grace=1mins job-1 job-2', says: 'two, with a minute to end in' },
  ],
  run: async (asked) => (await import('./kill.ts')).killTasks(asked),
});

export const NOUN: Noun = {
  name: 'task',
  summary: 'look into tasks: list them, see what they print, get into them, end them',
  verbs: [list, show, logs, filesLs, filesCat, filesTail, filesGet, exec, attach, kill],
  groups: { files: "look at the files in a task's sandbox" },
};
