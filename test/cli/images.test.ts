// What flags say of images, and what is wrong with it.
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { helperWarnings, imageSettings } from '../../src/cli/agent/images.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import { Image_Type } from '../../src/model/generated/messages.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';

const folder = temporaryFolder();
const work = join(folder.path, 'work');
mkdirSync(work);
afterAll(() => folder[Symbol.dispose]());

const valuesOf = (...argv: string[]) => parseFlags(AGENT_FLAGS, { argv, environment: {} }).values;
/** Below /tmp, which others can write to, though not change what is root's there. */
const settings = (...argv: string[]) => settingsOf('docker', ...argv);
const settingsOf = (providers: string, ...argv: string[]) =>
  imageSettings(valuesOf(`--image_providers=${providers}`, ...argv), work);

test('without providers there are no images', () => {
  expect(imageSettings(valuesOf(), work)).toBeUndefined();
  // Those of type DOCKER have some all the same, and no others.
  const ofDocker = imageSettings(valuesOf('--containerizers=docker,mesos'), work);
  expect(ofDocker?.support.types).toEqual([]);
});

test('images are kept below the work directory, where nobody else comes', () => {
  expect(settings()).toEqual({
    support: { types: ['DOCKER'], sandboxDirectory: '/mnt/mesos/sandbox' },
    source: { kind: 'registry', address: { scheme: 'https', host: 'registry-1.docker.io' } },
    logins: [],
    mirrors: [],
    certificates: '/etc/docker/certs.d',
    discoveryPrefix: 'http://',
    stores: new Map([['DOCKER', join(work, 'store', 'docker')]]),
    backend: 'auto',
    collection: undefined,
  });
  expect(statSync(join(work, 'store', 'docker')).mode & 0o777).toBe(0o700);
});

test('all of it can be chosen', () => {
  const excluded = [
    { type: 'DOCKER', docker: { name: 'base' } },
    { type: 'APPC', appc: { name: 'base' } },
  ];
  const collection = {
    image_disk_headroom: 0.2,
    image_disk_watch_interval: { nanoseconds: 2e9 },
    excluded_images: excluded,
  };
  expect(
    settingsOf(
      'appc,docker',
      '--sandbox_directory=/box/',
      '--docker_registry=file:///images',
      `--docker_store_dir=${join(folder.path, 'elsewhere')}`,
      `--appc_store_dir=${join(folder.path, 'appc')}`,
      '--appc_simple_discovery_uri_prefix=file:///acis',
      '--image_provisioner_backend=aufs',
      '--docker_config={"auths": {"r.example": {"auth": "bWU6cHc="}}}',
      `--image_gc_config=${JSON.stringify(collection)}`,
    ),
  ).toMatchObject({
    support: { types: ['DOCKER', 'APPC'], sandboxDirectory: '/box' },
    source: { kind: 'archives', folder: '/images' },
    logins: [{ registry: 'r.example' }],
    discoveryPrefix: '/acis/',
    stores: new Map([
      ['DOCKER', join(folder.path, 'elsewhere')],
      ['APPC', join(folder.path, 'appc')],
    ]),
    backend: 'overlay',
    collection: {
      headroom: 0.2,
      watchIntervalMs: 2000,
      excluded: [
        { type: Image_Type.DOCKER, docker: { name: 'base' } },
        { type: Image_Type.APPC, appc: { name: 'base' } },
      ],
    },
  });
});

test('registries have mirrors and certificates, and archives may be in HDFS', () => {
  const mirrors = '--docker_registry_mirrors=docker.io=https://one,quay.io=http://two:5000/x';
  const all = settings(mirrors, '--docker_certs_dir=certs', '--docker_registry=hdfs://name/images');
  expect(all).toMatchObject({
    source: { kind: 'hadoop', url: 'hdfs://name/images' },
    mirrors: [
      { registry: 'docker.io', address: { scheme: 'https', host: 'one' }, prefix: '' },
      { registry: 'quay.io', address: { scheme: 'http', host: 'two:5000' }, prefix: 'x/' },
    ],
    certificates: join(process.cwd(), 'certs'),
  });
  expect(settings()).toMatchObject({ mirrors: [], certificates: '/etc/docker/certs.d' });
});

