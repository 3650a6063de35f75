import { expect, test } from 'vitest';
import {
  appcArchitecture,
  appcText,
  discoveryPath,
  readAppcName,
  readDiscoveryPrefix,
} from '../../../../src/containerizer/images/formats/appc-name.ts';
import type { Image_Appc } from '../../../../src/model/generated/messages.ts';

const ID = `sha512-${'ab'.repeat(64)}`;

const named = (name: string, labels: Record<string, string> = {}, id?: string) => {
  const pairs = Object.entries(labels).map(([key, value]) => ({ key, value }));
  const appc: Image_Appc = { name, labels: { labels: pairs }, ...(id !== undefined && { id }) };
  return readAppcName(appc, 'amd64');
};

test('an image is looked for by its name, version, system and architecture', () => {
  expect(discoveryPath(readAppcName({ name: 'app' }, 'aarch64'))).toBe(
    'app-latest-linux-aarch64.aci',
  );
  expect(
    discoveryPath(named('example.com/team/app', { version: '1.2.0+b', arch: 'i386', x: 'a/b' })),
  ).toBe('example.com/team/app-1.2.0+b-linux-i386.aci');
  expect(discoveryPath(named('localhost:8080/app'))).toBe(
    'localhost:8080/app-latest-linux-amd64.aci',
  );
});

test('requests of the same image have one text, and others have another one', () => {
  const text = appcText(named('app'));
  expect(text).toBe('app,arch=amd64,os=linux,version=latest');
  expect(appcText(named('app', { version: 'latest', os: 'linux' }))).toBe(text);
  const others = [
    named('apps'),
    named('app', { version: '2' }),
    named('app', { x: 'y' }),
    named('app', { x: 'y,z=1' }),
    named('app', { x: 'y', z: '1' }),
    named('app', {}, ID),
  ].map(appcText);
  expect(new Set([text, ...others]).size).toBe(7);
});

test.each([
  ['', {}, undefined, 'Image name cannot be empty'],
  ['/etc/passwd', {}, undefined, 'each part of it between slashes'],
  ['../app', {}, undefined, 'each part of it between slashes'],
  ['a/../b', {}, undefined, 'each part of it between slashes'],
  ['a//b', {}, undefined, 'each part of it between slashes'],
  ['a b', {}, undefined, 'each part of it between slashes'],
  ['user@host/app', {}, undefined, 'each part of it between slashes'],
  ['a?b', {}, undefined, 'each part of it between slashes'],
  ['a%2e', {}, undefined, 'each part of it between slashes'],
  [`a${'b'.repeat(255)}`, {}, undefined, 'at most 255 characters'],
  ['app', { version: '../1' }, undefined, "the label 'version' has letters"],
  ['app', { os: '' }, undefined, "the label 'os' has letters"],
  ['app', { arch: 'a/b' }, undefined, "the label 'arch' has letters"],
  ['app', {}, 'sha512-ab', "an id is 'sha512-'"],
  ['app', {}, `sha256-${'ab'.repeat(32)}`, "an id is 'sha512-'"],
])('%j with %j and id %j is no image', (name, labels, id, why) => {
  expect(() => named(name, labels, id)).toThrow(why);
});

test.each([
  ['33 labels', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v']))],
  ['a long key', { ['k'.repeat(256)]: 'v' }],
  ['a long value', { k: 'v'.repeat(256) }],
  ['half a character', { k: '\ud800' }],
])('an image with %s is refused: the store remembers all of its name', (_, labels) => {
  expect(() => named('app', labels)).toThrow("it has at most 32 labels ('labels'), whose keys");
});

test('an architecture has the name of the specification', () => {
  expect(['x64', 'arm64', 's390x'].map(appcArchitecture)).toEqual(['amd64', 'aarch64', 's390x']);
});

test.each([
  ['http://', 'http://'],
  ['https://', 'https://'],
  ['http://h:80', 'http://h:80/'],
  ['http://h/images/', 'http://h/images/'],
  ['http://h/images/team-', 'http://h/images/team-'],
  ['/acis', '/acis/'],
  ['file:///acis/', '/acis/'],
])('the prefix %j is %j', (text, prefix) => {
  expect(readDiscoveryPrefix(text)).toBe(prefix);
});

test.each(['', 'acis', 'hdfs://h/x', 'ftp://h/', 'http://me:pw@h/', 'http://h/?x=', 'http:///x'])(
  'the prefix %j is none',
  (text) => {
    expect(readDiscoveryPrefix(text)).toHaveProperty('problem');
  },
);
