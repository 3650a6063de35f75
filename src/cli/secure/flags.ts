// The flags of `mesoscale secure`.
import { integer, list, path, text, toggle } from '../flags/flag.ts';
import { TLS_FLAGS } from '../process/tls-flags.ts';

/** Beyond it, the days of certificates could not be written. */
const MOST_DAYS = 36_500;

export const SECURE_FLAGS = {
  ...TLS_FLAGS,
  agent: text({
    placeholder: 'HOST:PORT',
    help: 'check: an agent to look at.',
  }),
  days: integer({
    default: 365,
    check: (days) =>
      days >= 1 && days <= MOST_DAYS ? undefined : `days expects 1 to ${MOST_DAYS}`,
    help: 'init, add, renew: how long certificates are valid. That of the authority is for ten times as long.',
  }),
  dir: path({ help: 'add, renew, remove, check: the folder that init has made.' }),
  help: toggle({ default: false, help: 'Show this text and exit.' }),
  hosts: list({
    defaultText: 'init: this machine; add: NAME; renew: those that it has',
    help: 'init, add host, renew host: the machines that get certificates. All names and addresses of one, by which others connect to it, are separated by slashes: one.example.com/10.0.0.1,two.example.com/10.0.0.2.',
  }),
  install_dir: path({
    defaultText: 'the folder itself',
    help: 'init, add, renew, remove: the path under which machines have these files, where it is another one.',
  }),
  master: text({
    placeholder: 'HOST:PORT',
    secret: true,
    help: 'check: a master to look at; zk://host1:port1,host2:port2/path: the one that leads.',
  }),
  principal: text({ help: 'check: the principal that asks, an operator.' }),
  roles: list({
    default: ['*'],
    help: 'init, add framework: the roles in which the framework may be. eng/% stands for all below eng, ANY for all.',
  }),
  secret: text({ secret: true, help: 'check: the secret that goes with --principal.' }),
  users: list({
    defaultText: 'the user of this command; nobody where that is root',
    help: 'init, add framework: the users as which its tasks may run, and whose tasks it may see on agents. ANY stands for all, root among them.',
  }),
} as const;
