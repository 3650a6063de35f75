// The flags by which operators' commands find their master. They have variables (MESOS_MASTER …),
// and contexts set them.
import { choice, duration, text } from '../../flags/flag.ts';
import { TLS_FLAGS } from '../../process/tls-flags.ts';

export const CONTEXT_FLAG = text({
  placeholder: 'NAME',
  help: 'The context to use; `mesoscale context list` shows them.',
});

export const CONNECTION_FLAGS = {
  ...TLS_FLAGS,
  context: CONTEXT_FLAG,
  master: text({
    short: 'm',
    default: '127.0.0.1:5050',
    placeholder: 'MASTER',
    secret: true,
    help: 'Where the master is: host:port, https://host:port, or zk://host1:port1,host2:port2/path.',
  }),
  principal: text({ help: 'The principal that asks.' }),
  secret: text({
    secret: true,
    help: 'The secret that goes with --principal; file:///path stands for what is in the file.',
  }),
  timeout: duration({
    default: 30_000,
    help: 'How long an answer may take, and finding the master that leads, such as 5secs.',
  }),
};

/** Of verbs that speak to agents as well. */
export const AGENT_CONNECTION_FLAGS = {
  ...CONNECTION_FLAGS,
  agent_principal: text({
    help: 'The principal that asks agents, where another than --principal does.',
  }),
  agent_secret: text({
    secret: true,
    help: 'The secret of that principal, written as --secret.',
  }),
  via: choice(['agent', 'master'])({
    default: 'agent',
    help: "Of verbs that speak to agents: how these are reached, at an agent's own address, or by way of the master, which needs no more than what the master is reached by.",
  }),
};
