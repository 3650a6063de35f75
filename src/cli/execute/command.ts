// `mesoscale execute`: its description; main.ts runs it.
import { command } from '../command.ts';
import { EXECUTE_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'execute',
  summary: 'run one command or task on a cluster',
  mesosName: 'mesos-execute',
  usage:
    'mesoscale execute [--master=HOST:PORT] --name=NAME --command=COMMAND …\n\n' +
    'Runs a command on the cluster, shows what it prints, and ends with its exit status.',
  flags: EXECUTE_FLAGS,
  maxArguments: Number.POSITIVE_INFINITY,
  source: async (...asked) =>
    (await import('../operate/connection/source.ts')).connectionSource(...asked),
  run: async (parsed) => (await import('./main.ts')).runExecute(parsed),
});
