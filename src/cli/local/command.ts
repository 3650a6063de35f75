// `mesoscale local`: its description; main.ts runs it.
import { command } from '../command.ts';
import { keepGoingWithoutReader } from '../process/output-errors.ts';
import { LOCAL_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'local',
  summary: 'run a master and agents on this machine',
  mesosName: 'mesos-local',
  usage:
    'mesoscale local [--agents=N] [--masters=N --zk=ZK://…] …\n\n' +
    'Runs a master and agents on this machine, or several masters that elect one of themselves in ' +
    'ZooKeeper:\nmesoscale local --masters=3 --zk=zk://127.0.0.1:2181/mesos',
  flags: LOCAL_FLAGS,
  run: async (parsed) => {
    keepGoingWithoutReader();
    await (await import('./main.ts')).runLocal(parsed);
  },
});
