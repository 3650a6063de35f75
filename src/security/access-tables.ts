// What every call, message, event and endpoint of master and agent needs: which action on which
// object, or why none. The types ask for an entry for each call that there is, tests hold the
// servers to the tables, and docs/secure.md shows them. An action is the singular, in capitals, of
// its list in --acls.
import type { ToAgent, ToMaster } from '../model/agent-messages.ts';
import type {
  AgentCall_Type,
  ExecutorCall_Type,
  MasterCall_Type,
  MasterEvent_Type,
  Offer_Operation_Type,
  SchedulerCall_Type,
} from '../model/generated/messages.ts';
import type { Action } from './authorizer.ts';

export type Access =
  /** Refused with 403 (of frameworks, with an ERROR or a status) without each of the actions. */
  | { readonly kind: 'refused'; readonly actions: readonly Action[]; readonly of: string }
  /** Shows only objects for which there is the action. */
  | { readonly kind: 'filtered'; readonly actions: readonly Action[]; readonly of: string }
  /** Authorized by nothing but its sender. */
  | { readonly kind: 'open'; readonly why: string };

type NameOf<Types> = Exclude<keyof Types, 'UNKNOWN'>;
type TableOf<Types> = Readonly<Record<NameOf<Types>, Access>>;

const needs = (of: string, ...actions: Action[]): Access => ({ kind: 'refused', actions, of });
const shows = (of: string, ...actions: Action[]): Access => ({ kind: 'filtered', actions, of });
const open = (why: string): Access => ({ kind: 'open', why });

const FLAGS = needs('all flags', 'VIEW_FLAGS');
const METRICS = needs('the path /metrics/snapshot', 'GET_ENDPOINT_WITH_PATH');
const HEALTH = open('it says only that the process answers');
const READY = open('it says only whether the process serves, and in which of a few states it is');
const VERSION = open('it says only which release runs');
const FILES = needs(
  'the logs (ACCESS_MESOS_LOG); the user of the sandbox’s framework or executor (ACCESS_SANDBOX)',
  'ACCESS_MESOS_LOG',
  'ACCESS_SANDBOX',
);

/** Calls that the process answers without its state machine. */
const PROCESS_CALLS = {
  GET_HEALTH: HEALTH,
  GET_FLAGS: FLAGS,
  GET_VERSION: VERSION,
  GET_METRICS: METRICS,
  GET_LOGGING_LEVEL: needs('the path /logging/toggle', 'GET_ENDPOINT_WITH_PATH'),
  SET_LOGGING_LEVEL: needs('the level of the log', 'SET_LOG_LEVEL'),
  LIST_FILES: FILES,
  READ_FILE: FILES,
} as const;

const RESERVATIONS = 'the role of each reservation that is made';
const RESERVERS = 'the principal who made each reservation';
const VOLUMES = 'the role of each volume';
const RUNNING = 'the users of frameworks, tasks and executors; roles';
const IN_STATE = [
  'VIEW_FRAMEWORK',
  'VIEW_TASK',
  'VIEW_EXECUTOR',
  'VIEW_ROLE',
  'VIEW_RESOURCE_PROVIDER',
] as const;
const MASTER_STATE = shows(`${RUNNING}; the agents’ resource providers`, ...IN_STATE);
const MASTER_STREAM = shows(
  `${RUNNING}; the agents’ resource providers; the logs, which say why agents are refused`,
  ...IN_STATE,
  'ACCESS_MESOS_LOG',
);
const OF_TASK = shows(
  'the users of the framework and the task; roles',
  'VIEW_FRAMEWORK',
  'VIEW_TASK',
  'VIEW_ROLE',
);
const OF_FRAMEWORK = shows('the framework’s user; its roles', 'VIEW_FRAMEWORK', 'VIEW_ROLE');
const QUOTA_OF_ROLE = needs('each role', 'UPDATE_QUOTA');
const OF_AGENT = 'agents, one as the other';
const OF_MACHINE = 'machines, one as the other';

