// The principals of a cluster: what kinds there are, and what each may do. Nobody may do what no
// rule here gives him.
import { objectsOfLists } from '../../security/acl-kinds.ts';
import { FlagError } from '../flags/faults.ts';

export type PrincipalKind = 'agent' | 'framework' | 'operator' | 'viewer' | 'monitor';

/** What a framework may use; the other kinds are not asked. */
export interface Reach {
  readonly roles: readonly string[];
  /** Those as which its tasks run. */
  readonly users: readonly string[];
}

/** Rules by the list of --acls that they belong to. */
export type Rules = Readonly<Record<string, Readonly<Record<string, Entity>>>>;

type Entity = { readonly values: readonly string[] } | { readonly type: 'ANY' };

/** It becomes the name of a folder, and part of a certificate's. */
const NAME = /^[a-z\d](?:[\w.-]{0,62}[a-z\d])?$/i;

/** Throws FlagError. */
export function requireName(name: string): void {
  if (!NAME.test(name)) {
    throw new FlagError(
      `a principal expects at most 64 letters, digits and '.', '_' or '-' within, got '${name}'`,
    );
  }
}

const ANY: Entity = { type: 'ANY' };
/** The word that stands for all in lists of flags. */
const ALL = 'ANY';

const entity = (names: readonly string[]): Entity =>
  names.includes(ALL) ? ANY : { values: names };

/** What others than operators do. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'register_agents',
  'register_frameworks',
  'run_tasks',
]);

/** Where its objects are users: what a framework may do to, and see of, tasks of its users. */
const OF_ITS_USERS: readonly string[] = [
  'run_tasks',
  'access_sandboxes',
  'view_frameworks',
  'view_tasks',
  'view_executors',
  'view_containers',
  'launch_nested_containers_as_user',
  'launch_nested_containers_under_parent_with_user',
  'launch_nested_container_sessions_as_user',
  'launch_nested_container_sessions_under_parent_with_user',
  'kill_nested_containers',
  'wait_nested_containers',
  'remove_nested_containers',
  'attach_containers_input',
  'attach_containers_output',
];
const IN_ITS_ROLES: readonly string[] = [
  'register_frameworks',
  'view_roles',
  'reserve_resources',
  'create_volumes',
  'resize_volumes',
];
/** What it has made itself. */
const OF_ITS_OWN: readonly string[] = [
  'teardown_frameworks',
  'unreserve_resources',
  'destroy_volumes',
];

/** What reads, and changes nothing: lists, files and logs of all. */
const OF_VIEWERS = /^(?:view|get|access)_/;

export const rulesOf = (kind: PrincipalKind, principal: string, reach: Reach): Rules =>
  Object.fromEntries(
    objectsOf(kind, { values: [principal] }, reach).map(([list, objects]) => [
      list,
      { principals: { values: [principal] }, [objectName(list)]: objects },
    ]),
  );

/** The lists that allow something, and of what. */
function objectsOf(
  kind: PrincipalKind,
  own: Entity,
  { roles, users }: Reach,
): (readonly [string, Entity])[] {
  const all = (lists: readonly string[], objects: Entity) =>
    lists.map((list) => [list, objects] as const);
  switch (kind) {
    case 'agent':
      return all(['register_agents'], ANY);
    case 'framework':
      return [
        ...all(OF_ITS_USERS, entity(users)),
        ...all(IN_ITS_ROLES, entity(roles)),
        ...all(OF_ITS_OWN, own),
      ];
    case 'operator':
      return all(
        Object.keys(objectsOfLists).filter((list) => !OF_OTHERS.has(list)),
        ANY,
      );
    case 'viewer':
      return all(
        Object.keys(objectsOfLists).filter((list) => OF_VIEWERS.test(list)),
        ANY,
      );
    case 'monitor':
      return [['get_endpoints', { values: ['/metrics/snapshot'] }]];
    default:
      return kind satisfies never;
  }
}

/** What the objects of a list are called. Throws RangeError. */
function objectName(list: string): string {
  const name = objectsOfLists[list];
  if (name === undefined) {
    throw new RangeError(`There is no list ${list}`);
  }
  return name;
}