test('credential helpers, which are not asked, are told', () => {
  const config = '{"auths": {"x": {}}, "credsStore": "pass", "credHelpers": {"gcr.io": "gcloud"}}';
  expect(helperWarnings(settings(`--docker_config=${config}`)?.logins ?? [])).toEqual([
    expect.stringContaining("credential helper 'gcloud'"),
    expect.stringContaining("credential helper 'pass'"),
  ]);
});

describe('is refused', () => {
  const interval = '"image_disk_watch_interval": {"nanoseconds": 1e9}';
  test.each([
    ['--sandbox_directory=box', /^--sandbox_directory expects an absolute path/],
    ['--sandbox_directory=/', /^--sandbox_directory expects an absolute path/],
    ['--sandbox_directory=/a/../b', /^--sandbox_directory expects an absolute path/],
    ['--sandbox_directory=//proc/1', /^--sandbox_directory: .* is in \/proc/],
    ['--docker_registry=ftp://x', /^--docker_registry: expected the URL of a registry/],
    ['--docker_registry_mirrors=https://m', /^--docker_registry_mirrors: expected HOST=URL/],
    [
      '--appc_simple_discovery_uri_prefix=hdfs://h:9000/x',
      /^--appc_simple_discovery_uri_prefix: expected http:/,
    ],
    ['--docker_config={"auths": 5}', /^--docker_config: Failed to parse docker config: /],
    ['--image_gc_config=[]', /^--image_gc_config: expected an object as in \{/],
    ['--image_gc_config={"x": 1}', /^--image_gc_config: 'x' is no field as in \{/],
    [`--image_gc_config={${interval}}`, /'image_disk_headroom' must be a number from 0 to 1/],
    [
      `--image_gc_config={"image_disk_headroom": 2, ${interval}}`,
      /'image_disk_headroom' must be a number from 0 to 1/,
    ],
    [
      '--image_gc_config={"image_disk_headroom": 0.1}',
      /'image_disk_watch_interval.nanoseconds' must be at least a millisecond/,
    ],
    [
      `--image_gc_config={"image_disk_headroom": 0, ${interval}, "excluded_images": {}}`,
      /'excluded_images' must be a list/,
    ],
    [
      `--image_gc_config={"image_disk_headroom": 0, ${interval}, "excluded_images": [{"type": "APPC", "docker": {"name": "x"}}]}`,
      /^--image_gc_config\.excluded_images\[0\] expects \{"type": "DOCKER"/,
    ],
  ])('%s', (argument, why) => {
    expect(() => settings(argument)).toThrow(why);
  });

  test('a login with its text', () => {
    expect(() => settings('--docker_config={"auths": {"r": {"auth": "c2VjcmV0"')).toThrow(
      /^--docker_config expects JSON[^:{]*$/,
    );
    expect(() => settings('--docker_config={"a": {}, "a": {}}')).toThrow(/^(?!.*"a")/);
  });

  test('one folder for images of two types', () => {
    const store = join(folder.path, 'work/store/docker');
    expect(() => settingsOf('docker,appc', `--appc_store_dir=${store}`)).toThrow(
      /^--appc_store_dir: .*\/store\/docker is that of --docker_store_dir, too/,
    );
  });

  test.runIf(process.geteuid?.() === 0)('a folder that others can change', () => {
    const others = join(folder.path, 'others');
    mkdirSync(join(others, 'store'), { recursive: true });
    const asked = () => settings(`--docker_store_dir=${join(others, 'store')}`);
    expect(asked()?.stores).toEqual(new Map([['DOCKER', join(others, 'store')]]));
    chownSync(others, 65_534, 65_534);
    expect(asked).toThrow(/^--docker_store_dir: others can change what is in '.*\/others', and/);
    chownSync(others, 0, 0);
    chmodSync(others, 0o777);
    expect(asked).toThrow(/^--docker_store_dir: others can change/);
  });
});