export const MASTER_CALLS: TableOf<typeof MasterCall_Type> = {
  ...PROCESS_CALLS,
  GET_STATE: MASTER_STATE,
  SUBSCRIBE: MASTER_STREAM,
  GET_AGENTS: shows(
    'the roles of resources; resource providers',
    'VIEW_ROLE',
    'VIEW_RESOURCE_PROVIDER',
  ),
  GET_FRAMEWORKS: shows(
    'the framework’s user; its roles; executors named in offers',
    'VIEW_FRAMEWORK',
    'VIEW_ROLE',
    'VIEW_EXECUTOR',
  ),
  GET_EXECUTORS: shows(
    'the users of the framework and the executor; roles',
    'VIEW_FRAMEWORK',
    'VIEW_EXECUTOR',
    'VIEW_ROLE',
  ),
  GET_OPERATIONS: shows(
    'the framework’s user; the roles of resources',
    'VIEW_FRAMEWORK',
    'VIEW_ROLE',
  ),
  GET_TASKS: OF_TASK,
  GET_ROLES: shows('each role; the frameworks in it', 'VIEW_ROLE', 'VIEW_FRAMEWORK'),
  GET_WEIGHTS: shows('each role', 'VIEW_ROLE'),
  GET_QUOTA: shows('each role', 'GET_QUOTA'),
  GET_MAINTENANCE_STATUS: shows(
    `${OF_MACHINE}; the frameworks that have answered`,
    'GET_MAINTENANCE_STATUS',
    'VIEW_FRAMEWORK',
  ),
  GET_MAINTENANCE_SCHEDULE: shows(OF_MACHINE, 'GET_MAINTENANCE_SCHEDULE'),
  GET_OFFERS: OF_FRAMEWORK,
  GET_HISTORY: METRICS,
  GET_SHARES: OF_FRAMEWORK,
  EXPLAIN: shows(
    'the framework’s user; each role; the quotas of each role',
    'VIEW_FRAMEWORK',
    'VIEW_ROLE',
    'GET_QUOTA',
  ),
  PLAN: shows(
    'the users of frameworks and tasks; each role; the quotas of each role; sums of the cluster, ' +
      'where a role is not shown: the path /metrics/snapshot',
    'VIEW_FRAMEWORK',
    'VIEW_TASK',
    'VIEW_ROLE',
    'GET_QUOTA',
    'GET_ENDPOINT_WITH_PATH',
  ),
  GET_MASTER: open('who asks the master knows its address already'),
  UPDATE_WEIGHTS: needs('each role', 'UPDATE_WEIGHT'),
  RESERVE_RESOURCES: needs(
    `${RESERVATIONS}; ${RESERVERS} that a source loses`,
    'RESERVE_RESOURCES',
    'UNRESERVE_RESOURCES',
  ),
  UNRESERVE_RESOURCES: needs(RESERVERS, 'UNRESERVE_RESOURCES'),
  CREATE_VOLUMES: needs(VOLUMES, 'CREATE_VOLUME'),
  DESTROY_VOLUMES: needs('the principal who made each volume', 'DESTROY_VOLUME'),
  GROW_VOLUME: needs(VOLUMES, 'RESIZE_VOLUME'),
  SHRINK_VOLUME: needs(VOLUMES, 'RESIZE_VOLUME'),
  UPDATE_MAINTENANCE_SCHEDULE: needs(OF_MACHINE, 'UPDATE_MAINTENANCE_SCHEDULE'),
  START_MAINTENANCE: needs(OF_MACHINE, 'START_MAINTENANCE'),
  STOP_MAINTENANCE: needs(OF_MACHINE, 'STOP_MAINTENANCE'),
  DRAIN_AGENT: needs(
    `${OF_AGENT}; where it is to be marked gone, also that`,
    'DRAIN_AGENT',
    'MARK_AGENT_GONE',
  ),
  DEACTIVATE_AGENT: needs(OF_AGENT, 'DEACTIVATE_AGENT'),
  REACTIVATE_AGENT: needs(OF_AGENT, 'REACTIVATE_AGENT'),
  MARK_AGENT_GONE: needs(OF_AGENT, 'MARK_AGENT_GONE'),
  UPDATE_QUOTA: QUOTA_OF_ROLE,
  SET_QUOTA: QUOTA_OF_ROLE,
  REMOVE_QUOTA: QUOTA_OF_ROLE,
  TEARDOWN: needs('the framework’s principal', 'TEARDOWN_FRAMEWORK'),
  KILL_TASK: needs('the framework’s principal', 'TEARDOWN_FRAMEWORK'),
};

