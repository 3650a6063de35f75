import { describe, expect, test } from 'vitest';
import { FrameworkInfo_Capability_Type } from '../../src/model/generated/messages.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import type { Action, AuthorizationObject } from '../../src/security/authorizer.ts';

const ask = (
  acls: object,
  principal: string | undefined,
  action: Action,
  object?: AuthorizationObject,
) =>
  aclAuthorizer(parseAcls(acls)).authorize(
    principal === undefined ? undefined : { value: principal },
    action,
    object,
  );

const capabilities = [{ type: FrameworkInfo_Capability_Type.MULTI_ROLE }];
const framework = (user: string, ...roles: string[]) => ({
  framework: { user, name: 'f', roles, principal: 'owner', capabilities },
});

describe('the first rule that is about the request decides', () => {
  const acls = {
    run_tasks: [
      { principals: { values: ['a'] }, users: { values: ['alice'] } },
      { principals: { values: ['a'] }, users: { type: 'NONE' } },
      { principals: { type: 'NONE' }, users: { values: ['root'] } },
    ],
  };
  test.each([
    ['a', 'alice', true],
    ['a', 'bob', false],
    ['b', 'root', false],
    ['b', 'bob', true],
    [undefined, 'root', false],
    [undefined, 'alice', true],
  ])('%s as %s: %s', (principal, user, allowed) => {
    expect(ask(acls, principal, 'RUN_TASK', framework(user))).toBe(allowed);
  });

  test('permissive decides where no rule is about the request', () => {
    expect(ask({ ...acls, permissive: false }, 'b', 'RUN_TASK', framework('bob'))).toBe(false);
    expect(ask({ permissive: false }, 'b', 'VIEW_FLAGS')).toBe(false);
    expect(ask({}, 'b', 'VIEW_FLAGS')).toBe(true);
  });
});

describe('what an object is', () => {
  test('a command’s own user comes before its framework’s', () => {
    const acls = {
      run_tasks: [
        { principals: { type: 'ANY' }, users: { values: ['alice'] } },
        { principals: { type: 'ANY' }, users: { type: 'NONE' } },
      ],
    };
    const task = {
      name: 't',
      task_id: { value: 't' },
      agent_id: { value: 'a' },
      command: { user: 'alice' },
    };
    expect(ask(acls, 'p', 'RUN_TASK', { ...framework('root'), task })).toBe(true);
    expect(ask(acls, 'p', 'RUN_TASK', framework('root'))).toBe(false);
  });

  test('every role of a framework has to be allowed', () => {
    const acls = {
      register_frameworks: [
        { principals: { type: 'ANY' }, roles: { values: ['a', 'eng/%'] } },
        { principals: { type: 'ANY' }, roles: { type: 'NONE' } },
      ],
    };
    expect(ask(acls, 'p', 'REGISTER_FRAMEWORK', framework('u', 'a', 'eng/web/x'))).toBe(true);
    expect(ask(acls, 'p', 'REGISTER_FRAMEWORK', framework('u', 'a', 'b'))).toBe(false);
    expect(ask(acls, 'p', 'REGISTER_FRAMEWORK', framework('u', 'eng'))).toBe(false);
    expect(ask(acls, 'p', 'REGISTER_FRAMEWORK', framework('u', 'engine'))).toBe(false);
  });

  test('a framework without roles is about none that a rule names: permissive decides', () => {
    const acls = { register_frameworks: [{ principals: { type: 'ANY' }, roles: { type: 'ANY' } }] };
    expect(ask(acls, 'p', 'REGISTER_FRAMEWORK', framework('u'))).toBe(true);
    expect(ask({ ...acls, permissive: false }, 'p', 'REGISTER_FRAMEWORK', framework('u'))).toBe(
      false,
    );
  });

  test('for a container in a container: who runs in it, and who runs around it', () => {
    const acls = {
      launch_nested_containers_as_user: [
        { principals: { type: 'ANY' }, users: { values: ['inner'] } },
        { principals: { type: 'ANY' }, users: { type: 'NONE' } },
      ],
      launch_nested_containers_under_parent_with_user: [
        { principals: { type: 'ANY' }, users: { values: ['outer'] } },
        { principals: { type: 'ANY' }, users: { type: 'NONE' } },
      ],
    };
    const may = (outer: string, inner?: string) =>
      ask(acls, 'p', 'LAUNCH_NESTED_CONTAINER', {
        ...framework(outer),
        command: inner === undefined ? {} : { user: inner },
      });
    expect(may('outer', 'inner')).toBe(true);
    expect(may('outer', 'outer')).toBe(false);
    expect(may('inner', 'inner')).toBe(false);
    expect(may('outer')).toBe(false);
    // Without a command only those who run around it decide.
    expect(ask(acls, 'p', 'LAUNCH_NESTED_CONTAINER', framework('outer'))).toBe(true);
    expect(ask(acls, 'p', 'LAUNCH_NESTED_CONTAINER', framework('inner'))).toBe(false);
  });

  test('the principal of a framework, of a reservation, of a volume', () => {
    const mine = (field: string, objects: string) => ({
      permissive: false,
      [field]: [{ principals: { values: ['p'] }, [objects]: { values: ['owner'] } }],
    });
    const resource = {
      name: 'disk',
      type: 0 as const,
      reservations: [{ role: 'r', principal: 'owner' }],
      disk: { persistence: { id: 'v', principal: 'owner' } },
    };
    expect(
      ask(
        mine('teardown_frameworks', 'framework_principals'),
        'p',
        'TEARDOWN_FRAMEWORK',
        framework('u'),
      ),
    ).toBe(true);
    expect(
      ask(mine('unreserve_resources', 'reserver_principals'), 'p', 'UNRESERVE_RESOURCES', {
        resource,
      }),
    ).toBe(true);
    expect(
      ask(mine('destroy_volumes', 'creator_principals'), 'p', 'DESTROY_VOLUME', { resource }),
    ).toBe(true);
    expect(
      ask(mine('destroy_volumes', 'creator_principals'), 'q', 'DESTROY_VOLUME', { resource }),
    ).toBe(false);
  });
});

