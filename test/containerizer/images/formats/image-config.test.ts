// What an image says about its containers, and how that and its manifest become one image.
import { expect, test } from 'vitest';
import { readConfigFile } from '../../../../src/containerizer/images/formats/image-config.ts';
import {
  checkConfigType,
  imageOfSchemaOne,
  imageOfSchemaTwo,
} from '../../../../src/containerizer/images/formats/image-manifest.ts';
import {
  readManifest,
  type SchemaTwo,
} from '../../../../src/containerizer/images/formats/manifest.ts';
import type { SchemaOne } from '../../../../src/containerizer/images/formats/schema-one.ts';
import { DOCKER, digestOf, dockerManifest, json, schemaOne } from './samples.ts';

const config = (fields: unknown) => readConfigFile(json({ config: fields })).config;

test('what a container takes is read, and all else passed over', () => {
  expect(
    config({
      Entrypoint: ['/bin/show'],
      Cmd: ['a', ''],
      Env: ['PATH=/bin', 'A=', 'B=c=d'],
      WorkingDir: '/srv/dir',
      User: 'app',
      Volumes: { '/data': {}, '/more': null },
      Labels: { a: 1 },
      StopSignal: 'SIGINT',
      Healthcheck: { Test: ['NONE'] },
    }),
  ).toEqual({
    entrypoint: ['/bin/show'],
    command: ['a', ''],
    environment: ['PATH=/bin', 'A=', 'B=c=d'],
    workingDirectory: '/srv/dir',
    user: 'app',
    stopSignal: 'SIGINT',
    volumes: ['/data', '/more'],
  });
});

test('what is absent, null or empty is not there', () => {
  const nothing = {
    entrypoint: [],
    command: [],
    environment: [],
    workingDirectory: undefined,
    user: '',
    stopSignal: undefined,
    volumes: [],
  };
  expect(config(undefined)).toEqual(nothing);
  expect(config({ Entrypoint: null, Cmd: null, Env: null, WorkingDir: '' })).toEqual(nothing);
  expect(config({ Env: ['NO_VALUE', '=x'] })).toEqual(nothing);
});

test.each<[unknown, string]>([
  [{ Cmd: 'sh' }, "'config.Cmd' must be a list"],
  [{ Cmd: [1] }, "'config.Cmd[0]' must be a string without NUL characters"],
  [{ Volumes: { 'a\0b': {} } }, "'config.Volumes[0]' must be a string without NUL characters"],
  [{ Volumes: ['/data'] }, "'config.Volumes' must be an object"],
  [{ Entrypoint: ['a\0b'] }, "'config.Entrypoint[0]' must be a string without NUL characters"],
  ['text', "'config' must be an object"],
])('%j is refused', (fields, why) => {
  expect(() => config(fields)).toThrow(`Failed to parse the image config: ${why}`);
});

test('what is no JSON is refused', () => {
  expect(() => readConfigFile(Buffer.from('{'))).toThrow(
    /^Failed to parse the image config: syntax/,
  );
  expect(() => readConfigFile(Buffer.from([0xff]))).toThrow(/not in UTF-8/);
});

const manifest = (change: Record<string, unknown> = {}) =>
  readManifest(json(dockerManifest(change)), DOCKER) as SchemaTwo;
const imageOf = (read: SchemaTwo, file: unknown) =>
  imageOfSchemaTwo(digestOf('manifest'), read.layers, readConfigFile(json(file)));

test('layers get the digests of their content', () => {
  const diffIds = ['one', 'two'].map(digestOf);
  const image = imageOf(manifest(), { os: 'linux', rootfs: { diff_ids: diffIds } });
  expect(image.layers.map((layer) => layer.diffId)).toEqual(diffIds);
  expect(image.digest).toBe(digestOf('manifest'));
});

test('of a layer that is there twice the upper one stays', () => {
  const [lower, upper] = dockerManifest().layers;
  const read = manifest({ layers: [lower, upper, lower] });
  const digests = imageOf(read, {}).layers.map((layer) => layer.digest);
  expect(digests).toEqual([upper?.digest, lower?.digest]);
  // Two blobs may have one content.
  const diffIds = ['same', 'same'].map(digestOf);
  const both = imageOf(manifest(), { rootfs: { diff_ids: diffIds } });
  expect(both.layers.map((layer) => layer.digest)).toEqual([upper?.digest]);
});

test('config and manifest must agree, and be for this system', () => {
  const one = { rootfs: { diff_ids: [digestOf('one')] } };
  expect(() => imageOf(manifest(), one)).toThrow(
    "The image's manifest has 2 layers, and its config 1",
  );
  expect(() => imageOf(manifest(), { os: 'windows' })).toThrow(/for the system 'windows'/);
});

test('what is no image is known by the type of its config', () => {
  const chart = {
    ...dockerManifest().config,
    mediaType: 'application/vnd.cncf.helm.config.v1+json',
  };
  expect(() => checkConfigType(manifest())).not.toThrow();
  expect(() => checkConfigType(manifest({ config: chart }))).toThrow(/no image of a container/);
});

test('an image of schema 1 has its config in its manifest, and often the same empty layer', () => {
  const [upper, lower] = schemaOne().fsLayers;
  const change = {
    fsLayers: [upper, upper, lower],
    history: Array(3).fill(schemaOne().history[0]),
  };
  const read = readManifest(json(schemaOne(change)), 'application/json') as SchemaOne;
  const image = imageOfSchemaOne(digestOf('manifest'), read);
  expect(image.config.command).toEqual(['/bin/sh']);
  expect(image.layers.map((layer) => layer.digest)).toEqual([lower?.blobSum, upper?.blobSum]);
});
