// `mesoscale local`: its description; main.ts runs it.
import { command } from '../command.ts';
import { keepGoingWithoutReader } from '../process/output-errors.ts';
import { LOCAL_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'local',
  summary: 'run a master and agents on this machine',
  usage: 'mesoscale local [--agents=N] …\n\nRuns a master and agents on this machine.',
  flags: LOCAL_FLAGS,
  run: async (parsed) => {
    keepGoingWithoutReader();
    await (await import('./main.ts')).runLocal(parsed);
  },
});
