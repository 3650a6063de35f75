// Files that a Hadoop client brings: a small program that takes the client's command line.
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hadoopClient } from '../../../src/containerizer/fetcher/hadoop.ts';
import { FetchHost } from './fetched.ts';
import { HADOOP_CLIENT } from './hadoop-program.ts';

const isRoot = process.geteuid?.() === 0;

let host: FetchHost;
let calls: () => readonly string[];

beforeEach(async () => {
  host = await FetchHost.open((folder) => ({
    cache: { folder: join(folder, 'cache'), bytes: 1_000 },
    hadoop: hadoopClient(join(folder, 'hadoop'), {
      PATH: process.env.PATH,
      HADOOP_LOG: join(folder, 'log'),
    }),
  }));
  host.file('hadoop/bin/hadoop', HADOOP_CLIENT, 0o755);
  host.file('hadoop/files/namenode/dir/file.txt', 'from far away');
  const log = host.file('log', '', 0o666);
  chmodSync(log, 0o666);
  calls = () => readFileSync(log, 'utf8').split('\n').filter(Boolean);
});
afterEach(() => host[Symbol.asyncDispose]());

test.each(['hdfs', 'hftp', 's3', 's3n', 'viewfs'])('%s', async (scheme) => {
  const value = `${scheme}://namenode/dir/file.txt`;
  const { read, names, failure } = await host.fetch([{ value }]);
  expect(failure).toBeUndefined();
  expect(read('file.txt')).toBe('from far away');
  expect(names).toEqual(['file.txt']);
  expect(calls()[0]).toMatch(new RegExp(`^fs -copyToLocal ${value} /`));
});

test('a folder comes whole', async () => {
  const { read, failure } = await host.fetch([{ value: 'hdfs://namenode/dir' }]);
  expect(failure).toBeUndefined();
  expect(read('dir/file.txt')).toBe('from far away');
});

test('what is fetched may be executable, and take the place of another file', async () => {
  const uri = { value: 'hdfs://namenode/dir/file.txt', output_file: 'run', executable: true };
  const { path, failure } = await host.fetch([uri, uri]);
  expect(failure).toBeUndefined();
  expect(statSync(join(path, 'run')).mode & 0o777).toBe(0o755);
});

test.runIf(isRoot)("the client runs as the task's user", async () => {
  const { facts, failure } = await host.fetch([{ value: 's3://namenode/dir/file.txt' }], 'nobody');
  expect(failure).toBeUndefined();
  expect(facts('file.txt')).toMatch(/^65534 /);
  expect(calls().join()).toContain('as nobody');
});

test('the client is asked once for a file that is cached', async () => {
  const uris = [{ value: 'hdfs://namenode/dir/file.txt', cache: true }];
  await Promise.all([host.fetch(uris), host.fetch(uris)]);
  expect((await host.fetch(uris)).read('file.txt')).toBe('from far away');
  expect(calls()).toHaveLength(1);
});

test('a folder, and what does not fit, is not cached, and asked for once', async () => {
  host.file('hadoop/files/namenode/large', Buffer.alloc(1_001));
  for (const value of ['hdfs://namenode/dir', 'hdfs://namenode/large']) {
    expect((await host.fetch([{ value, cache: true }])).failure).toBeUndefined();
  }
  expect(calls()).toHaveLength(2);
});

test('the status says why the client has failed', async () => {
  const { failure, read } = await host.fetch([{ value: 'hdfs://namenode/none' }]);
  expect(failure).toBe(
    "Failed to fetch 'hdfs://namenode/none': HDFS copyToLocal failed " +
      "(copyToLocal: 'hdfs://namenode/none': No such file or directory)",
  );
  expect(read('stderr')).toContain('EXIT with status 1: Failed to fetch');
});

describe('the client', () => {
  test('is that of --hadoop_home, else of HADOOP_HOME, else the one in PATH', () => {
    const agent = { PATH: '/bin', HADOOP_HOME: '/opt/h', HADOOP_CONF_DIR: '/c', SECRET: 'x' };
    expect(hadoopClient('/given', agent)).toEqual({
      program: '/given/bin/hadoop',
      environment: { PATH: '/bin', HADOOP_HOME: '/given', HADOOP_CONF_DIR: '/c' },
    });
    expect(hadoopClient(undefined, agent).program).toBe('/opt/h/bin/hadoop');
    expect(hadoopClient(undefined, { PATH: '/bin' })).toEqual({
      program: 'hadoop',
      environment: { PATH: '/bin' },
    });
  });

  test('that is missing is named', async () => {
    const none = await FetchHost.open((folder) => ({
      hadoop: hadoopClient(join(folder, 'nowhere'), {}),
    }));
    const { failure } = await none.fetch([{ value: 'hdfs://namenode/file' }]);
    await none[Symbol.asyncDispose]();
    expect(failure).toMatch(/Hadoop client is not available.*nowhere\/bin\/hadoop/);
  });
});
