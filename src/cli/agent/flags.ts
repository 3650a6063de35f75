// All flags of the agent, with Mesos's names and defaults. AGENT_FLAGS joins five tables: that of
// all servers (process/shared-flags.ts), those about containers, images and networks in the files
// beside this one, and the rest here.

import {
  choice,
  decimal,
  duration,
  json,
  list,
  path,
  port,
  resources,
  role,
  size,
  text,
  toggle,
} from '../flags/flag.ts';
import { checkAuthenticators, positive, SHARED_FLAGS } from '../process/shared-flags.ts';
import { AGENT_CONTAINER_FLAGS } from './container-flags.ts';
import { AGENT_IMAGE_FLAGS } from './image-flags.ts';
import { AGENT_NETWORK_FLAGS } from './network-flags.ts';

const MINUTE = 60_000;

function checkEnvironment(value: unknown): string | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.values(value).every((text) => typeof text === 'string')
    ? undefined
    : 'executor_environment_variables must be a JSON object of texts';
}

const REQUIRED_FEATURES = [
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
  'AGENT_OPERATION_FEEDBACK',
  'RESOURCE_PROVIDER',
  'AGENT_DRAINING',
  'TASK_RESOURCE_LIMITS',
];

function checkFeatures(value: unknown): string | undefined {
  const listed = (value as { capabilities?: readonly { type?: string }[] })?.capabilities;
  const has = (name: string) => Array.isArray(listed) && listed.some(({ type }) => type === name);
  return REQUIRED_FEATURES.every(has)
    ? undefined
    : `agent_features must hold at least ${REQUIRED_FEATURES.join(', ')}`;
}

