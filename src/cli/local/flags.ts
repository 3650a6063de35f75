// The flags of `mesoscale local`, a whole cluster on one machine.
import { AGENT_CONTAINER_FLAGS } from '../agent/container-flags.ts';
import { AGENT_IMAGE_FLAGS } from '../agent/image-flags.ts';
import { AGENT_NETWORK_FLAGS } from '../agent/network-flags.ts';
import { integer, path, port, resources, text, toggle } from '../flags/flag.ts';
import { TLS_FLAGS } from '../process/tls-flags.ts';
import { MOST_AGENTS } from './agent-share.ts';
import { MOST_MASTERS } from './master-share.ts';

/** How every agent runs containers, and which images and networks these can have. */
const { containerizers, isolation, launcher } = AGENT_CONTAINER_FLAGS;
const { appc_simple_discovery_uri_prefix, docker_registry, image_providers } = AGENT_IMAGE_FLAGS;
const { network_cni_config_dir, network_cni_plugins_dir } = AGENT_NETWORK_FLAGS;

export const LOCAL_FLAGS = {
  ...TLS_FLAGS,
  agents: integer({
    alias: 'num_slaves',
    default: 1,
    check: (count) =>
      count > MOST_AGENTS ? `agents must not be more than ${MOST_AGENTS}` : undefined,
    help: 'How many agents to run.',
  }),
  agent_port: port({
    defaultText: 'the port behind those of the masters',
    help: 'The port of the first agent; each further one takes the next.',
  }),
  appc_simple_discovery_uri_prefix,
  containerizers,
  docker_registry,
  help: toggle({ default: false, help: 'Show this text and exit.' }),
  image_providers,
  ip: text({ default: '127.0.0.1', help: 'The IP address to listen on.' }),
  isolation,
  launcher,
  masters: integer({
    alias: 'num_masters',
    default: 1,
    check: (count) =>
      count < 1 || count > MOST_MASTERS ? `masters must be 1 to ${MOST_MASTERS}` : undefined,
    help: 'How many masters to run. Several need --zk.',
  }),
  network_cni_config_dir,
  network_cni_plugins_dir,
  port: port({
    default: 5050,
    help: 'The port of the first master; each further one takes the next.',
  }),
  resources: resources({
    help: 'What each agent offers. Without it the machine is detected and shared evenly.',
  }),
  version: toggle({ default: false, help: 'Show the version and exit.' }),
  work_dir: path({ default: 'var', help: 'Folder of everything the cluster keeps.' }),
  zk: text({
    placeholder: 'ZK://…',
    secret: true,
    help: 'Where the masters elect one of themselves and have their registry, as with mesoscale master.',
  }),
} as const;
