// All flags of the master, with Mesos's names and defaults.

import {
  choice,
  decimal,
  duration,
  integer,
  json,
  list,
  path,
  pathOrNone,
  percent,
  port,
  rate,
  roles,
  size,
  text,
  toggle,
} from '../flags/flag.ts';
import { checkAuthenticators, positive, SHARED_FLAGS } from '../process/shared-flags.ts';
import { pageFolder } from './page-folder.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const SORTERS = ['drf', 'random'] as const;

const between = (name: string, low: number, high: number, said: string) => (value: number) =>
  value < low || value > high ? `${name} must be ${said}` : undefined;

export const MASTER_FLAGS = {
  ...SHARED_FLAGS,
  modules: json({ status: 'refused', help: 'Modules (shared libraries) to load.' }),
  agent_ping_timeout: duration({
    default: 15_000,
    alias: 'slave_ping_timeout',
    check: between('agent_ping_timeout', 1000, 15 * MINUTE, 'from 1secs to 15mins'),
    help: 'How long an agent has to answer a ping. After --max_agent_ping_timeouts missed answers it is unreachable.',
  }),
  agent_removal_rate_limit: rate({
    alias: 'slave_removal_rate_limit',
    help: 'How many agents that are lost may be marked unreachable in a time, such as 1/10mins. Without it: at once.',
  }),
  agent_reregister_timeout: duration({
    default: 10 * MINUTE,
    alias: 'slave_reregister_timeout',
    check: (ms) =>
      ms < 10 * MINUTE ? 'agent_reregister_timeout must be at least 10mins' : undefined,
    help: 'How long agents have to come back after the master has restarted, before they count as unreachable. At least 10mins.',
  }),
  allocation_interval: duration({
    default: 1000,
    check: positive('allocation_interval'),
    help: 'Time between two rounds of offers over all agents. What has changed is offered between rounds, too.',
  }),
  allocator: text({
    default: 'HierarchicalDRF',
    status: 'refused',
    help: 'The allocator. Only the built-in HierarchicalDRF is there.',
  }),
  allocator_agent_recovery_factor: decimal({
    default: 0.8,
    help: 'Where roles have quotas: share of the known agents that must be back after a restart before offers are made.',
  }),
  allocator_recovery_timeout: duration({
    default: 10 * MINUTE,
    help: 'Longest time after a restart that offers wait for these agents.',
  }),
  authenticate_agents: toggle({
    default: false,
    alias: 'authenticate_slaves',
    help: 'Admit only agents that authenticate (CRAM-MD5), with a principal and secret of --credentials.',
  }),
  authenticate_frameworks: toggle({
    default: false,
    alias: 'authenticate',
    status: 'accepted',
    help:
      'Admit only driver-based frameworks that authenticate (CRAM-MD5). There are none here: frameworks use ' +
      'the HTTP API, for which there is --authenticate_http_frameworks.',
  }),
  authenticate_http_frameworks: toggle({
    default: false,
    help: 'Require credentials for the scheduler API.',
  }),
  authenticate_http_readwrite: toggle({
    default: false,
    alias: 'authenticate_http',
    help: 'Require credentials for HTTP endpoints that change something.',
  }),
  authentication_v0_timeout: duration({
    default: 15_000,
    check: positive('authentication_v0_timeout'),
    help: 'How long the authentication of a driver-based framework or an agent may take.',
  }),
  authenticators: choice(['crammd5'])({
    default: 'crammd5',
    status: 'accepted',
    help: 'How agents and driver-based frameworks authenticate. Only crammd5 is known.',
  }),
  authorizers: text({
    default: 'local',
    status: 'refused',
    help: 'What decides who may do what. Only local (--acls) is known.',
  }),
  cluster: text({ help: 'A name of the cluster for people.' }),
  credentials: path({
    namesSecrets: true,
    help: 'A JSON file of principals and secrets: {"credentials": [{"principal": …, "secret": …}]}.',
  }),
  fair_sharing_excluded_resource_names: list({
    help: 'Names of resources, such as gpus, that do not count in the shares of roles and frameworks.',
  }),
  filter_gpu_resources: toggle({
    default: true,
    help: 'Offer agents with GPUs only to frameworks with the GPU_RESOURCES capability.',
  }),
  framework_sorter: choice(SORTERS)({
    default: 'drf',
    help: 'How the frameworks of one role are ordered: drf (dominant resource fairness) or random.',
  }),
  http_authenticators: list({
    default: ['basic'],
    check: checkAuthenticators('http_authenticators', ['basic', 'certificate']),
    help:
      'How HTTP requests authenticate: basic (--credentials), certificate (the subject of the client’s, which ' +
      '--ssl_require_client_cert asks for), or both.',
  }),
  http_framework_authenticators: list({
    default: ['basic'],
    check: checkAuthenticators('http_framework_authenticators', ['basic', 'certificate']),
    help: 'How requests to the scheduler API authenticate: basic, certificate, or both.',
  }),
  log_auto_initialize: toggle({
    default: true,
    status: 'accepted',
    help: 'Create the replicated log where there is none. The registry of this master always creates itself.',
  }),
  master_contender: text({
    status: 'refused',
    help: 'A module that contends for leadership.',
  }),
  max_agent_ping_timeouts: integer({
    default: 5,
    alias: 'max_slave_ping_timeouts',
    check: (count) => (count < 1 ? 'max_agent_ping_timeouts must be at least 1' : undefined),
    help: 'After so many pings without an answer an agent is unreachable.',
  }),
  max_completed_frameworks: integer({
    default: 50,
    help: 'How many completed frameworks are remembered.',
  }),
  max_completed_tasks_per_framework: integer({
    default: 1000,
    help: 'How many completed tasks of a framework are remembered.',
  }),
  max_executors_per_agent: integer({
    alias: 'max_executors_per_slave',
    help: 'No more is offered of an agent with so many executors: with the isolator network/port_mapping, each of them has ephemeral ports of its own.',
  }),
  max_operator_event_stream_subscribers: integer({
    default: 1000,
    help: 'The most subscribers of the operator event stream; beyond it the oldest of the principal that has most is dropped.',
  }),
  max_unreachable_tasks_per_framework: integer({
    default: 1000,
    help: 'How many unreachable tasks of a framework are remembered.',
  }),
  min_allocatable_resources: text({
    default: 'cpus:0.01|mem:32',
    help: 'The least that is worth an offer: amounts joined by ";" must all be there, alternatives are separated by "|".',
  }),
  offer_constraints_re2_max_mem: size({
    default: 4096,
    help: 'The most memory one regular expression in offer constraints may take.',
  }),
  offer_constraints_re2_max_program_size: integer({
    default: 100,
    help: 'The largest compiled size of one regular expression in offer constraints.',
  }),
  offer_timeout: duration({
    check: positive('offer_timeout'),
    help: 'Offers that are not answered within this time are rescinded. Without it they stand.',
  }),
  port: port({ default: 5050, help: 'The port to listen on.' }),
  publish_per_framework_metrics: toggle({
    default: true,
    help: 'Publish metrics of every single framework.',
  }),
  quorum: integer({
    status: 'accepted',
    help: 'Replicas that must agree in Mesos’s replicated log. Here the ensemble of --zk agrees, by a quorum of its own.',
  }),
  rate_limits: json({
    help: 'Calls a second that are taken of the frameworks of a principal, and how many may wait, as JSON: {"limits": [{"principal": …, "qps": 10, "capacity": 100}], "aggregate_default_qps": …, "aggregate_default_capacity": …}.',
  }),
  recovery_agent_removal_limit: percent({
    default: 1,
    alias: 'recovery_slave_removal_limit',
    help: 'If more than this share of the agents fails to come back after a restart, the master ends instead of giving them up.',
  }),
  registry: choice(['replicated_log', 'zookeeper', 'sqlite', 'in_memory'])({
    default: 'replicated_log',
    help: 'Where the registry of agents lives: zookeeper (for several masters; see --zk_registry_path), sqlite (a file in --work_dir, for one) or in_memory (for tests). Mesos’s replicated_log means zookeeper with --zk, and sqlite without.',
  }),
  registry_fetch_timeout: duration({
    default: MINUTE,
    check: positive('registry_fetch_timeout'),
    help: 'How long reading the registry in ZooKeeper may take, before the master ends. One on the local disk is read however long it takes.',
  }),
  registry_gc_interval: duration({
    default: 15 * MINUTE,
    check: positive('registry_gc_interval'),
    help: 'Time between two rounds of forgetting agents that are long gone.',
  }),
  registry_max_agent_age: duration({
    default: 14 * DAY,
    help: 'Unreachable and gone agents are forgotten after this time.',
  }),
  registry_max_agent_count: integer({
    default: 102_400,
    help: 'The most unreachable and gone agents that are remembered.',
  }),
  registry_store_timeout: duration({
    default: 20_000,
    check: positive('registry_store_timeout'),
    help: 'How long the disk, or ZooKeeper, may take to write a change of the registry, or the disk to say that it is full, before the master ends.',
  }),
  registry_strict: toggle({
    default: false,
    check: (value) => (value ? 'registry_strict can no longer be true' : undefined),
    status: 'accepted',
    help: 'Disabled in Mesos; only false is taken.',
  }),
  require_agent_domain: toggle({
    default: false,
    help: 'Admit only agents that were given a --domain.',
  }),
  role_sorter: choice(SORTERS)({
    default: 'drf',
    alias: 'user_sorter',
    help: 'How roles are ordered: drf (dominant resource fairness) or random.',
  }),
  roles: roles({
    help: 'The only roles that frameworks may use, besides *. Without it: any role.',
  }),
  root_submissions: toggle({
    default: true,
    help: 'Whether frameworks may run tasks as root.',
  }),
  webui_dir: pathOrNone({
    default: pageFolder,
    defaultText: 'the page that comes with this master',
    help:
      'Folder of the page that the master shows to browsers: index.html, and files with hashed names in assets. ' +
      'Empty (--webui_dir=): none.',
  }),
  weights: text({
    help: 'Weights of roles at the very first start, such as eng=2,ops=1.5. Later changes go through the API.',
  }),
  whitelist: path({
    help: 'A file of host names, one a line; only agents on these are offered.',
  }),
  work_dir: path({
    help: 'Folder of everything the master keeps. Required unless the registry is in ZooKeeper or in memory.',
  }),
  zk: text({
    placeholder: 'ZK://…',
    secret: true,
    help:
      'Where several masters elect one of themselves: zk://[user:password@]host1:port1,host2:port2/path, or ' +
      'file:///path of a file that says so. Without it, this master is the only one.',
  }),
  zk_registry_path: text({
    placeholder: 'PATH',
    help: 'Folder of the registry in ZooKeeper; all masters of a cluster have the same. Without it: the path of --zk with -registry behind it. Not within the path of --zk.',
  }),
} as const;
