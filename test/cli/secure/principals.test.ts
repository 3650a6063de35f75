// What each kind of principal may do, as the authorizer of masters and agents decides.
import { expect, test } from 'vitest';
import { CLOSED_LISTS, listsText, withRules } from '../../../src/cli/secure/access-lists.ts';
import { requireName, rulesOf } from '../../../src/cli/secure/principals.ts';
import { KINDS } from '../../../src/security/acl-kinds.ts';
import { aclAuthorizer, parseAcls } from '../../../src/security/acls.ts';
import type { Action } from '../../../src/security/authorizer.ts';

const REACH = { roles: ['eng', 'web/%'], users: ['build'] };
const lists = [
  rulesOf('agent', 'a', REACH),
  rulesOf('framework', 'f', REACH),
  rulesOf('operator', 'o', REACH),
  rulesOf('viewer', 'v', REACH),
  rulesOf('monitor', 'm', REACH),
].reduce(withRules, CLOSED_LISTS);
const authorizer = aclAuthorizer(parseAcls(JSON.parse(listsText(lists))));

const ACTIONS = Object.keys(KINDS) as Action[];
const allowed = (principal: string | undefined, value: string) =>
  ACTIONS.filter((action) =>
    authorizer.authorize(principal === undefined ? undefined : { value: principal }, action, {
      value,
      command: { user: value },
    }),
  );

test('nobody may do what he was not given', () => {
  for (const stranger of [undefined, 'x', '']) {
    for (const value of ['*', 'eng', 'build', 'root', 'f']) {
      expect(allowed(stranger, value)).toEqual([]);
    }
  }
});

test('an agent may register, and nothing else', () => {
  expect(allowed('a', 'build')).toEqual(['REGISTER_AGENT']);
});

test('an operator may do everything but the work of agents and frameworks', () => {
  const others = ['REGISTER_FRAMEWORK', 'RUN_TASK', 'REGISTER_AGENT'];
  expect(allowed('o', 'root')).toEqual(ACTIONS.filter((action) => !others.includes(action)));
});

test('a viewer sees everything, and changes nothing', () => {
  expect(allowed('v', 'root').toSorted()).toEqual([
    'ACCESS_MESOS_LOG',
    'ACCESS_SANDBOX',
    'GET_ENDPOINT_WITH_PATH',
    'GET_MAINTENANCE_SCHEDULE',
    'GET_MAINTENANCE_STATUS',
    'GET_QUOTA',
    'VIEW_CONTAINER',
    'VIEW_EXECUTOR',
    'VIEW_FLAGS',
    'VIEW_FRAMEWORK',
    'VIEW_RESOURCE_PROVIDER',
    'VIEW_ROLE',
    'VIEW_STANDALONE_CONTAINER',
    'VIEW_TASK',
  ]);
});

test('a monitor reads figures, and nothing else', () => {
  expect(allowed('m', '/metrics/snapshot')).toEqual(['GET_ENDPOINT_WITH_PATH']);
  expect(allowed('m', '/logging/toggle')).toEqual([]);
});

test('a framework works in its roles and as its users, with what it has made', () => {
  const IN_ROLES = [
    'REGISTER_FRAMEWORK',
    'RESERVE_RESOURCES',
    'CREATE_VOLUME',
    'RESIZE_VOLUME',
    'VIEW_ROLE',
  ];
  expect(allowed('f', 'eng')).toEqual(IN_ROLES);
  expect(allowed('f', 'web/shop')).toEqual(IN_ROLES);
  expect(allowed('f', '*')).toEqual([]);
  expect(allowed('f', 'f')).toEqual([
    'TEARDOWN_FRAMEWORK',
    'UNRESERVE_RESOURCES',
    'DESTROY_VOLUME',
  ]);
  expect(allowed('f', 'root')).toEqual([]);
  expect(allowed('f', 'build')).toEqual([
    'RUN_TASK',
    'VIEW_FRAMEWORK',
    'VIEW_TASK',
    'VIEW_EXECUTOR',
    'ACCESS_SANDBOX',
    'VIEW_CONTAINER',
    'LAUNCH_NESTED_CONTAINER',
    'KILL_NESTED_CONTAINER',
    'WAIT_NESTED_CONTAINER',
    'REMOVE_NESTED_CONTAINER',
    'LAUNCH_NESTED_CONTAINER_SESSION',
    'ATTACH_CONTAINER_INPUT',
    'ATTACH_CONTAINER_OUTPUT',
  ]);
});

test('ANY stands for all', () => {
  const open = withRules(
    CLOSED_LISTS,
    rulesOf('framework', 'f', { roles: ['ANY'], users: ['ANY'] }),
  );
  const decides = aclAuthorizer(parseAcls(open));
  expect(decides.authorize({ value: 'f' }, 'RUN_TASK', { value: 'root' })).toBe(true);
  expect(decides.authorize({ value: 'f' }, 'REGISTER_FRAMEWORK', { value: 'any' })).toBe(true);
});

test('rules that are there are not added again', () => {
  expect(withRules(lists, rulesOf('framework', 'f', REACH))).toEqual(lists);
});

test.each(['', '.', '..', 'a/b', 'a b', 'a:b', 'a\n', '-a', 'a.', 'ä', 'a'.repeat(65)])(
  '%j is no name of a principal',
  (name) => {
    expect(() => requireName(name)).toThrow('a principal expects');
  },
);
