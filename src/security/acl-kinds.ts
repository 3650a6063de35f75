// Which list of --acls decides about an action, and what the objects of its rules are: roles,
// users, principals, or nothing in particular.
import { frameworkRoles } from '../model/capabilities.ts';
import type { Action, AuthorizationObject } from './authorizer.ts';

/**
 * One kind of rule: the name of its field, the name of its objects, and how to find the object in a
 * request.
 */
export interface Kind {
  readonly fields: readonly string[];
  readonly objects: string;
  /**
   * Undefined where the request is about no particular object; only a rule about ANY or NONE
   * applies then. An empty list is about nothing that a rule could name: `permissive` decides.
   */
  objectOf(object: AuthorizationObject): readonly string[] | undefined;
  /** Whether objects are roles, which a rule may name by `eng/%`: all roles below eng. */
  readonly isRole?: boolean;
  /** Whether the list has no say in a request; absent: it always has one. */
  isIdle?(object: AuthorizationObject): boolean;
}

const one = (value: string | undefined) => (value === undefined ? undefined : [value]);
/** The principal of what has been made, empty where nobody in particular has made it. */
const principalIn = (made: { readonly principal?: string } | undefined) => made?.principal ?? '';
/** There is no particular object. */
export const anything = () => undefined;

/** The user that a task runs as: its command's or its executor's, else the framework's. */
function taskUser({ task, framework, value }: AuthorizationObject): readonly string[] | undefined {
  const own = task !== undefined && 'command' in task ? task.command?.user : undefined;
  const shown = task !== undefined && 'user' in task ? task.user : undefined;
  const ofExecutor =
    task !== undefined && 'executor' in task ? task.executor?.command?.user : undefined;
  return one(own ?? shown ?? ofExecutor ?? framework?.user ?? value);
}

/** The user of an executor and its containers: its command's, else the framework's. */
const containerUser = ({ executor, framework, value }: AuthorizationObject) =>
  one(executor?.command?.user ?? framework?.user ?? value);

const roleOf = ({ resource, value }: AuthorizationObject) =>
  one(
    resource === undefined ? value : (resource.reservations?.at(-1)?.role ?? resource.role ?? '*'),
  );

const byUser = (field: string, objectOf: Kind['objectOf'] = containerUser): Kind => ({
  fields: [field],
  objects: 'users',
  objectOf,
});
const byCommandUser = (field: string): Kind => ({
  fields: [field],
  objects: 'users',
  objectOf: ({ command }) => one(command?.user),
  // Without a command nobody runs anything: the list about the container around it decides alone.
  isIdle: ({ command }) => command === undefined,
});
const byRole = (...fields: string[]): Kind => ({
  fields,
  objects: 'roles',
  objectOf: roleOf,
  isRole: true,
});
const byNothing = (field: string, objects: string): Kind => ({
  fields: [field],
  objects,
  objectOf: anything,
});