/** Events of SUBSCRIBE. */
export const MASTER_EVENTS: TableOf<typeof MasterEvent_Type> = {
  SUBSCRIBED: MASTER_STREAM,
  TASK_ADDED: OF_TASK,
  TASK_UPDATED: shows('the users of the framework and the task', 'VIEW_FRAMEWORK', 'VIEW_TASK'),
  AGENT_ADDED: MASTER_CALLS.GET_AGENTS,
  AGENT_REMOVED: open('it names an agent, and nothing of what it had'),
  AGENTS_REFUSED: shows('the logs', 'ACCESS_MESOS_LOG'),
  FRAMEWORK_ADDED: OF_FRAMEWORK,
  FRAMEWORK_UPDATED: OF_FRAMEWORK,
  FRAMEWORK_REMOVED: OF_FRAMEWORK,
  AGENT_UPDATED: MASTER_CALLS.GET_AGENTS,
  TASKS_TOLD: OF_TASK,
  HEARTBEAT: open('it says nothing'),
};

const REGISTRATION = needs('each role of the framework', 'REGISTER_FRAMEWORK');
const OWN = open('it is about what is the framework’s own; the call must come on its own stream');

export const SCHEDULER_CALLS: TableOf<typeof SchedulerCall_Type> = {
  SUBSCRIBE: REGISTRATION,
  UPDATE_FRAMEWORK: REGISTRATION,
  ACCEPT: needs(
    'those of each operation (below)',
    'RUN_TASK',
    'RESERVE_RESOURCES',
    'UNRESERVE_RESOURCES',
    'CREATE_VOLUME',
    'DESTROY_VOLUME',
    'RESIZE_VOLUME',
    'CREATE_BLOCK_DISK',
    'CREATE_MOUNT_DISK',
    'DESTROY_BLOCK_DISK',
    'DESTROY_MOUNT_DISK',
    'DESTROY_RAW_DISK',
  ),
  TEARDOWN: OWN,
  DECLINE: OWN,
  ACCEPT_INVERSE_OFFERS: OWN,
  DECLINE_INVERSE_OFFERS: OWN,
  REVIVE: OWN,
  KILL: OWN,
  SHUTDOWN: OWN,
  ACKNOWLEDGE: OWN,
  ACKNOWLEDGE_OPERATION_STATUS: OWN,
  RECONCILE: OWN,
  RECONCILE_OPERATIONS: OWN,
  MESSAGE: OWN,
  REQUEST: OWN,
  SUPPRESS: OWN,
};

const LAUNCH = needs('each user that the launch starts something as', 'RUN_TASK');

/** Operations of ACCEPT. */
export const OPERATIONS: TableOf<typeof Offer_Operation_Type> = {
  LAUNCH,
  LAUNCH_GROUP: LAUNCH,
  RESERVE: MASTER_CALLS.RESERVE_RESOURCES,
  UNRESERVE: MASTER_CALLS.UNRESERVE_RESOURCES,
  CREATE: MASTER_CALLS.CREATE_VOLUMES,
  DESTROY: MASTER_CALLS.DESTROY_VOLUMES,
  GROW_VOLUME: MASTER_CALLS.GROW_VOLUME,
  SHRINK_VOLUME: MASTER_CALLS.SHRINK_VOLUME,
  CREATE_DISK: needs('the disk’s role, by its type', 'CREATE_BLOCK_DISK', 'CREATE_MOUNT_DISK'),
  DESTROY_DISK: needs(
    'the disk’s role, by its type',
    'DESTROY_BLOCK_DISK',
    'DESTROY_MOUNT_DISK',
    'DESTROY_RAW_DISK',
  ),
};

const NEW_AGENT = needs(
  'agents, one as the other; the role of each reservation of its --resources',
  'REGISTER_AGENT',
  'RESERVE_RESOURCES',
);
const FROM_AGENT = open('it must come from the pid that the agent registered with');

const PROOF = open('it is how its sender proves who it is');

