// `mesoscale agent`: its description; main.ts runs it.
import { serverCommand } from '../command.ts';
import { AGENT_FLAGS } from './flags.ts';

export const COMMAND = serverCommand({
  name: 'agent',
  summary: 'run an agent',
  mesosName: 'mesos-agent',
  usage: 'mesoscale agent --master=HOST:PORT --work_dir=DIR [--resources=…] …',
  flags: AGENT_FLAGS,
  run: async (parsed, early) => (await import('./main.ts')).runAgent(parsed, early),
});
