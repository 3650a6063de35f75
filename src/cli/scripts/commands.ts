// The scripts of Mesos that others call, by their names; what they do, `mesoscale task` does as
// well.
import { FILE_FLAGS, PS_FLAGS, RESOLVE_FLAGS } from './flags.ts';
import { script } from './script.ts';

export const PS = script({
  name: 'mesos-ps',
  summary: 'list what runs, and what it takes',
  usage:
    'mesos-ps --master=MASTER\n\nLists the tasks that run, as the script of Mesos does. ' +
    '`mesoscale task list` has more.',
  flags: PS_FLAGS,
  run: async (parsed) => (await import('./ps.ts')).runPs(parsed),
});

export const CAT = script({
  name: 'mesos-cat',
  summary: 'print a file of a task',
  usage:
    'mesos-cat --master=MASTER --framework=ID --task=ID --file=NAME\n\nPrints a file of the ' +
    'sandbox of a task, as the script of Mesos does. `mesoscale task files` has more.',
  flags: FILE_FLAGS,
  run: async (parsed) => (await import('./file.ts')).runCat(parsed),
});

export const TAIL = script({
  name: 'mesos-tail',
  summary: 'print a file of a task, and what comes to it',
  usage:
    'mesos-tail --master=MASTER --framework=ID --task=ID --file=NAME\n\nPrints a file of the ' +
    'sandbox of a task, and what is added to it, as the script of Mesos does. `mesoscale task ' +
    'logs -f` ends with the task.',
  flags: FILE_FLAGS,
  run: async (parsed) => (await import('./file.ts')).runTail(parsed),
});

export const RESOLVE = script({
  name: 'mesos-resolve',
  summary: 'print the address of the master that leads',
  usage: 'mesos-resolve [--timeout=5secs] MASTER\n\nPrints the address of the master that leads.',
  flags: RESOLVE_FLAGS,
  maxArguments: 1,
  run: async (parsed) => (await import('./resolve.ts')).runResolve(parsed),
});
