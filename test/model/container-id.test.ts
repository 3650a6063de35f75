import { expect, test } from 'vitest';
import {
  childOf,
  containerFolder,
  containerIdMessage,
  containerIdOf,
  parentOf,
  rootOf,
} from '../../src/model/container-id.ts';
import { containerId } from '../../src/model/ids.ts';

const root = containerId('a');
const session = childOf(childOf(root, 'b'), 'c');

test('a message and the path that it stands for are the same', () => {
  const message = { value: 'c', parent: { value: 'b', parent: { value: 'a' } } };
  expect(containerIdOf(message)).toBe(session);
  expect(containerIdMessage(session)).toEqual(message);
  expect(containerIdMessage(root)).toEqual({ value: 'a' });
});

test('a container belongs to the root of its path, and a root to none but itself', () => {
  expect(parentOf(session)).toBe('a.b');
  expect(parentOf(root)).toBeUndefined();
  expect([rootOf(session), rootOf(root)]).toEqual(['a', 'a']);
});

test('folders of nested containers lie in those of their parents', () => {
  expect(containerFolder(session, 'mesos')).toBe('a/mesos/b/mesos/c');
  expect(containerFolder(root, 'mesos')).toBe('a');
});