/** Messages of agents to the master. */
export const AGENT_MESSAGES: Readonly<Record<keyof ToMaster, Access>> = {
  RegisterAgentMessage: NEW_AGENT,
  ReregisterAgentMessage: NEW_AGENT,
  AuthenticateMessage: PROOF,
  AuthenticationStartMessage: PROOF,
  AuthenticationStepMessage: PROOF,
  UnregisterAgentMessage: FROM_AGENT,
  UpdateAgentMessage: FROM_AGENT,
  StatusUpdateMessage: FROM_AGENT,
  ExecutorToFrameworkMessage: FROM_AGENT,
  ExitedExecutorMessage: FROM_AGENT,
  UpdateOperationStatusMessage: FROM_AGENT,
  PongAgentMessage: FROM_AGENT,
};

const FROM_MASTER = open('it must come from the master that the agent follows');

/** Messages of the master to agents. */
export const MASTER_MESSAGES: Readonly<Record<keyof ToAgent, Access>> = {
  AgentRegisteredMessage: FROM_MASTER,
  AgentReregisteredMessage: FROM_MASTER,
  PingAgentMessage: FROM_MASTER,
  RunTaskMessage: LAUNCH,
  RunTaskGroupMessage: LAUNCH,
  KillTaskMessage: FROM_MASTER,
  StatusUpdateAcknowledgementMessage: FROM_MASTER,
  FrameworkToExecutorMessage: FROM_MASTER,
  ShutdownExecutorMessage: FROM_MASTER,
  ShutdownFrameworkMessage: FROM_MASTER,
  UpdateFrameworkMessage: FROM_MASTER,
  CheckpointResourcesMessage: FROM_MASTER,
  ReconcileOperationsMessage: FROM_MASTER,
  ApplyOperationMessage: FROM_MASTER,
  AcknowledgeOperationStatusMessage: FROM_MASTER,
  DrainAgentMessage: FROM_MASTER,
  ShutdownMessage: FROM_MASTER,
  AuthenticationMechanismsMessage: FROM_MASTER,
  AuthenticationStepMessage: FROM_MASTER,
  AuthenticationCompletedMessage: FROM_MASTER,
  AuthenticationFailedMessage: FROM_MASTER,
  AuthenticationErrorMessage: FROM_MASTER,
};

const CONTAINER_USER = 'the user of the executor or framework that the container is of';
const ALONE = 'containers without a framework, one as the other';
const IMAGES = needs('images, one as the other', 'PRUNE_IMAGES');
const PROVIDERS = needs('resource providers, one as the other', 'MODIFY_RESOURCE_PROVIDER_CONFIG');
const EXECUTORS = 'the users of frameworks and executors; roles';

export const AGENT_CALLS: TableOf<typeof AgentCall_Type> = {
  ...PROCESS_CALLS,
  GET_STATE: shows(RUNNING, 'VIEW_FRAMEWORK', 'VIEW_TASK', 'VIEW_EXECUTOR', 'VIEW_ROLE'),
  GET_CONTAINERS: shows(
    `${CONTAINER_USER}; ${ALONE}`,
    'VIEW_CONTAINER',
    'VIEW_STANDALONE_CONTAINER',
  ),
  GET_FRAMEWORKS: OF_FRAMEWORK,
  GET_EXECUTORS: shows(EXECUTORS, 'VIEW_FRAMEWORK', 'VIEW_EXECUTOR', 'VIEW_ROLE'),
  GET_OPERATIONS: shows(
    'the framework’s user; the roles of resources',
    'VIEW_FRAMEWORK',
    'VIEW_ROLE',
  ),
  GET_TASKS: shows(RUNNING, 'VIEW_FRAMEWORK', 'VIEW_TASK', 'VIEW_EXECUTOR', 'VIEW_ROLE'),
  GET_AGENT: shows('the roles of resources', 'VIEW_ROLE'),
  GET_RESOURCE_PROVIDERS: open('there are no resource providers to show'),
  LAUNCH_NESTED_CONTAINER: needs(
    `${CONTAINER_USER}; the user of the command`,
    'LAUNCH_NESTED_CONTAINER',
  ),
  LAUNCH_NESTED_CONTAINER_SESSION: needs(
    `${CONTAINER_USER}; the user of the command`,
    'LAUNCH_NESTED_CONTAINER_SESSION',
  ),
  WAIT_NESTED_CONTAINER: needs(CONTAINER_USER, 'WAIT_NESTED_CONTAINER'),
  KILL_NESTED_CONTAINER: needs(CONTAINER_USER, 'KILL_NESTED_CONTAINER'),
  REMOVE_NESTED_CONTAINER: needs(CONTAINER_USER, 'REMOVE_NESTED_CONTAINER'),
  ATTACH_CONTAINER_INPUT: needs(CONTAINER_USER, 'ATTACH_CONTAINER_INPUT'),
  ATTACH_CONTAINER_OUTPUT: needs(CONTAINER_USER, 'ATTACH_CONTAINER_OUTPUT'),
  LAUNCH_CONTAINER: byPlace('LAUNCH_STANDALONE_CONTAINER', 'LAUNCH_NESTED_CONTAINER'),
  WAIT_CONTAINER: byPlace('WAIT_STANDALONE_CONTAINER', 'WAIT_NESTED_CONTAINER'),
  KILL_CONTAINER: byPlace('KILL_STANDALONE_CONTAINER', 'KILL_NESTED_CONTAINER'),
  REMOVE_CONTAINER: byPlace('REMOVE_STANDALONE_CONTAINER', 'REMOVE_NESTED_CONTAINER'),
  ADD_RESOURCE_PROVIDER_CONFIG: PROVIDERS,
  UPDATE_RESOURCE_PROVIDER_CONFIG: PROVIDERS,
  REMOVE_RESOURCE_PROVIDER_CONFIG: PROVIDERS,
  MARK_RESOURCE_PROVIDER_GONE: needs(
    'resource providers, one as the other',
    'MARK_RESOURCE_PROVIDER_GONE',
  ),
  PRUNE_IMAGES: IMAGES,
  GET_IMAGES: IMAGES,
  PULL_IMAGE: IMAGES,
};

