// `mesoscale task`: its description; main.ts runs it.
import { command } from '../command.ts';
import { TASK_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'task',
  summary: 'look into a running task, or take over its terminal',
  usage:
    'mesoscale task exec [-i] [-t] TASK [--] COMMAND [ARGUMENT …]\n' +
    'mesoscale task attach [--no-stdin] TASK\n\n' +
    'exec runs a command beside the task, in its sandbox and environment, and ends with its exit ' +
    'status; -i (--interactive) gives it the standard input, -t (--tty) a terminal. attach shows what ' +
    'a task with a terminal (tty_info) prints from now on, and types into it; Ctrl-P Ctrl-Q leaves ' +
    'it. TASK is the id of a task that runs.',
  flags: TASK_FLAGS,
  maxArguments: Number.POSITIVE_INFINITY,
  run: async (parsed) => (await import('./main.ts')).runTask(parsed),
});
