// The files of images, mounted in the mount namespace of a runtime.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RootFileSystem } from '../../../../src/containerizer/images/provisioner.ts';
import { rootStep } from '../../../../src/containerizer/launchers/oci/root-step.ts';
import { Stage } from './stage.ts';

const isRoot = process.geteuid?.() === 0;

let stage: Stage;
let rootfs: string;

beforeEach(async () => {
  stage = await Stage.open();
  rootfs = made('rootfs');
});

afterEach(() => stage.close());

const made = (...names: string[]) => stage.made(...names);
const printed = (script: string, root: RootFileSystem) =>
  stage.printed(script, rootStep(root, rootfs, isRoot), rootfs);

const overlay = (layers: readonly string[]): RootFileSystem => ({
  kind: 'overlay',
  layers,
  upper: made('upper, with: all \\ signs'),
  work: made('work'),
});

test.runIf(isRoot)('the layers of an image are seen as one, and stay as they are', async () => {
  const layers = [made('low'), made('high')];
  writeFileSync(stage.path('low/one'), 'low\n');
  writeFileSync(stage.path('low/both'), 'low\n');
  writeFileSync(stage.path('high/both'), 'high\n');
  execFileSync('mknod', [stage.path('high/gone'), 'c', '0', '0']);
  writeFileSync(stage.path('low/gone'), '');
  const root = overlay(layers);
  expect(await printed(`cd ${rootfs}; cat one both; rm one; echo new >two; ls`, root)).toBe(
    'low\nhigh\nboth\ntwo\n',
  );
  expect(readdirSync(stage.path('low'))).toEqual(['both', 'gone', 'one']);
  expect(readdirSync(made('upper, with: all \\ signs'))).toEqual(['one', 'two']);
  expect(readdirSync(rootfs), 'nothing of it is seen outside').toEqual([]);
});

test.runIf(isRoot)('an image can have many layers, with long paths', async () => {
  const layers = Array.from({ length: 150 }, (_, at) => {
    const layer = made('layers', `${at}-${'long'.repeat(40)}`);
    writeFileSync(join(layer, 'top'), `${at}\n`);
    return layer;
  });
  expect(await printed(`cat ${rootfs}/top`, overlay(layers))).toBe('149\n');
});

test.runIf(isRoot)('a folder that is of others, too, cannot be written to', async () => {
  const path = made('layer');
  writeFileSync(join(path, 'file'), 'text\n');
  const shared = { kind: 'folder', path, isReadOnly: true } as const;
  expect(await printed(`cat ${rootfs}/file; echo more >${rootfs}/file`, shared)).toMatch(
    /^text\n.*Read-only/,
  );
  const own = { kind: 'folder', path, isReadOnly: false } as const;
  expect(await printed(`echo more >${rootfs}/file && echo written`, own)).toBe('written\n');
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('more\n');
});

test.runIf(isRoot)('devices in an image are no devices', async () => {
  const layer = made('layer');
  execFileSync('mknod', ['-m', '666', join(layer, 'zero'), 'c', '1', '5']);
  const use = `head -c 1 ${rootfs}/zero || echo refused`;
  expect(await printed(use, overlay([layer]))).toMatch(/Permission denied\nrefused/);
  expect(await printed(use, { kind: 'folder', path: layer, isReadOnly: false })).toMatch(
    /Permission denied\nrefused/,
  );
});

test.runIf(isRoot)('a layer that is not there is an error that names the root', async () => {
  const missing = stage.path('no such layer');
  expect(await printed('true', overlay([missing]))).toBe(
    `Failed to prepare mounts for the OCI runtime (root ${rootfs}): No such file or directory`,
  );
  expect(existsSync(missing)).toBe(false);
});
