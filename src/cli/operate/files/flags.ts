// The flags of verbs that show files, besides those about the connection.
import { integer, path, toggle } from '../../flags/flag.ts';

export const CAT_FLAGS = {
  raw: toggle({
    default: false,
    help: 'In a terminal, also show what it would obey; a pipe gets everything as it is.',
  }),
};

export const TAIL_FLAGS = {
  ...CAT_FLAGS,
  follow: toggle({ short: 'f', default: false, help: 'Go on with what is written from now on.' }),
  lines: integer({ short: 'n', default: 10, help: 'How many of the last lines to show.' }),
};

export const GET_FLAGS = {
  archive: toggle({
    default: false,
    help: 'A folder as the tar archive that its agent makes; without, files come one by one. Agents of Apache Mesos make none.',
  }),
  to: path({
    help: 'Where it goes to, which is not there yet; without, into this folder, under its own name.',
  }),
};
