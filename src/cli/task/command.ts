// `mesoscale task`: its description; main.ts runs it.
import { command } from '../command.ts';
import { TASK_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'task',
  summary: 'look into a running task, or take over its terminal',
  usage:
    'mesoscale task exec|attach TASK …\n\n' +
    'Works with a running task, named by its id.\n\n' +
    'task exec [-i] [-t] TASK [--] COMMAND [ARGUMENT …] runs a command beside the task, in its ' +
    'sandbox and environment, and ends with its exit status; -i (--interactive) gives it the ' +
    'standard input, -t (--tty) a terminal.\n\n' +
    'task attach [--no-stdin] TASK shows what a task with a terminal (tty_info) prints from now ' +
    'on, and types into it; Ctrl-P Ctrl-Q leaves it.',
  flags: TASK_FLAGS,
  maxArguments: Number.POSITIVE_INFINITY,
  run: async (parsed) => (await import('./main.ts')).runTask(parsed),
});
