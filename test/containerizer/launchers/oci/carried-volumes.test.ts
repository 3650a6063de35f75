// Which volumes a runtime mounts for the sake of later mounts, and which cannot be had.
import { expect, test } from 'vitest';
import {
  canFollow,
  carriedVolumes,
} from '../../../../src/containerizer/launchers/oci/carried-volumes.ts';
import type { VolumeMount } from '../../../../src/containerizer/plan/volume-mounts.ts';

const volume = (propagation: 'in' | 'both', target = '/data'): VolumeMount => ({
  source: { kind: 'asked', path: '/srv' },
  target: { top: target, below: [] },
  isReadOnly: false,
  propagation,
});

const carried = (
  mounts: readonly VolumeMount[],
  shows: 'always' | 'soon' | 'never',
  user: string | undefined = undefined,
  isRoot = true,
) =>
  carriedVolumes({ user, volumeMounts: mounts }, { folder: '/bundle', isRoot, shows }).map(
    ({ place, target }) => `${place} at ${target}`,
  );

test('what shows on the machine is carried; the rest where the root does not show it at once', () => {
  const first = ['/bundle/volumes/0 at /data'];
  for (const shows of ['always', 'soon', 'never'] as const) {
    expect(carried([volume('both')], shows)).toEqual(first);
  }
  expect(carried([volume('in')], 'always')).toEqual([]);
  expect(carried([volume('in')], 'soon')).toEqual(first);
  expect(carried([volume('in')], 'never')).toEqual(first);
  expect(carried([volume('in')], 'soon', 'nobody')).toEqual([]);
});

test('a volume that cannot show later mounts is refused', () => {
  const text = "'mount_propagation' of host path '/srv' is not supported: with crun it needs ";
  expect(() => carried([volume('in')], 'never', 'nobody')).toThrow(text);
  expect(() => carried([volume('in')], 'never', undefined, false)).toThrow(text);
  expect(() => carried([volume('both'), volume('in', '/data/in')], 'always')).toThrow(
    "The volume at '/data/in' lies in one with 'mount_propagation', at '/data'",
  );
  const many = Array.from({ length: 65 }, (_, at) => volume('both', `/data${at}`));
  expect(() => carried(many, 'always')).toThrow('has 65 volumes');
});

test.each([
  ['6.18.44-fc', true],
  ['5.15.0-100-generic', true],
  ['5.14.21', false],
  ['4.19.0', false],
])('Linux %s makes private mounts follow others: %s', (kernel, can) => {
  expect(canFollow(kernel)).toBe(can);
});
