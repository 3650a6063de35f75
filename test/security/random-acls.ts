// Random ACLs of every form that JSON can have, random questions to them, and changes to them as
// typing mistakes, or malice, would make.
import { FrameworkInfo_Capability_Type, TaskState } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import type { AuthorizationObject } from '../../src/security/authorizer.ts';
import type { Principal } from '../../src/security/principal.ts';
import {
  ACTIONS,
  hasNoObject,
  type JsonAcls,
  type JsonEntity,
  type JsonRule,
  LISTS,
  UNDER_PARENT,
} from '../oracle/authorizer.ts';
import type { Chance } from '../simulation/chance.ts';

/** Few enough that rules and questions meet. */
export interface Names {
  readonly principals: readonly string[];
  readonly users: readonly string[];
  readonly roles: readonly string[];
}

export const NAMES: Names = {
  principals: ['p0', 'p1', 'p2'],
  users: ['ua', 'ub', 'uc'],
  roles: ['ra', 'rb', 'ra/x', 'ra/x/y', 'rab', '*'],
};

const PATHS = ['/containers', '/files/debug', '/logging/toggle', '/metrics/snapshot'];

function values(chance: Chance, pool: readonly string[]): string[] {
  return Array.from({ length: chance.int(1, 3) }, () => chance.pick(pool));
}

function entity(chance: Chance, pool: readonly string[] | undefined): JsonEntity {
  const kind = chance.int(0, pool === undefined ? 3 : 9);
  if (kind <= 3 || pool === undefined) {
    const type = kind <= 1 ? 'ANY' : 'NONE';
    return pool === undefined || chance.of(0.8) ? { type } : { type, values: values(chance, pool) };
  }
  const named = { values: values(chance, pool) };
  return chance.of(0.3) ? { type: 'SOME', ...named } : named;
}

function poolOf(objects: string, { principals, users, roles }: Names): readonly string[] {
  switch (objects) {
    case 'users':
      return users;
    case 'roles':
      return [...roles, ...roles.filter((role) => role !== '*').map((role) => `${role}/%`)];
    case 'paths':
      return PATHS;
    default:
      return [...principals, ''];
  }
}

/** `present`: the part of lists that there are. */
export function randomAcls(chance: Chance, names = NAMES, present = 0.5): JsonAcls {
  const acls: Record<string, JsonRule[] | boolean> = {};
  if (chance.of(0.7)) {
    acls.permissive = chance.of(0.5);
  }
  const lists = ACTIONS.flatMap((action) => {
    const parent = UNDER_PARENT[action];
    const isPlain = hasNoObject(action);
    return [LISTS[action], ...(parent === undefined ? [] : [parent])].map((list) => ({
      ...list,
      isPlain,
    }));
  });
  for (const { name, objects, isPlain } of lists) {
    if (chance.of(present)) {
      acls[name] = Array.from({ length: chance.int(0, 4) }, () => ({
        principals: entity(chance, names.principals),
        [objects]: entity(chance, isPlain ? undefined : poolOf(objects, names)),
      }));
    }
  }
  return acls;
}

export function randomPrincipal(
  chance: Chance,
  { principals }: Names = NAMES,
): Principal | undefined {
  const kind = chance.int(0, 9);
  if (kind === 0) {
    return undefined;
  }
  return kind === 1
    ? { claims: { cid: 'c1', fid: 'f', eid: 'e' } }
    : { value: chance.pick([...principals, 'nobody-listed']) };
}

const optional = <T>(chance: Chance, value: T) => (chance.of(0.5) ? value : undefined);
const present = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };

/** What a request can be about; what of it counts depends on the action. */
export function randomObject(chance: Chance, names = NAMES): AuthorizationObject {
  const user = () => optional(chance, chance.pick(names.users));
  const role = () => chance.pick(names.roles);
  const command = () => ({ value: 'x', ...present({ user: user() }) });
  const principal = () => present({ principal: optional(chance, chance.pick(names.principals)) });
  const executor = {
    executor_id: { value: 'e' },
    ...present({ command: optional(chance, command()) }),
  };
  const isMultiRole = chance.of(0.7);
  const framework = {
    name: 'f',
    user: chance.pick(names.users),
    ...principal(),
    ...(isMultiRole
      ? {
          roles: [...new Set(Array.from({ length: chance.int(0, 2) }, role))],
          capabilities: [{ type: FrameworkInfo_Capability_Type.MULTI_ROLE }],
        }
      : present({ role: optional(chance, role()) })),
  };
  const task = chance.of(0.5)
    ? {
        name: 't',
        task_id: { value: 't' },
        framework_id: { value: 'f' },
        agent_id: { value: 'a' },
        state: TaskState.TASK_RUNNING,
        ...present({ user: user() }),
      }
    : {
        name: 't',
        task_id: { value: 't' },
        agent_id: { value: 'a' },
        ...(chance.of(0.5) ? present({ command: optional(chance, command()) }) : { executor }),
      };
  const resource = {
    name: 'disk',
    type: 0 as const,
    reservations: Array.from({ length: chance.int(0, 2) }, () => ({
      type: 2 as const,
      role: role(),
      ...principal(),
    })),
    ...present({
      disk: optional(chance, { persistence: { id: 'v', ...principal() } }),
    }),
  };
  return present({
    value: optional(chance, chance.pick([...names.users, ...names.roles, ...PATHS])),
    framework: optional(chance, framework),
    task: optional(chance, task),
    executor: optional(chance, executor),
    command: optional(chance, command()),
    resource: optional(chance, resource),
    containerId: optional(chance, containerId(chance.pick(['c1', 'c1.n', 'c2', 'c2.n', 'c11']))),
  }) as AuthorizationObject;
}

const JUNK: readonly unknown[] = [
  null,
  true,
  0,
  -1e308,
  '',
  'ANY',
  'NONE',
  'any',
  '%',
  'ra/%/x',
  '/%',
  [],
  {},
  [[]],
  { type: 'ANY' },
  { values: [] },
  { type: 0 },
  { type: 'SOME' },
  { values: [null] },
  { values: ['p0', 1] },
  { values: 'p0' },
];
const KEYS = [
  'permissive',
  'principals',
  'roles',
  'users',
  'values',
  'type',
  '__proto__',
  'toString',
];

const cased = (chance: Chance, key: string): string =>
  chance.pick([key.toUpperCase(), `${key}s`, key.slice(0, -1), `${key} `, key.replace('_', '-')]);

/** The value with something in it changed, anywhere. */
export function changed(chance: Chance, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || chance.of(0.1)) {
    return structuredClone(chance.pick(JUNK));
  }
  if (Array.isArray(value)) {
    const at = chance.int(0, Math.max(0, value.length - 1));
    const kind = chance.int(0, 3);
    if (kind === 0 || value.length === 0) {
      return [...value, structuredClone(chance.pick(JUNK))];
    }
    return kind === 1 ? value.toSpliced(at, 1) : value.with(at, changed(chance, value[at]));
  }
  const entries = Object.entries(value);
  const at = chance.int(0, Math.max(0, entries.length - 1));
  const [key, inner] = entries[at] ?? ['', undefined];
  switch (entries.length === 0 ? 2 : chance.int(0, 5)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(at, 1));
    case 1:
      return Object.fromEntries(entries.with(at, [cased(chance, key), inner]));
    case 2:
      return Object.fromEntries([
        ...entries,
        [chance.pick(KEYS), structuredClone(chance.pick(JUNK))],
      ]);
    default:
      return Object.fromEntries(entries.with(at, [key, changed(chance, inner)]));
  }
}
