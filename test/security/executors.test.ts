// A principal with claims and no name is an executor: it may work with what is in its container.
import { expect, test } from 'vitest';
import { containerId } from '../../src/model/ids.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { executorAuthorizer } from '../../src/security/executor-authorizer.ts';

const { authorize } = executorAuthorizer(permissive);
const executor = { claims: { fid: 'F', eid: 'E', cid: 'c1' } };
const within = (id: string) => ({ containerId: containerId(id) });

test('it may do so in its own container only', () => {
  expect(authorize(executor, 'LAUNCH_NESTED_CONTAINER', within('c1.n'))).toBe(true);
  expect(authorize(executor, 'KILL_NESTED_CONTAINER', within('c1.n.m'))).toBe(true);
  expect(authorize(executor, 'LAUNCH_NESTED_CONTAINER', within('c2.n'))).toBe(false);
  expect(authorize(executor, 'LAUNCH_NESTED_CONTAINER', within('c11.n'))).toBe(false);
  expect(authorize(executor, 'LAUNCH_NESTED_CONTAINER')).toBe(false);
  expect(authorize({ claims: { fid: 'F' } }, 'WAIT_NESTED_CONTAINER', within('c1.n'))).toBe(false);
});

test('it may do nothing else, whatever lists allow', () => {
  expect(authorize(executor, 'LAUNCH_STANDALONE_CONTAINER', within('c1'))).toBe(false);
  expect(authorize(executor, 'ATTACH_CONTAINER_INPUT', within('c1.n'))).toBe(false);
  expect(authorize(executor, 'VIEW_FLAGS')).toBe(false);
  expect(authorize(executor, 'ACCESS_SANDBOX', within('c1'))).toBe(false);
});

test('lists decide about all others', () => {
  expect(authorize(undefined, 'VIEW_FLAGS')).toBe(true);
  expect(authorize({ value: 'ops', claims: { cid: 'c1' } }, 'VIEW_FLAGS')).toBe(true);
});
