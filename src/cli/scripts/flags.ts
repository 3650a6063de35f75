// The flags of Mesos's scripts, under the names that they have there.
import { decimal, duration, text, toggle } from '../flags/flag.ts';
import { CONNECTION_FLAGS } from '../operate/connection/flags.ts';
import { TLS_FLAGS } from '../process/tls-flags.ts';

const { context: _context, timeout: _timeout, ...CONNECTION } = CONNECTION_FLAGS;
const HELP = { help: toggle({ default: false, help: 'Show this text and exit.' }) };

export const FILE_FLAGS = {
  ...CONNECTION,
  ...HELP,
  file: text({ help: 'The file of the sandbox, such as stdout.' }),
  framework: text({ help: 'The framework of the task, by its id.' }),
  task: text({ help: 'The task, by its id.' }),
};

export const PS_FLAGS = {
  ...CONNECTION,
  ...HELP,
  timeout: decimal({ default: 5, help: 'Seconds that agents have to tell what tasks take.' }),
  verbose: toggle({ default: false, help: 'Tell which agents do not answer.' }),
};

export const RESOLVE_FLAGS = {
  ...TLS_FLAGS,
  ...HELP,
  timeout: duration({ default: 5_000, help: 'How long to wait for a master that leads.' }),
  verbose: toggle({ status: 'accepted', default: false, help: 'Nothing more is told.' }),
};