test('a principal with claims but without a name is not one without authentication', () => {
  const authorizer = aclAuthorizer(parseAcls({ permissive: true }));
  expect(authorizer.authorize({ claims: { cid: 'c' } }, 'VIEW_FLAGS')).toBe(false);
  expect(authorizer.authorize(undefined, 'VIEW_FLAGS')).toBe(true);
});

test('the rule that decided is told by its list and place', () => {
  const acls = {
    permissive: false,
    run_tasks: [
      { principals: { values: ['a'] }, users: { values: ['alice'] } },
      { principals: { values: ['a'] }, users: { type: 'NONE' } },
    ],
  };
  const { explain } = aclAuthorizer(parseAcls(acls));
  const of = (principal: string, user: string) =>
    explain?.({ value: principal }, 'RUN_TASK', framework(user));
  expect(of('a', 'alice')).toBe('run_tasks[0]');
  expect(of('a', 'bob')).toBe('run_tasks[1]');
  expect(of('b', 'bob')).toBe('permissive: false');
});

const viewing = (role: string) => ({
  view_roles: [{ principals: { type: 'ANY' }, roles: { values: [role] } }],
});

test.each([
  [[], 'expected an object'],
  [{ permissive: 'yes' }, 'permissive must be'],
  [{ run_task: [] }, "there is no action 'run_task' (did you mean 'run_tasks'?)"],
  [{ run_tasks: {} }, 'run_tasks must be a list'],
  [
    { run_tasks: [{ principals: {}, users: { type: 'ANY' } }] },
    'principals of run_tasks name nothing',
  ],
  [
    { run_tasks: [{ principals: { type: 'ANY' }, users: { values: [] } }] },
    'users of run_tasks name nothing',
  ],
  [viewing('%'), "names '%'"],
  [viewing('a/%/b'), "names 'a/%/b'"],
  [viewing('a%'), "names 'a%'"],
  [viewing('../a/%'), "names '../a/%'"],
  [{ run_tasks: [{ principals: { type: 'ANY' } }] }, 'users of run_tasks are missing'],
  [
    { run_tasks: [{ principals: { type: 'ANY' }, users: { value: ['root'] } }] },
    "users of run_tasks may have type and values, not 'value'",
  ],
  [
    { run_tasks: [{ principals: { type: 'ANY' }, user: {}, users: { type: 'ANY' } }] },
    "a rule of run_tasks may have principals and users, not 'user'",
  ],
  [
    { run_tasks: [{ principals: { type: 'SOMEBODY' }, users: { type: 'ANY' } }] },
    'must have a type',
  ],
  [
    { get_endpoints: [{ principals: { type: 'ANY' }, paths: { values: ['/state'] } }] },
    "names '/state': lists can be about /containerizer/debug, ",
  ],
  [{ view_flags: [{ principals: { type: 'ANY' }, flags: { values: ['x'] } }] }, 'ANY or NONE'],
])('%j is refused', (acls, message) => {
  expect(() => parseAcls(acls)).toThrow(message);
});
