// Access control lists in the form of Mesos's local authorizer: for every kind of action a list of
// rules, each naming principals and objects. The first rule that is about the principal and the
// object decides; where there is none, `permissive` decides.
import { closestName } from '../model/closest-name.ts';
import type { FrameworkInfo, Resource } from '../model/generated/messages.ts';
import { roleError } from '../model/role.ts';
import { TextError } from '../model/value-text.ts';
import type { Action, AuthorizationObject, Authorizer } from './authorizer.ts';

/** Principals or objects that a rule is about: some (`values`), any, or none. */
interface Entity {
  readonly type: 'SOME' | 'ANY' | 'NONE';
  readonly values: readonly string[];
}

interface Rule {
  readonly principals: Entity;
  readonly objects: Entity;
}

export interface Acls {
  readonly permissive: boolean;
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
}

/**
 * One kind of rule: the name of its field, the name of its objects, and how to find the object in a
 * request.
 */
interface Kind {
  readonly fields: readonly string[];
  readonly objects: string;
  /**
   * Undefined where the request is about no particular object; only a rule about ANY or NONE
   * applies then.
   */
  objectOf(object: AuthorizationObject): readonly string[] | undefined;
  /** Whether objects are roles, which a rule may name by `eng/%`: all roles below eng. */
  readonly isRole?: boolean;
}

const one = (value: string | undefined) => (value === undefined ? undefined : [value]);
const anything = () => undefined;

const frameworkUser = ({ framework }: AuthorizationObject) => framework?.user;

/** The user that a task or executor runs as: its command's, else the framework's. */
function user(object: AuthorizationObject): readonly string[] | undefined {
  const { task, executor, value } = object;
  const own = task !== undefined && 'command' in task ? task.command?.user : undefined;
  const shown = task !== undefined && 'user' in task ? task.user : undefined;
  const ofExecutor =
    executor?.command?.user ??
    (task !== undefined && 'executor' in task ? task.executor?.command?.user : undefined);
  return one(own ?? shown ?? ofExecutor ?? frameworkUser(object) ?? value);
}

function roles({ framework, resource, value }: AuthorizationObject): readonly string[] | undefined {
  if (framework !== undefined) {
    return rolesOf(framework);
  }
  return one(resource === undefined ? value : roleOf(resource));
}

function rolesOf({ role, roles }: FrameworkInfo): readonly string[] {
  return roles !== undefined && roles.length > 0 ? roles : [role ?? '*'];
}

const roleOf = ({ reservations, role }: Resource) => reservations?.at(-1)?.role ?? role ?? '*';

const byUser = (field: string): Kind => ({ fields: [field], objects: 'users', objectOf: user });
const byCommandUser = (field: string): Kind => ({
  fields: [field],
  objects: 'users',
  objectOf: ({ command }) => one(command?.user),
});
const byRole = (...fields: string[]): Kind => ({
  fields,
  objects: 'roles',
  objectOf: roles,
  isRole: true,
});
const byNothing = (field: string, objects: string): Kind => ({
  fields: [field],
  objects,
  objectOf: anything,
});

