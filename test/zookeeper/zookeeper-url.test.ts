import { describe, expect, test } from 'vitest';
import { parseZooKeeperUrl, ZooKeeperUrlError } from '../../src/zookeeper/zookeeper-url.ts';

describe('a URL of an ensemble', () => {
  test.each([
    ['zk://a:2181,b:2182/mesos', ['a:2181', 'b:2182'], undefined, '/mesos'],
    ['zk://10.0.0.1/x/y/', ['10.0.0.1:2181'], undefined, '/x/y'],
    [' zk://u:p@h:1/mesos\n', ['h:1'], 'u:p', '/mesos'],
    ['zk://u:p@w:q@h:1/mesos', ['h:1'], 'u:p@w:q', '/mesos'],
    ['zk://h:1', ['h:1'], undefined, '/'],
  ])('%j', (text, servers, credentials, path) => {
    expect(parseZooKeeperUrl(text)).toEqual({ servers, credentials, path });
  });

  test.each([
    'http://a/b',
    'zk://',
    'zk:///mesos',
    'zk://a:0/x',
    'zk://a:65536/x',
    'zk://a,,b/x',
    'zk://secret@a/x',
    'zk://a b/x',
    'zk://a/x//y',
    'zk://a/../y',
    'zk://a/x\u0000',
    `zk://${'a,'.repeat(70)}a/x`,
  ])('is not %j', (text) => {
    expect(() => parseZooKeeperUrl(text)).toThrow(ZooKeeperUrlError);
    expect(() => parseZooKeeperUrl(text)).not.toThrow(/secret/);
  });
});
