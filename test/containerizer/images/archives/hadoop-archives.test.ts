// Images from archives that a Hadoop client brings.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hadoopClient } from '../../../../src/containerizer/fetcher/hadoop.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import { parseDockerSource } from '../../../../src/containerizer/images/formats/registry-address.ts';
import { pullerOf } from '../../../../src/containerizer/images/pullers.ts';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { until } from '../../../support/cluster.ts';
import { HADOOP_CLIENT } from '../../fetcher/hadoop-program.ts';
import { archiveOf } from '../archives.ts';
import { digestOf, json } from '../formats/samples.ts';
import { pulledLayer } from '../pulled-layer.ts';

const never = new AbortController().signal;
let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
  put('hadoop/bin/hadoop', HADOOP_CLIENT, 0o755);
  put('log', '');
});

afterEach(() => folder[Symbol.dispose]());

function put(name: string, content: string | Uint8Array, mode = 0o644): void {
  const path = join(folder.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
}

const calls = () => readFileSync(join(folder.path, 'log'), 'utf8').split('\n').filter(Boolean);

/** What is left of archives. */
const staged = () => {
  const path = join(folder.path, 'staging');
  return existsSync(path) ? readdirSync(path) : [];
};

function opened() {
  const source = parseDockerSource('hdfs://namenode:8020/images/');
  if ('problem' in source) {
    throw new Error(source.problem);
  }
  return pullerOf({
    ...{ source, logins: [], mirrors: [], stallMs: 10_000, proxies: undefined },
    certificates: join(folder.path, 'none'),
    architecture: 'x64',
    hadoop: {
      client: hadoopClient(join(folder.path, 'hadoop'), {
        PATH: process.env.PATH,
        HADOOP_LOG: join(folder.path, 'log'),
      }),
      staging: join(folder.path, 'staging'),
    },
  });
}

const pull = (name: string, abort = never) => opened().manifest(parseReference(name), { abort });

const layer = archiveOf({ name: 'x', content: 'x' });
const config = json({
  os: 'linux',
  config: { Cmd: ['/x'] },
  rootfs: { diff_ids: [digestOf(layer)] },
});
const saved = (...names: string[]) =>
  archiveOf(
    {
      name: 'manifest.json',
      content: Buffer.from(json([{ Config: 'c', Layers: ['l'], RepoTags: names }])),
    },
    { name: 'c', content: Buffer.from(config) },
    { name: 'l', content: layer },
  );

test('an image comes from its archive, which is there only as long as it is needed', async () => {
  put('hadoop/files/namenode:8020/images/team/app:1.tar', saved('team/app:1'));
  const image = await pull('team/app:1');
  expect(calls()[0]).toMatch(
    /^fs -copyToLocal hdfs:\/\/namenode:8020\/images\/team\/app:1\.tar \//,
  );
  expect(image.manifest.config.command).toEqual(['/x']);
  expect((await pulledLayer(image, folder.path)).equals(layer)).toBe(true);
  expect(staged()).toHaveLength(1);
  image[Symbol.dispose]();
  await until('the archive is gone', () => staged().length === 0);
});

test('a name without a tag is looked for with and without it', async () => {
  put('hadoop/files/namenode:8020/images/app:latest.tar', saved('app:latest'));
  using image = await pull('app');
  expect(image.manifest.layers).toHaveLength(1);
  expect(calls().map((it) => it.split(' ')[2])).toEqual([
    'hdfs://namenode:8020/images/app.tar',
    'hdfs://namenode:8020/images/app:latest.tar',
  ]);
});

test('what goes wrong is told, and leaves nothing', async () => {
  await expect(pull('none:1')).rejects.toThrow(
    "Failed to find archive for image 'none:1' at 'hdfs://namenode:8020/images/none:1.tar'",
  );
  put('hadoop/files/namenode:8020/images/bad:1.tar', 'no archive');
  await expect(pull('bad:1')).rejects.toThrow(
    "Failed to read archive 'hdfs://namenode:8020/images/bad:1.tar': ",
  );
  put('hadoop/files/namenode:8020/images/other:1.tar', saved('another:1'));
  await expect(pull('other:1')).rejects.toThrow("Image 'other:1' is not in its archive");
  put('hadoop/bin/hadoop', '#!/bin/sh\necho "namenode is in safe mode" >&2\nexit 3\n', 0o755);
  await expect(pull('app:1')).rejects.toThrow(
    "Failed to bring 'hdfs://namenode:8020/images/app:1.tar' (exit status 3): namenode is in safe mode",
  );
  expect(staged()).toEqual([]);
});

test('a client is ended, with all that it has started, when nobody waits any more', async () => {
  const pid = join(folder.path, 'pid');
  put('hadoop/bin/hadoop', `#!/bin/sh\nsleep 1000 & echo $! > ${pid}\nwait\n`, 0o755);
  const abort = new AbortController();
  const pulled = pull('app:1', abort.signal);
  const sleeper = await until(
    'it runs',
    () => existsSync(pid) && Number(readFileSync(pid, 'utf8')),
  );
  abort.abort(new Error('killed'));
  await expect(pulled).rejects.toThrow('killed');
  await until('it has ended', () => !existsSync(`/proc/${sleeper}/exe`) || isDead(sleeper));
  expect(staged()).toEqual([]);
});

test('one who asks for much leaves clients to others', async () => {
  const slow = HADOOP_CLIENT.replace('\n', '\ncase "$3" in *slow*) exec sleep 1000;; esac\n');
  put('hadoop/bin/hadoop', slow, 0o755);
  put('hadoop/files/namenode:8020/images/app:1.tar', saved('app:1'));
  const puller = opened();
  const given = new AbortController();
  const greedy = Array.from({ length: 10 }, (_, at) =>
    puller.manifest(parseReference(`slow${at}:1`), { owner: 'greedy', abort: given.signal }),
  );
  const ends = Promise.allSettled(greedy);
  using image = await puller.manifest(parseReference('app:1'), { owner: 'other', abort: never });
  expect(image.manifest.layers).toHaveLength(1);
  given.abort(new Error('enough'));
  await ends;
});

test('no client is started for whom nobody waits any more', async () => {
  put('hadoop/bin/hadoop', `#!/bin/sh\necho "$@" >> "$HADOOP_LOG"\nexec sleep 1000\n`, 0o755);
  const abort = new AbortController();
  const pulled = pull('app:1', abort.signal);
  abort.abort(new Error('killed'));
  await expect(pulled).rejects.toThrow('killed');
  expect(calls()).toEqual([]);
  expect(staged()).toEqual([]);
});

const isDead = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
