// What Mesos's local authorizer decides, written from its rules and not from ours: a request is
// about subjects and objects of a kind (SOME, ANY), each rule has an entity for both, and two
// matrices say which rule a request matches and whether that allows it. Slow and plain.
import type { Resource } from '../../src/model/generated/messages.ts';
import type { Action, AuthorizationObject } from '../../src/security/authorizer.ts';
import type { Principal } from '../../src/security/principal.ts';

export type EntityKind = 'SOME' | 'ANY' | 'NONE';
export interface JsonEntity {
  readonly type?: EntityKind;
  readonly values?: readonly string[];
}
/** A rule as it is in JSON: `principals`, and the objects by the name of the list. */
export type JsonRule = Readonly<Record<string, JsonEntity>>;
/** ACLs as they are in JSON. */
export interface JsonAcls {
  readonly permissive?: boolean;
  readonly [list: string]: readonly JsonRule[] | boolean | undefined;
}

interface Requested {
  readonly kind: 'SOME' | 'ANY';
  readonly value: string;
}

const EVERYTHING: Requested = { kind: 'ANY', value: '' };
const some = (value: string): Requested => ({ kind: 'SOME', value });
const someOf = (value: string | undefined) => (value === undefined ? EVERYTHING : some(value));

/** By the kind of the request and that of the rule; `named` stands for "if the rule names it". */
const MATCHES = {
  SOME: { SOME: 'named', ANY: true, NONE: true },
  ANY: { SOME: false, ANY: true, NONE: true },
} as const;
const ALLOWS = {
  SOME: { SOME: 'named', ANY: true, NONE: false },
  ANY: { SOME: false, ANY: true, NONE: false },
} as const;

const look = (
  matrix: typeof MATCHES | typeof ALLOWS,
  request: Requested,
  entity: JsonEntity,
): boolean => {
  const cell = matrix[request.kind][entity.type ?? 'SOME'];
  return cell === 'named' ? (entity.values ?? []).includes(request.value) : cell;
};

interface List {
  readonly name: string;
  readonly objects: string;
  readonly isHierarchical?: boolean;
}

const users = (name: string): List => ({ name, objects: 'users' });
const roles = (name: string): List => ({ name, objects: 'roles', isHierarchical: true });
const plain = (name: string, objects: string): List => ({ name, objects });

/** The list of each action, and what its rules call their objects. */
export const LISTS: Readonly<Record<Action, List>> = {
  REGISTER_FRAMEWORK: roles('register_frameworks'),
  RUN_TASK: users('run_tasks'),
  TEARDOWN_FRAMEWORK: plain('teardown_frameworks', 'framework_principals'),
  RESERVE_RESOURCES: roles('reserve_resources'),
  UNRESERVE_RESOURCES: plain('unreserve_resources', 'reserver_principals'),
  CREATE_VOLUME: roles('create_volumes'),
  DESTROY_VOLUME: plain('destroy_volumes', 'creator_principals'),
  RESIZE_VOLUME: roles('resize_volumes'),
  CREATE_BLOCK_DISK: roles('create_block_disks'),
  DESTROY_BLOCK_DISK: roles('destroy_block_disks'),
  CREATE_MOUNT_DISK: roles('create_mount_disks'),
  DESTROY_MOUNT_DISK: roles('destroy_mount_disks'),
  DESTROY_RAW_DISK: roles('destroy_raw_disks'),
  GET_ENDPOINT_WITH_PATH: plain('get_endpoints', 'paths'),
  VIEW_ROLE: roles('view_roles'),
  UPDATE_WEIGHT: roles('update_weights'),
  GET_QUOTA: roles('get_quotas'),
  UPDATE_QUOTA: roles('update_quotas'),
  VIEW_FRAMEWORK: users('view_frameworks'),
  VIEW_TASK: users('view_tasks'),
  VIEW_EXECUTOR: users('view_executors'),
  ACCESS_SANDBOX: users('access_sandboxes'),
  ACCESS_MESOS_LOG: plain('access_mesos_logs', 'logs'),
  VIEW_FLAGS: plain('view_flags', 'flags'),
  SET_LOG_LEVEL: plain('set_log_level', 'level'),
  VIEW_CONTAINER: users('view_containers'),
  REGISTER_AGENT: plain('register_agents', 'agents'),
  MARK_AGENT_GONE: plain('mark_agents_gone', 'agents'),
  DRAIN_AGENT: plain('drain_agents', 'agents'),
  DEACTIVATE_AGENT: plain('deactivate_agents', 'agents'),
  REACTIVATE_AGENT: plain('reactivate_agents', 'agents'),
  UPDATE_MAINTENANCE_SCHEDULE: plain('update_maintenance_schedules', 'machines'),
  GET_MAINTENANCE_SCHEDULE: plain('get_maintenance_schedules', 'machines'),
  START_MAINTENANCE: plain('start_maintenances', 'machines'),
  STOP_MAINTENANCE: plain('stop_maintenances', 'machines'),
  GET_MAINTENANCE_STATUS: plain('get_maintenance_statuses', 'machines'),
  LAUNCH_NESTED_CONTAINER: users('launch_nested_containers_as_user'),
  KILL_NESTED_CONTAINER: users('kill_nested_containers'),
  WAIT_NESTED_CONTAINER: users('wait_nested_containers'),
  REMOVE_NESTED_CONTAINER: users('remove_nested_containers'),
  LAUNCH_NESTED_CONTAINER_SESSION: users('launch_nested_container_sessions_as_user'),
  ATTACH_CONTAINER_INPUT: users('attach_containers_input'),
  ATTACH_CONTAINER_OUTPUT: users('attach_containers_output'),
  LAUNCH_STANDALONE_CONTAINER: users('launch_standalone_containers'),
  KILL_STANDALONE_CONTAINER: users('kill_standalone_containers'),
  WAIT_STANDALONE_CONTAINER: users('wait_standalone_containers'),
  REMOVE_STANDALONE_CONTAINER: users('remove_standalone_containers'),
  VIEW_STANDALONE_CONTAINER: users('view_standalone_containers'),
  PRUNE_IMAGES: plain('prune_images', 'images'),
  VIEW_RESOURCE_PROVIDER: plain('view_resource_providers', 'resource_providers'),
  MODIFY_RESOURCE_PROVIDER_CONFIG: plain('modify_resource_provider_configs', 'resource_providers'),
  MARK_RESOURCE_PROVIDER_GONE: plain('mark_resource_providers_gone', 'resource_providers'),
};

