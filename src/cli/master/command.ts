// `mesoscale master`: its description; main.ts runs it.
import { serverCommand } from '../command.ts';
import { MASTER_FLAGS } from './flags.ts';

export const COMMAND = serverCommand({
  name: 'master',
  summary: 'run a master',
  mesosName: 'mesos-master',
  usage: 'mesoscale master --work_dir=DIR [--ip=IP] [--port=PORT] …',
  flags: MASTER_FLAGS,
  run: async (parsed, early) => (await import('./main.ts')).runMaster(parsed, early),
});
