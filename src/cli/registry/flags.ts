// The flags of `mesoscale registry`.
import { duration, path, text, toggle } from '../flags/flag.ts';
import { SHARED_FLAGS } from '../process/shared-flags.ts';

export const REGISTRY_FLAGS = {
  help: SHARED_FLAGS.help,
  version: SHARED_FLAGS.version,
  replace: toggle({
    default: false,
    help: 'With import: take the place of the agents and settings that are there.',
  }),
  salvage: toggle({
    default: false,
    help:
      'With export: where a registry in ZooKeeper is damaged, what can be read of it. What is ' +
      'wrong is told on standard error.',
  }),
  timeout: duration({
    default: 30_000,
    help: 'How long ZooKeeper, or the file, may take for one answer, such as 5secs.',
  }),
  work_dir: path({ help: 'The registry in this work folder of a master that does not run.' }),
  zk: text({
    placeholder: 'ZK://…',
    secret: true,
    help: 'The registry in ZooKeeper of masters with this --zk.',
  }),
  zk_registry_path: text({
    placeholder: 'PATH',
    help: 'Its folder there, where masters have this flag.',
  }),
} as const;
