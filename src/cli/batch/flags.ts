// The flags of `mesoscale batch`, which runs the tasks of a file.

import {
  choice,
  decimal,
  duration,
  integer,
  list,
  path,
  role,
  text,
  texts,
  toggle,
} from '../flags/flag.ts';
import { CONTEXT_FLAG } from '../operate/connection/flags.ts';
import { TLS_FLAGS } from '../process/tls-flags.ts';
import { ConstraintError, parseConstraints } from './constraints.ts';

function constraintError(given: readonly string[]): string | undefined {
  try {
    given.forEach(parseConstraints);
    return undefined;
  } catch (error) {
    if (error instanceof ConstraintError) {
      return `constraint ${error.message}`;
    }
    throw error;
  }
}

export const BATCH_FLAGS = {
  ...TLS_FLAGS,
  constraint: texts({
    placeholder: 'ATTRIBUTE:OPERATOR[:VALUE]',
    check: constraintError,
    help: 'Where all tasks may run, as in Marathon: rack:LIKE:rack-[1-3], rack:UNLIKE:rack-9, zone:IS:a, hostname:UNIQUE, rack:GROUP_BY, zone:MAX_PER:2. May be given several times; a task of the file may have constraints besides.',
  }),
  context: CONTEXT_FLAG,
  cpus: decimal({
    default: 1,
    help: 'CPUs of tasks that do not say. 0 is for tasks that need memory only.',
  }),
  failover_timeout: duration({
    default: 3600_000,
    help: 'How long running tasks are kept while nobody watches them: the time to come back in after an interruption.',
  }),
  framework_capabilities: list({
    help: 'Capabilities of the framework besides those it needs, such as GPU_RESOURCES (set for tasks with gpus).',
  }),
  help: toggle({ default: false, help: 'Show this text and exit.' }),
  master: text({
    default: '127.0.0.1:5050',
    placeholder: 'HOST:PORT',
    secret: true,
    help: 'Where the master is: host:port, or zk://host1:port1,host2:port2/path, or file:///path of a file that says so.',
  }),
  max_running: integer({
    default: 100_000,
    check: (count) => (count < 1 ? 'max_running must be at least 1' : undefined),
    help: 'The most tasks at a time.',
  }),
  mem: decimal({ default: 32, help: 'Memory in MB of tasks that do not say.' }),
  name: text({ help: 'A name of the batch. Without it: the name of the file.' }),
  placement: choice(['spread', 'pack'])({
    default: 'spread',
    help: 'Whether tasks are spread over agents or packed onto few.',
  }),
  principal: text({ help: 'The principal of the framework.' }),
  rerun_failed: toggle({
    default: false,
    help: 'Run the tasks again that have failed in an earlier run, and only those besides what was not done.',
  }),
  results: path({ help: 'Folder of the results. Without it: FILE.results.' }),
  retries: integer({
    default: 0,
    help: 'How often a failed task is tried again, unless it says otherwise. Lost tasks are always run again.',
  }),
  role: role({ default: '*', help: 'The role of tasks that do not say.' }),
  secret: text({ secret: true, help: 'The secret that goes with --principal.' }),
  user: text({ help: 'The user to run as. Without it: the user who runs this.' }),
  version: toggle({ default: false, help: 'Show the version and exit.' }),
} as const;
