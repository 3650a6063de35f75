// `mesoscale registry`: its description; main.ts runs it.
import { command } from '../command.ts';
import { REGISTRY_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'registry',
  summary: 'look into the registry of masters, or move it',
  usage:
    'mesoscale registry show|export|import|check --work_dir=DIR|--zk=ZK://…\n\n' +
    'registry show prints a table of the agents and of what operators have set. ' +
    'registry export prints all that is in the registry, as one JSON document. registry import ' +
    'reads such a document from standard input, into a registry that is empty (or --replace): all ' +
    'of it, or nothing. It begins an epoch: a master that leads meanwhile can write no more, and ' +
    'ends. registry check reads all, and tells all that is damaged; then it ends with status 1.\n\n' +
    'What is in it:\n' +
    'mesoscale registry show --zk=zk://host:2181/mesos\n\n' +
    'From one master to several:\n' +
    'mesoscale registry export --work_dir=/var/lib/mesos > registry.json\n' +
    'mesoscale registry import --zk=zk://host:2181/mesos < registry.json',
  flags: REGISTRY_FLAGS,
  maxArguments: 1,
  run: async (parsed) => (await import('./main.ts')).runRegistry(parsed),
});
