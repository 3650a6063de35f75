// `mesoscale secure`: its description; main.ts runs it.
import { command } from '../command.ts';
import { SECURE_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'secure',
  summary: 'make what a closed cluster needs, and see what is open',
  usage:
    'mesoscale secure init|add|renew|remove|check …\n\n' +
    'Makes certificates, credentials and access control lists, and finds what is open.\n\n' +
    'secure init DIR makes a folder with all that a closed cluster needs, and shows how to start ' +
    'its parts. Only its user can read what is in it.\n\n' +
    'secure add host|agent|framework|operator NAME --dir=DIR adds to such a folder a machine’s ' +
    'certificate, or a principal with its secret and with what it may do.\n\n' +
    'secure renew host|principal NAME --dir=DIR gives a machine or a principal a new certificate and ' +
    'key. What it is called, its secret and what it may do stay as they are.\n\n' +
    'secure remove NAME --dir=DIR takes a principal out of the credentials and lists.\n\n' +
    'secure check looks for what is open: at files with --dir, at a master with --master, at an ' +
    'agent with --agent. It tells what to do about each, and exits with status 1 where something is.',
  flags: SECURE_FLAGS,
  maxArguments: 3,
  run: async (parsed) => (await import('./main.ts')).runSecure(parsed),
});
