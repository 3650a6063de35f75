// The flags of `mesoscale task`.
import { text, toggle } from '../flags/flag.ts';
import { TLS_FLAGS } from '../process/tls-flags.ts';

export const TASK_FLAGS = {
  ...TLS_FLAGS,
  framework_id: text({ help: 'The framework of the task, where several have one of that id.' }),
  help: toggle({ default: false, help: 'Show this text and exit.' }),
  interactive: toggle({ default: false, help: 'exec: give the command the standard input (-i).' }),
  master: text({
    default: '127.0.0.1:5050',
    placeholder: 'HOST:PORT',
    secret: true,
    help: 'Where the master is: host:port, or zk://host1:port1,host2:port2/path, or file:///path of a file that says so.',
  }),
  principal: text({ help: 'The principal that asks.' }),
  secret: text({ secret: true, help: 'The secret that goes with --principal.' }),
  stdin: toggle({ default: true, help: 'attach: type into the task; without, only look on.' }),
  tty: toggle({ default: false, help: 'exec: give the command a terminal (-t).' }),
  user: text({ help: 'exec: the user that the command runs as; without, that of the task.' }),
};