export const KINDS: Readonly<Record<Action, Kind>> = {
  REGISTER_FRAMEWORK: {
    ...byRole('register_frameworks'),
    objectOf: ({ framework, value }) =>
      framework === undefined ? one(value) : frameworkRoles(framework),
  },
  RUN_TASK: byUser('run_tasks', taskUser),
  TEARDOWN_FRAMEWORK: {
    fields: ['teardown_frameworks'],
    objects: 'framework_principals',
    objectOf: ({ framework, value }) => one(framework ? principalIn(framework) : value),
  },
  RESERVE_RESOURCES: byRole('reserve_resources'),
  UNRESERVE_RESOURCES: {
    fields: ['unreserve_resources'],
    objects: 'reserver_principals',
    objectOf: ({ resource, value }) =>
      one(resource ? principalIn(resource.reservations?.at(-1)) : value),
  },
  CREATE_VOLUME: byRole('create_volumes'),
  DESTROY_VOLUME: {
    fields: ['destroy_volumes'],
    objects: 'creator_principals',
    objectOf: ({ resource, value }) =>
      one(resource ? principalIn(resource.disk?.persistence) : value),
  },
  RESIZE_VOLUME: byRole('resize_volumes'),
  CREATE_BLOCK_DISK: byRole('create_block_disks'),
  DESTROY_BLOCK_DISK: byRole('destroy_block_disks'),
  CREATE_MOUNT_DISK: byRole('create_mount_disks'),
  DESTROY_MOUNT_DISK: byRole('destroy_mount_disks'),
  DESTROY_RAW_DISK: byRole('destroy_raw_disks'),
  GET_ENDPOINT_WITH_PATH: {
    fields: ['get_endpoints'],
    objects: 'paths',
    objectOf: ({ value }) => one(value),
  },
  VIEW_ROLE: byRole('view_roles'),
  UPDATE_WEIGHT: byRole('update_weights'),
  GET_QUOTA: byRole('get_quotas'),
  UPDATE_QUOTA: byRole('update_quotas', 'update_quota_configs'),
  VIEW_FRAMEWORK: byUser('view_frameworks', ({ framework, value }) =>
    one(framework?.user ?? value),
  ),
  VIEW_TASK: byUser('view_tasks', taskUser),
  VIEW_EXECUTOR: byUser('view_executors'),
  ACCESS_SANDBOX: byUser('access_sandboxes'),
  ACCESS_MESOS_LOG: byNothing('access_mesos_logs', 'logs'),
  VIEW_FLAGS: byNothing('view_flags', 'flags'),
  SET_LOG_LEVEL: byNothing('set_log_level', 'level'),
  VIEW_CONTAINER: byUser('view_containers'),
  REGISTER_AGENT: byNothing('register_agents', 'agents'),
  MARK_AGENT_GONE: byNothing('mark_agents_gone', 'agents'),
  DRAIN_AGENT: byNothing('drain_agents', 'agents'),
  DEACTIVATE_AGENT: byNothing('deactivate_agents', 'agents'),
  REACTIVATE_AGENT: byNothing('reactivate_agents', 'agents'),
  UPDATE_MAINTENANCE_SCHEDULE: byNothing('update_maintenance_schedules', 'machines'),
  GET_MAINTENANCE_SCHEDULE: byNothing('get_maintenance_schedules', 'machines'),
  START_MAINTENANCE: byNothing('start_maintenances', 'machines'),
  STOP_MAINTENANCE: byNothing('stop_maintenances', 'machines'),
  GET_MAINTENANCE_STATUS: byNothing('get_maintenance_statuses', 'machines'),
  LAUNCH_NESTED_CONTAINER: byCommandUser('launch_nested_containers_as_user'),
  KILL_NESTED_CONTAINER: byUser('kill_nested_containers'),
  WAIT_NESTED_CONTAINER: byUser('wait_nested_containers'),
  REMOVE_NESTED_CONTAINER: byUser('remove_nested_containers'),
  LAUNCH_NESTED_CONTAINER_SESSION: byCommandUser('launch_nested_container_sessions_as_user'),
  ATTACH_CONTAINER_INPUT: byUser('attach_containers_input'),
  ATTACH_CONTAINER_OUTPUT: byUser('attach_containers_output'),
  LAUNCH_STANDALONE_CONTAINER: byNothing('launch_standalone_containers', 'users'),
  KILL_STANDALONE_CONTAINER: byNothing('kill_standalone_containers', 'users'),
  WAIT_STANDALONE_CONTAINER: byNothing('wait_standalone_containers', 'users'),
  REMOVE_STANDALONE_CONTAINER: byNothing('remove_standalone_containers', 'users'),
  VIEW_STANDALONE_CONTAINER: byNothing('view_standalone_containers', 'users'),
  PRUNE_IMAGES: byNothing('prune_images', 'images'),
  VIEW_RESOURCE_PROVIDER: byNothing('view_resource_providers', 'resource_providers'),
  MODIFY_RESOURCE_PROVIDER_CONFIG: byNothing(
    'modify_resource_provider_configs',
    'resource_providers',
  ),
  MARK_RESOURCE_PROVIDER_GONE: byNothing('mark_resource_providers_gone', 'resource_providers'),
};

/** Kinds of rules that apply to an action besides its own: both must allow it. */
export const PARENTS: Readonly<Partial<Record<Action, Kind>>> = {
  LAUNCH_NESTED_CONTAINER: byUser('launch_nested_containers_under_parent_with_user'),
  LAUNCH_NESTED_CONTAINER_SESSION: byUser(
    'launch_nested_container_sessions_under_parent_with_user',
  ),
};

export const ALL_KINDS: readonly Kind[] = [...Object.values(KINDS), ...Object.values(PARENTS)];

/** Every action, with the fields of the lists that decide about it. */
export const aclFields: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(KINDS).map(([action, { fields }]) => [
    action,
    [...fields, ...(PARENTS[action as Action]?.fields ?? [])],
  ]),
);

/** What the objects of each list are called in its rules. */
export const objectsOfLists: Readonly<Record<string, string>> = Object.fromEntries(
  ALL_KINDS.flatMap(({ fields, objects }) => fields.map((field) => [field, objects])),
);
