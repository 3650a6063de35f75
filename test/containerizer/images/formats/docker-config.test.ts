// Who may pull from where, and where images come from.
import { expect, test } from 'vitest';
import {
  loginFor,
  readDockerConfig,
} from '../../../../src/containerizer/images/formats/docker-config.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import {
  parseDockerSource,
  placeOf,
} from '../../../../src/containerizer/images/formats/registry-address.ts';
import { json } from './samples.ts';

const auth = (text: string) => Buffer.from(text).toString('base64');
const file = (value: unknown) => readDockerConfig(json(value));

test('logins are found by host and port, in both forms of the file', () => {
  const auths = {
    'https://index.docker.io/v1/': { auth: auth('hub:pw') },
    'quay.io': { auth: auth('quay:pw') },
    'http://localhost:5000/v2/': { username: 'local', password: 'p:w' },
  };
  for (const logins of [file({ auths, credsStore: 'desktop' }), file(auths)]) {
    const basic = (registry: string) => loginFor(registry, [logins])?.basic;
    expect(basic('registry-1.docker.io')).toBe(auth('hub:pw'));
    expect(basic('docker.io')).toBe(auth('hub:pw'));
    expect(basic('quay.io')).toBe(auth('quay:pw'));
    expect(basic('localhost:5000')).toBe(auth('local:p:w'));
    expect(basic('localhost')).toBeUndefined();
    expect(basic('evil-docker.io')).toBeUndefined();
    expect(basic('docker.io.example.com')).toBeUndefined();
  }
});

test('the first file that has a login gives it', () => {
  const own = file({ auths: { 'quay.io': { auth: auth('own:pw') }, 'gcr.io': {} } });
  const usual = file({
    auths: { 'quay.io': { auth: auth('usual:pw') }, 'gcr.io': { auth: auth('g:g') } },
  });
  expect(loginFor('quay.io', [own, usual])?.basic).toBe(auth('own:pw'));
  expect(loginFor('gcr.io', [own, usual])?.basic).toBe(auth('g:g'));
});

test('of a login that a program has, the program is known, and the file’s own comes first', () => {
  const helpers = { credsStore: 'desktop', credHelpers: { 'https://gcr.io': 'gcloud', x: '' } };
  const own = file({ auths: { 'quay.io': { auth: auth('quay:pw') }, 'gcr.io': {} }, ...helpers });
  expect(loginFor('quay.io', [own])).toMatchObject({ basic: auth('quay:pw'), helper: undefined });
  expect(loginFor('gcr.io', [own])).toMatchObject({ basic: undefined, helper: 'gcloud' });
  expect(loginFor('registry-1.docker.io', [own])?.helper).toBe('desktop');
  const usual = file({ auths: { 'gcr.io': { auth: auth('g:g') } } });
  expect(loginFor('gcr.io', [own, usual])?.basic).toBe(auth('g:g'));
  expect(loginFor('x', [file({ credHelpers: { y: 'z' } })])).toBeUndefined();
});

test('errors say what is wrong, and show nothing of the file', () => {
  const wrong = (value: unknown) => () => file(value);
  expect(() => readDockerConfig(Buffer.from('{"auths": secret'))).toThrow(
    /^Failed to parse docker config: JSON parse failed$/,
  );
  expect(wrong({ auths: { x: 'secret' } })).toThrow("'auths[0]' must be an object");
  expect(wrong({ auths: { x: { auth: 'sec ret!' } } })).toThrow(
    "'auths[0].auth' must be in base64",
  );
  expect(wrong({ auths: { x: { identitytoken: 'a\r\nb' } } })).toThrow(/visible ASCII/);
  expect(wrong([])).toThrow("'config' must be an object");
  expect(wrong({ credHelpers: [] })).toThrow("'credHelpers' must be an object");
  expect(wrong({ credsStore: 7 })).toThrow("'credsStore' must be a string");
});

test.each<[string, unknown]>([
  ['https://registry-1.docker.io', { scheme: 'https', host: 'registry-1.docker.io' }],
  ['http://localhost:5000/', { scheme: 'http', host: 'localhost:5000' }],
  ['https://[::1]:5000/v2/', { scheme: 'https', host: '[::1]:5000' }],
])('--docker_registry=%s is a registry', (text, address) => {
  expect(parseDockerSource(text)).toEqual({ kind: 'registry', address });
});

test.each(['/var/images', 'file:///var/images', 'file://localhost/var/images'])(
  '--docker_registry=%s is a folder',
  (text) => {
    expect(parseDockerSource(text)).toEqual({ kind: 'archives', folder: '/var/images' });
  },
);

test.each([
  '',
  'localhost:5000',
  'ftp://x',
  'https://',
  'https://me:pw@x',
  'https://x/path',
  'hdfs://x/?y',
  'hdfs:/x',
])('--docker_registry=%s is refused', (text) => {
  expect(parseDockerSource(text)).toMatchObject({ problem: expect.stringMatching(/^expected/) });
});

test('an image is where its name says, without TLS only here or where the operator says so', () => {
  const usual = { scheme: 'http', host: 'registry.example:5000' } as const;
  const place = (name: string) => {
    const { address, repository } = placeOf(parseReference(name), usual);
    return `${address.scheme}://${address.host}/${repository}`;
  };
  expect(place('a')).toBe('http://registry.example:5000/a');
  expect(place('registry.example:5000/a')).toBe('http://registry.example:5000/a');
  expect(place('registry.example/a')).toBe('https://registry.example/a');
  expect(place('other.example:80/a')).toBe('https://other.example:80/a');
  expect(place('localhost:5000/a')).toBe('http://localhost:5000/a');
  expect(place('127.0.0.1:1/a')).toBe('http://127.0.0.1:1/a');
  expect(place('127.0.0.1.example:1/a')).toBe('https://127.0.0.1.example:1/a');
  expect(place('localhost:443/a')).toBe('https://localhost:443/a');
  expect(place('localhost/a')).toBe('https://localhost/a');
  expect(place('docker.io/a')).toBe('https://registry-1.docker.io/library/a');
  expect(place('docker.io/a/b')).toBe('https://registry-1.docker.io/a/b');
  const hub = { scheme: 'https', host: 'registry-1.docker.io' } as const;
  expect(placeOf(parseReference('busybox'), hub).repository).toBe('library/busybox');
});