export const ACTIONS = Object.keys(LISTS) as Action[];

export const UNDER_PARENT: Readonly<Partial<Record<Action, List>>> = {
  LAUNCH_NESTED_CONTAINER: users('launch_nested_containers_under_parent_with_user'),
  LAUNCH_NESTED_CONTAINER_SESSION: users('launch_nested_container_sessions_under_parent_with_user'),
};

/** Actions whose rules can be about ANY or NONE only. */
const WITHOUT_OBJECT: ReadonlySet<Action> = new Set<Action>([
  'ACCESS_MESOS_LOG',
  'VIEW_FLAGS',
  'SET_LOG_LEVEL',
  'REGISTER_AGENT',
  'MARK_AGENT_GONE',
  'DRAIN_AGENT',
  'DEACTIVATE_AGENT',
  'REACTIVATE_AGENT',
  'UPDATE_MAINTENANCE_SCHEDULE',
  'GET_MAINTENANCE_SCHEDULE',
  'START_MAINTENANCE',
  'STOP_MAINTENANCE',
  'GET_MAINTENANCE_STATUS',
  'LAUNCH_STANDALONE_CONTAINER',
  'KILL_STANDALONE_CONTAINER',
  'WAIT_STANDALONE_CONTAINER',
  'REMOVE_STANDALONE_CONTAINER',
  'VIEW_STANDALONE_CONTAINER',
  'PRUNE_IMAGES',
  'VIEW_RESOURCE_PROVIDER',
  'MODIFY_RESOURCE_PROVIDER_CONFIG',
  'MARK_RESOURCE_PROVIDER_GONE',
]);

export const hasNoObject = (action: Action) => WITHOUT_OBJECT.has(action);

const lastReservation = ({ reservations = [] }: Resource) => reservations[reservations.length - 1];

/** As whom the executor or, if that does not say, the framework runs. */
const containerUser = ({ executor, framework, value }: AuthorizationObject) =>
  someOf(executor?.command?.user ?? framework?.user ?? value);

function taskUser({ task, framework, value }: AuthorizationObject): Requested {
  if (task !== undefined && 'state' in task) {
    return someOf(task.user ?? framework?.user ?? value);
  }
  const executor = task !== undefined && 'executor' in task ? task.executor : undefined;
  const command = task !== undefined && 'command' in task ? task.command : undefined;
  return someOf(command?.user ?? executor?.command?.user ?? framework?.user ?? value);
}

