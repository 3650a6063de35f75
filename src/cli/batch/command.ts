// `mesoscale batch`: its description; main.ts runs it.
import { command } from '../command.ts';
import { BATCH_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'batch',
  summary: 'run the tasks of a file on a cluster',
  usage:
    'mesoscale batch FILE [--master=HOST:PORT] …\n\n' +
    'FILE holds one task a line, as JSON or as CSV with a header. A task has a command, and may ' +
    'have a name, cpus, mem, disk, gpus, role, retries, env, image and constraints. Interrupt ' +
    'the batch and run it again: it goes on, with rows that were added at the end, too.',
  flags: BATCH_FLAGS,
  maxArguments: 1,
  source: async (...asked) =>
    (await import('../operate/connection/source.ts')).connectionSource(...asked),
  run: async (parsed) => (await import('./main.ts')).runBatch(parsed),
});
