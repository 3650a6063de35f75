// Where the registry of a master lies, by its flags.
import { expect, test } from 'vitest';
import { registryFolder, registryKind } from '../../src/cli/registry-place.ts';
import { parseZooKeeperUrl } from '../../src/zookeeper/zookeeper-url.ts';

const url = parseZooKeeperUrl('zk://user:password@host:1/mesos');

test('the default is what masters need: a file for one, ZooKeeper for several', () => {
  expect(registryKind({ registry: 'replicated_log', zk: undefined })).toBe('sqlite');
  expect(registryKind({ registry: 'replicated_log', zk: 'zk://h/mesos' })).toBe('zookeeper');
  expect(registryKind({ registry: 'in_memory', zk: 'zk://h/mesos' })).toBe('in_memory');
  expect(() => registryKind({ registry: 'sqlite', zk: 'zk://h/mesos' })).toThrow(
    'Expected --registry=zookeeper',
  );
  expect(() => registryKind({ registry: 'zookeeper', zk: undefined })).toThrow('needs --zk');
});

test('the folder is beside that of the election, and never in it', () => {
  expect(registryFolder(url, undefined)).toBe('/mesos-registry');
  expect(registryFolder(url, '/a/b/')).toBe('/a/b');
  for (const path of [
    '/mesos',
    '/mesos/',
    '/mesos/registry',
    '/',
    '',
    'mesos',
    'x/y',
    '//',
    '/a/../b',
  ]) {
    expect(() => registryFolder(url, path), path).toThrow('--zk_registry_path: ');
  }
});