/** What the request is about; several where all of them have to be allowed. */
function requested(action: Action, object: AuthorizationObject): readonly Requested[] {
  const { framework, resource, value } = object;
  if (WITHOUT_OBJECT.has(action)) {
    return [EVERYTHING];
  }
  switch (action) {
    case 'REGISTER_FRAMEWORK': {
      const isMultiRole = framework?.capabilities?.some(({ type }) => type === 6) ?? false;
      return framework === undefined
        ? [someOf(value)]
        : (isMultiRole ? (framework.roles ?? []) : [framework.role ?? '*']).map(some);
    }
    case 'TEARDOWN_FRAMEWORK':
      // A principal that is not set reads as an empty text.
      return [framework === undefined ? someOf(value) : some(framework.principal ?? '')];
    case 'UNRESERVE_RESOURCES':
      return [
        resource === undefined ? someOf(value) : some(lastReservation(resource)?.principal ?? ''),
      ];
    case 'DESTROY_VOLUME':
      return [
        resource === undefined ? someOf(value) : some(resource.disk?.persistence?.principal ?? ''),
      ];
    case 'GET_ENDPOINT_WITH_PATH':
      return [someOf(value)];
    case 'RUN_TASK':
    case 'VIEW_TASK':
      return [taskUser(object)];
    case 'VIEW_FRAMEWORK':
      return [someOf(framework?.user ?? value)];
    case 'LAUNCH_NESTED_CONTAINER':
    case 'LAUNCH_NESTED_CONTAINER_SESSION':
      return [someOf(object.command?.user)];
    case 'VIEW_EXECUTOR':
    case 'ACCESS_SANDBOX':
    case 'VIEW_CONTAINER':
    case 'KILL_NESTED_CONTAINER':
    case 'WAIT_NESTED_CONTAINER':
    case 'REMOVE_NESTED_CONTAINER':
    case 'ATTACH_CONTAINER_INPUT':
    case 'ATTACH_CONTAINER_OUTPUT':
      return [containerUser(object)];
    default:
      return [
        resource === undefined
          ? someOf(value)
          : some(lastReservation(resource)?.role ?? resource.role ?? '*'),
      ];
  }
}

export class ReferenceAuthorizer {
  readonly #acls: JsonAcls;

  constructor(acls: JsonAcls) {
    this.#acls = acls;
  }

  authorize(
    principal: Principal | undefined,
    action: Action,
    object: AuthorizationObject = {},
  ): boolean {
    if (principal !== undefined && principal.value === undefined) {
      return false;
    }
    const subject = someOf(principal?.value);
    const parents = UNDER_PARENT[action];
    if (parents !== undefined) {
      const isParentAllowed = this.#decide(parents, subject, containerUser(object));
      return object.command === undefined
        ? isParentAllowed
        : isParentAllowed && requested(action, object).every(this.#allowed(action, subject));
    }
    const objects = requested(action, object);
    return objects.length === 0
      ? this.#isPermissive
      : objects.every(this.#allowed(action, subject));
  }

  get #isPermissive() {
    return this.#acls.permissive ?? true;
  }

  #allowed(action: Action, subject: Requested) {
    return (object: Requested) => this.#decide(LISTS[action], subject, object);
  }

  #decide({ name, objects, isHierarchical }: List, subject: Requested, object: Requested): boolean {
    const list = this.#acls[name];
    for (const rule of Array.isArray(list) ? (list as readonly JsonRule[]) : []) {
      const principals = rule.principals ?? {};
      for (const entity of apart(rule[objects] ?? {}, isHierarchical === true, object)) {
        if (look(MATCHES, subject, principals) && look(MATCHES, object, entity)) {
          return look(ALLOWS, subject, principals) && look(ALLOWS, object, entity);
        }
      }
    }
    return this.#isPermissive;
  }
}

/**
 * The entity of a hierarchical list: `eng/%` stands for ANY to a role below eng, and is about no
 * other.
 */
function apart(entity: JsonEntity, isHierarchical: boolean, object: Requested): JsonEntity[] {
  if (!isHierarchical || (entity.type ?? 'SOME') !== 'SOME') {
    return [entity];
  }
  const values = entity.values ?? [];
  const below = values.filter((value) => value.endsWith('/%'));
  const isBelow = below.some(
    (value) => object.kind === 'SOME' && object.value.startsWith(value.slice(0, -1)),
  );
  return [
    { values: values.filter((value) => !value.endsWith('/%')) },
    ...(isBelow ? [{ type: 'ANY' } as const] : []),
  ];
}