export const AGENT_FLAGS = {
  ...SHARED_FLAGS,
  ...AGENT_CONTAINER_FLAGS,
  ...AGENT_IMAGE_FLAGS,
  ...AGENT_NETWORK_FLAGS,
  agent_features: json({
    check: checkFeatures,
    status: 'accepted',
    help: 'Features the agent announces, as JSON. All that Mesos requires are always on.',
  }),
  attributes: text({
    help: 'Attributes of the machine, such as rack:r1;level:3.',
  }),
  authenticate_http_executors: toggle({
    default: false,
    help:
      'Require of executors that call over HTTP the token that the agent has given them. Needs ' +
      '--jwt_secret_key.',
  }),
  authenticate_http_readwrite: toggle({
    default: false,
    help: 'Require credentials for HTTP endpoints that change something.',
  }),
  authenticatee: choice(['crammd5'])({
    default: 'crammd5',
    status: 'accepted',
    help: 'How the agent authenticates with the master. Only crammd5 is known.',
  }),
  authentication_backoff_factor: duration({
    default: 1000,
    help: 'How fast the time between attempts to authenticate grows.',
  }),
  authentication_timeout_max: duration({
    default: MINUTE,
    check: positive('authentication_timeout_max'),
    help: 'Longest time that an attempt to authenticate with the master may take.',
  }),
  authentication_timeout_min: duration({
    default: 5000,
    check: positive('authentication_timeout_min'),
    help: 'Shortest time after which an attempt to authenticate with the master is given up.',
  }),
  authorizer: text({
    default: 'local',
    alias: 'authorizers',
    status: 'refused',
    help: 'What decides who may do what. Only local (--acls) is known.',
  }),
  credential: path({
    namesSecrets: true,
    help:
      'A file of the principal and secret with which the agent authenticates with the master (CRAM-MD5): ' +
      '{"principal": …, "secret": …}, or the two with a space between them.',
  }),
  default_role: role({
    default: '*',
    help: 'The role for which resources are reserved that name none.',
  }),
  disk_watch_interval: duration({
    default: MINUTE,
    check: positive('disk_watch_interval'),
    help: 'Time between two looks at how full the disk is, which decides how long sandboxes are kept.',
  }),
  domain_socket_location: text({
    help: 'Path of the socket for --http_executor_domain_sockets; without, agent.sock in --work_dir. The sockets of systemd are not used.',
  }),
  executor_environment_variables: json({
    check: checkEnvironment,
    help: 'Environment of executors and tasks, as a JSON object. Without it they get the agent’s PATH.',
  }),
  executor_registration_timeout: duration({
    default: MINUTE,
    help: 'How long an executor has from its start to its registration.',
  }),
  executor_reregistration_retry_interval: duration({
    status: 'accepted',
    help: 'Only concerns executors on Mesos’s old driver.',
  }),
  executor_reregistration_timeout: duration({
    default: 2000,
    check: (ms) =>
      ms > 15_000 ? 'executor_reregistration_timeout must not be more than 15secs' : undefined,
    help: 'How long executors have to come back after the agent has restarted. At most 15secs.',
  }),
  executor_shutdown_grace_period: duration({
    default: 5000,
    help: 'How long an executor has from being asked to stop until it is killed, unless it says otherwise.',
  }),
  fetcher_cache_dir: text({
    default: '/tmp/mesos/fetch',
    help: 'Folder of fetched files that are kept for other tasks (cache of a URI); one for each agent of a machine.',
  }),
  fetcher_cache_size: size({
    default: 2 * 2 ** 30,
    help: 'How much of the disk fetched files in --fetcher_cache_dir may take; 0: nothing is kept.',
  }),
  fetcher_stall_timeout: duration({
    default: MINUTE,
    help: 'A download that stands still for so long is given up.',
  }),
  frameworks_home: text({
    default: '',
    help: 'Folder put before relative URIs.',
  }),
  gc_delay: duration({
    default: 7 * 24 * 60 * MINUTE,
    help: 'How long sandboxes of ended executors are kept at most: less where the disk fills up (--gc_disk_headroom).',
  }),
  gc_disk_headroom: decimal({
    default: 0.1,
    check: (share) => (share > 1 ? 'gc_disk_headroom must be from 0 to 1' : undefined),
    help: 'Share of the disk to keep free: sandboxes are kept for gc_delay * (1 - gc_disk_headroom - share used).',
  }),
  hadoop_home: text({
    help: 'Where Hadoop is installed: its bin/hadoop fetches what is neither a file nor http or ftp. Otherwise that of HADOOP_HOME, or of PATH.',
  }),
  http_authenticators: list({
    check: checkAuthenticators('http_authenticators', ['basic', 'jwt', 'certificate']),
    defaultText: 'basic; basic,jwt with --authenticate_http_executors',
    help:
      'How HTTP requests authenticate: basic (--http_credentials), jwt (tokens of executors), certificate ' +
      '(the subject of the client’s, which --ssl_require_client_cert asks for), or several of them.',
  }),
  http_credentials: path({
    namesSecrets: true,
    help: 'A JSON file of the principals and secrets for HTTP endpoints.',
  }),
  http_executor_domain_sockets: toggle({
    default: false,
    help: 'Also serve the executor API on a Unix socket, of which executors are told by MESOS_DOMAIN_SOCKET.',
  }),
  http_heartbeat_interval: duration({
    default: 30_000,
    check: positive('http_heartbeat_interval'),
    help: 'Time between heartbeats on streams of the output of containers.',
  }),
  ip6: text({
    status: 'planned',
    help: 'The IPv6 address to publish for containers on the host network.',
  }),
  ip6_discovery_command: text({
    status: 'planned',
    help: 'A program that prints the IPv6 address to publish.',
  }),
  jwt_secret_key: path({
    alias: 'executor_secret_key',
    namesSecrets: true,
    help:
      'File whose bytes are the key that signs the tokens of executors (HMAC-SHA256). With it each executor ' +
      'has its own in MESOS_EXECUTOR_AUTHENTICATION_TOKEN.',
  }),
  master: text({
    placeholder: 'HOST:PORT',
    secret: true,
    help:
      'Where the master is: host:port, or where several elect one of themselves: ' +
      'zk://[user:password@]host1:port1,host2:port2/path. Or file:///path of a file that says so. Required.',
  }),
  oversubscribed_resources_interval: duration({
    default: 15_000,
    status: 'planned',
    help: 'Time between two estimates of what can be oversubscribed.',
  }),
  port: port({ default: 5051, help: 'The port to listen on.' }),
  qos_controller: text({
    status: 'refused',
    help: 'What ends revocable tasks when they disturb others.',
  }),
  qos_correction_interval_min: duration({
    default: 0,
    status: 'planned',
    help: 'Shortest time between two corrections of the QoS controller.',
  }),
  reconfiguration_policy: choice(['equal', 'additive', 'any'])({
    default: 'equal',
    help: 'What may change between two runs: equal (nothing), additive (more resources and attributes) or, which Mesos does not have, any (everything but the host name: what runs goes on, even on more than there is now).',
  }),
  recover: choice(['reconnect', 'cleanup'])({
    default: 'reconnect',
    help: 'What to do with executors of an earlier run: reconnect with them, or cleanup (end them and exit).',
  }),
  recovery_timeout: duration({
    default: 15 * MINUTE,
    help: 'Executors that do not find their agent again within this time end themselves.',
  }),
  registration_backoff_factor: duration({
    default: 1000,
    check: positive('registration_backoff_factor'),
    help: 'The first registration waits a random part of this; each retry up to twice as long, at most 1mins.',
  }),
  resource_estimator: text({
    status: 'refused',
    help: 'What estimates the resources that can be oversubscribed.',
  }),
  resource_provider_config_dir: path({
    status: 'planned',
    help: 'Folder of the configurations of local resource providers.',
  }),
  resources: resources({
    help: 'What the agent offers, such as cpus:8;mem:16384;ports:[31000-32000];disk(role):1024, or as JSON, or the path of a file that holds them. What is not named is detected.',
  }),
  strict: toggle({
    default: true,
    help: 'End when something of an earlier run cannot be recovered; without, go on with the rest, and kill tasks that are not among it.',
  }),
  work_dir: path({
    help: 'Folder of sandboxes and of what the agent keeps over a restart. Required.',
  }),
} as const;