/** A call for both kinds of containers: those on their own, and those below another. */
function byPlace(alone: Action, nested: Action): Access {
  return needs(`${ALONE}; ${CONTAINER_USER}`, alone, nested);
}

const FROM_EXECUTOR = open(
  'it must name a framework and an executor that run on the agent, with the token of that executor' +
    ' (--authenticate_http_executors)',
);

export const EXECUTOR_CALLS: TableOf<typeof ExecutorCall_Type> = {
  SUBSCRIBE: FROM_EXECUTOR,
  UPDATE: FROM_EXECUTOR,
  MESSAGE: FROM_EXECUTOR,
  HEARTBEAT: open('it changes nothing, whoever sends it'),
};

const atPath = (path: string) => needs(`the path ${path}`, 'GET_ENDPOINT_WITH_PATH');
const IN_CALLS = open('each call by itself (above)');

/** Endpoints of both processes, by method where that makes a difference. */
const PROCESS_ENDPOINTS: Readonly<Record<string, Access>> = {
  '/version': VERSION,
  '/health': HEALTH,
  '/ready': READY,
  '/flags': FLAGS,
  '/metrics': METRICS,
  '/metrics/snapshot': METRICS,
  '/files/browse': FILES,
  '/files/read': FILES,
  '/files/download': FILES,
  '/files/archive': FILES,
  '/files/debug': shows(
    'the path /files/debug; of what it lists, as /files/browse',
    'GET_ENDPOINT_WITH_PATH',
    'ACCESS_MESOS_LOG',
    'ACCESS_SANDBOX',
  ),
  '/system/stats.json': open('figures of the machine that every process on it sees'),
  '/__processes__': open('names that are the same everywhere'),
  '/logging/toggle': needs(
    'the path /logging/toggle; where it sets the level, also that',
    'GET_ENDPOINT_WITH_PATH',
    'SET_LOG_LEVEL',
  ),
  '/profiler/start': open('it answers that there is no profiler'),
  '/profiler/stop': open('it answers that there is no profiler'),
  '/help': open('paths that are the same everywhere'),
  '/mesoscale/connection': open(
    'it says whether this process opened a connection, to who knows its key',
  ),
};