const KINDS: Readonly<Record<Action, Kind>> = {
  REGISTER_FRAMEWORK: byRole('register_frameworks'),
  RUN_TASK: byUser('run_tasks'),
  TEARDOWN_FRAMEWORK: {
    fields: ['teardown_frameworks'],
    objects: 'framework_principals',
    objectOf: ({ framework, value }) => one(framework?.principal ?? value),
  },
  RESERVE_RESOURCES: byRole('reserve_resources'),
  UNRESERVE_RESOURCES: {
    fields: ['unreserve_resources'],
    objects: 'reserver_principals',
    objectOf: ({ resource, value }) => one(resource?.reservations?.at(-1)?.principal ?? value),
  },
  CREATE_VOLUME: byRole('create_volumes'),
  DESTROY_VOLUME: {
    fields: ['destroy_volumes'],
    objects: 'creator_principals',
    objectOf: ({ resource, value }) => one(resource?.disk?.persistence?.principal ?? value),
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
  VIEW_FRAMEWORK: byUser('view_frameworks'),
  VIEW_TASK: byUser('view_tasks'),
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
const PARENTS: Readonly<Partial<Record<Action, Kind>>> = {
  LAUNCH_NESTED_CONTAINER: byUser('launch_nested_containers_under_parent_with_user'),
  LAUNCH_NESTED_CONTAINER_SESSION: byUser(
    'launch_nested_container_sessions_under_parent_with_user',
  ),
};

const ALL_KINDS: readonly Kind[] = [...Object.values(KINDS), ...Object.values(PARENTS)];

/** Every action, with the fields of the lists that decide about it. */
export const aclFields: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(KINDS).map(([action, { fields }]) => [
    action,
    [...fields, ...(PARENTS[action as Action]?.fields ?? [])],
  ]),
);

/**
 * The only endpoints that a rule can name. Of the others, the objects in the response are filtered.
 */
const AUTHORIZED_PATHS: readonly string[] = [
  '/containers',
  '/containerizer/debug',
  '/files/debug',
  '/logging/toggle',
  '/metrics/snapshot',
  '/monitor/statistics',
];

/**
 * Reads the JSON of --acls. Throws TextError where it is no list, or has a rule that can never
 * apply.
 */
export function parseAcls(value: unknown): Acls {
  if (!isObject(value)) {
    throw new TextError('expected an object of lists of rules');
  }
  const { permissive = true, ...lists } = value;
  if (typeof permissive !== 'boolean') {
    throw new TextError('permissive must be true or false');
  }
  const rules = new Map<string, Rule[]>();
  for (const [field, list] of Object.entries(lists)) {
    const kind = ALL_KINDS.find(({ fields }) => fields.includes(field));
    if (kind === undefined) {
      const meant = closestName(
        field,
        ALL_KINDS.flatMap(({ fields }) => fields),
      );
      const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`;
      throw new TextError(`there is no action '${field}'${hint}`);
    }
    if (!Array.isArray(list)) {
      throw new TextError(`${field} must be a list of rules`);
    }
    rules.set(
      field,
      list.map((rule) => parseRule(field, kind, rule)),
    );
  }
  return { permissive, rules };
}

function parseRule(field: string, kind: Kind, rule: unknown): Rule {
  if (!isObject(rule)) {
    throw new TextError(`a rule of ${field} must be an object`);
  }
  refuseOthers(`a rule of ${field}`, rule, ['principals', kind.objects]);
  const objects = parseEntity(`${kind.objects} of ${field}`, rule[kind.objects]);
  if (kind.objectOf === anything && objects.type === 'SOME') {
    // A rule that names objects would never match: the action has no particular object.
    throw new TextError(`${kind.objects} of ${field} must be of type ANY or NONE`);
  }
  const path = objects.values.find((it) => !AUTHORIZED_PATHS.includes(it));
  if (kind === KINDS.GET_ENDPOINT_WITH_PATH && path !== undefined) {
    throw new TextError(
      `paths of ${field} names '${path}': lists can be about ${AUTHORIZED_PATHS.join(', ')}`,
    );
  }
  const role = kind.isRole && objects.values.find((it) => !isRoleOrBelow(it));
  if (typeof role === 'string') {
    throw new TextError(`roles of ${field} names '${role}': expected a role, or as in 'eng/%'`);
  }
  return { principals: parseEntity(`principals of ${field}`, rule.principals), objects };
}

function isRoleOrBelow(value: string): boolean {
  const role = value.replace(/\/%$/, '');
  return !role.includes('%') && roleError(role) === undefined;
}

function parseEntity(what: string, value: unknown): Entity {
  if (!isObject(value)) {
    throw new TextError(`${what} are missing: {"values": […]} or {"type": "ANY"}`);
  }
  refuseOthers(what, value, ['type', 'values']);
  const { type = 'SOME', values = [] } = value;
  const isKnown = type === 'SOME' || type === 'ANY' || type === 'NONE';
  const isTexts = Array.isArray(values) && values.every((entry) => typeof entry === 'string');
  if (!isKnown || !isTexts) {
    throw new TextError(`${what} must have a type SOME, ANY or NONE, and texts as values`);
  }
  if (type === 'SOME' && values.length === 0) {
    throw new TextError(`${what} name nothing: {"values": […]}, {"type": "ANY"} or "NONE"`);
  }
  return { type, values: type === 'SOME' ? (values as string[]) : [] };
}

/**
 * Refuses unknown fields: a misspelt field would leave its rules without effect, and nothing
 * protected.
 */
function refuseOthers(what: string, object: object, fields: readonly string[]): void {
  const other = Object.keys(object).find((key) => !fields.includes(key));
  if (other !== undefined) {
    throw new TextError(`${what} may have ${fields.join(' and ')}, not '${other}'`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An authorizer that decides by the lists. */
export function aclAuthorizer(acls: Acls): Authorizer {
  const decide = (kind: Kind, principal: string | undefined, object: AuthorizationObject) => {
    const rules = kind.fields.flatMap((field) => acls.rules.get(field) ?? []);
    if (rules.length === 0) {
      return acls.permissive;
    }
    const objects = kind.objectOf(object);
    // A framework with several roles may register if it may with each of them.
    return objects === undefined
      ? decideOne(acls, rules, principal, undefined)
      : objects.every((name) => decideOne(acls, rules, principal, name, kind.isRole));
  };
  return {
    authorize(principal, action, object = {}) {
      const parent = PARENTS[action];
      return (
        decide(KINDS[action], principal?.value, object) &&
        (parent === undefined || decide(parent, principal?.value, object))
      );
    },
  };
}

function decideOne(
  acls: Acls,
  rules: readonly Rule[],
  principal: string | undefined,
  object: string | undefined,
  isRole = false,
): boolean {
  const rule = rules.find(
    ({ principals, objects }) =>
      isAbout(principals, principal, false) && isAbout(objects, object, isRole),
  );
  return rule === undefined
    ? acls.permissive
    : allows(rule.principals, principal, false) && allows(rule.objects, object, isRole);
}

/**
 * Whether a rule is about the name: ANY and NONE are about every name, SOME about those it lists.
 */
function isAbout(entity: Entity, name: string | undefined, isRole: boolean): boolean {
  return entity.type !== 'SOME' || (name !== undefined && names(entity, name, isRole));
}

function allows(entity: Entity, name: string | undefined, isRole: boolean): boolean {
  switch (entity.type) {
    case 'ANY':
      return true;
    case 'NONE':
      return false;
    case 'SOME':
      return name !== undefined && names(entity, name, isRole);
    default:
      return entity.type satisfies never;
  }
}

function names({ values }: Entity, name: string, isRole: boolean): boolean {
  return values.some(
    (value) =>
      value === name || (isRole && value.endsWith('/%') && name.startsWith(value.slice(0, -1))),
  );
}