export const MASTER_ENDPOINTS: Readonly<Record<string, Access>> = {
  '/api/v1': IN_CALLS,
  '/api/v1/scheduler': IN_CALLS,
  '/redirect': open('it says which master leads'),
  '/': open('the page is the same everywhere; what it shows, it asks for as any client'),
  '/agent': open('it hands on to an agent what is asked of that, which decides (below)'),
  '/webui/session': open(
    'it tells the page who it is used by; a session is begun by who authenticates, and ended by its own cookie',
  ),
  '/assets': open('the files of the page, which are the same everywhere'),
  '/state': shows(
    `${RUNNING}; all flags`,
    'VIEW_FRAMEWORK',
    'VIEW_TASK',
    'VIEW_EXECUTOR',
    'VIEW_ROLE',
    'VIEW_FLAGS',
  ),
  '/state-summary': OF_TASK,
  '/slaves': shows('the roles of resources', 'VIEW_ROLE'),
  '/frameworks': shows(RUNNING, 'VIEW_FRAMEWORK', 'VIEW_TASK', 'VIEW_EXECUTOR', 'VIEW_ROLE'),
  '/tasks': OF_TASK,
  '/roles': MASTER_CALLS.GET_ROLES,
  '/scrape-targets': open(
    'where agents are, and their attributes, which /slaves shows to all, too',
  ),
  '/registrar(1)/registry': shows(
    'roles; machines, one as the other',
    'VIEW_ROLE',
    'GET_QUOTA',
    'GET_MAINTENANCE_STATUS',
    'GET_MAINTENANCE_SCHEDULE',
  ),
  'GET /weights': MASTER_CALLS.GET_WEIGHTS,
  'PUT /weights': MASTER_CALLS.UPDATE_WEIGHTS,
  'GET /quota': MASTER_CALLS.GET_QUOTA,
  'POST /quota': MASTER_CALLS.SET_QUOTA,
  'DELETE /quota': MASTER_CALLS.REMOVE_QUOTA,
  'GET /maintenance/schedule': MASTER_CALLS.GET_MAINTENANCE_SCHEDULE,
  'POST /maintenance/schedule': MASTER_CALLS.UPDATE_MAINTENANCE_SCHEDULE,
  'GET /maintenance/status': MASTER_CALLS.GET_MAINTENANCE_STATUS,
  'POST /machine/down': MASTER_CALLS.START_MAINTENANCE,
  'POST /machine/up': MASTER_CALLS.STOP_MAINTENANCE,
  'POST /reserve': MASTER_CALLS.RESERVE_RESOURCES,
  'POST /unreserve': MASTER_CALLS.UNRESERVE_RESOURCES,
  'POST /create-volumes': MASTER_CALLS.CREATE_VOLUMES,
  'POST /destroy-volumes': MASTER_CALLS.DESTROY_VOLUMES,
  'POST /teardown': MASTER_CALLS.TEARDOWN,
  ...PROCESS_ENDPOINTS,
};

export const AGENT_ENDPOINTS: Readonly<Record<string, Access>> = {
  '/api/v1': IN_CALLS,
  '/api/v1/executor': IN_CALLS,
  '/api/v1/resource_provider': open('it refuses every call: there are no resource providers'),
  '/state': shows(
    `${RUNNING}; all flags`,
    'VIEW_FRAMEWORK',
    'VIEW_TASK',
    'VIEW_EXECUTOR',
    'VIEW_ROLE',
    'VIEW_FLAGS',
  ),
  '/containers': shows(
    `the path /containers; ${CONTAINER_USER}`,
    'GET_ENDPOINT_WITH_PATH',
    'VIEW_CONTAINER',
  ),
  '/containerizer/debug': atPath('/containerizer/debug'),
  '/monitor/statistics': shows(
    `the path /monitor/statistics; ${CONTAINER_USER}`,
    'GET_ENDPOINT_WITH_PATH',
    'VIEW_CONTAINER',
  ),
  ...PROCESS_ENDPOINTS,
};

/** Of several endpoints that show the same, one is what is asked about. */
const isAskedAs = (path: string, { actions, of }: Exclude<Access, { kind: 'open' }>) =>
  actions.includes('GET_ENDPOINT_WITH_PATH') && of.split(/[ ;]/).includes(path);

/**
 * The endpoints that a rule about paths can name. Of the others, the objects in the response are
 * filtered.
 */
export const AUTHORIZED_PATHS: readonly string[] = [
  ...new Set(
    [MASTER_ENDPOINTS, AGENT_ENDPOINTS].flatMap((table) =>
      Object.entries(table).flatMap(([path, access]) =>
        access.kind !== 'open' && isAskedAs(path, access) ? [path] : [],
      ),
    ),
  ),
].toSorted();
