// Volumes of each kind in one form, and those that cannot be had anywhere.
import { expect, test } from 'vitest';
import { volumesOfKind } from '../../../src/containerizer/plan/container-volumes.ts';
import {
  MountPropagation_Mode,
  Secret_Type,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
  Volume_Source_Type,
} from '../../../src/model/generated/messages.ts';
import { inSandbox, ofSecret, onHost, withVolumes } from '../volumes/asked-volumes.ts';

const { SELF } = Volume_Source_SandboxPath_Type;

const data = new Uint8Array([1, 2]);
const secret = ofSecret(data);

test('a container without volumes has none of any kind', () => {
  expect(volumesOfKind(undefined, 'host')).toEqual([]);
  expect(volumesOfKind(withVolumes(), 'secret')).toEqual([]);
});

test('each kind is found among the others, whether of the first form or the later one', () => {
  const all = withVolumes(
    { host_path: '/etc', mode: Volume_Mode.RO },
    { host_path: 'inner/./folder', container_path: '/mnt' },
    inSandbox('common/'),
    secret,
    {
      source: {
        type: Volume_Source_Type.HOST_PATH,
        host_path: {
          path: '/srv',
          mount_propagation: { mode: MountPropagation_Mode.BIDIRECTIONAL },
        },
      },
      container_path: 'a//b',
    },
  );
  expect(volumesOfKind(all, 'host')).toEqual([
    { source: { path: '/etc', propagation: undefined }, target: ['in'], isReadOnly: true },
    { source: { path: '/srv', propagation: 'both' }, target: ['a', 'b'], isReadOnly: false },
  ]);
  expect(volumesOfKind(all, 'sandbox')).toEqual([
    { source: { of: 'self', names: ['inner', 'folder'] }, target: '/mnt', isReadOnly: false },
    { source: { of: 'parent', names: ['common'] }, target: ['in'], isReadOnly: false },
  ]);
  expect(volumesOfKind(all, 'secret')).toEqual([
    { source: { data }, target: ['in'], isReadOnly: false },
  ]);
});

test.each<[what: string, volume: Partial<Volume>, text: RegExp]>([
  ['a source out of the sandbox', inSandbox('../../evil'), /^Path '..\/..\/evil' .* leads out/],
  ['a source that comes back', inSandbox('a/../../b'), /leads out of the sandbox$/],
  ['the sandbox itself', inSandbox('./', SELF), /^Path '.\/' of a volume is the sandbox itself$/],
  ['an absolute source', inSandbox('/etc'), /^Path '\/etc' in SANDBOX_PATH volume is absolute$/],
  ['no type', inSandbox('a', Volume_Source_SandboxPath_Type.UNKNOWN), /^Unknown SANDBOX_PATH/],
  ['a null character', inSandbox('a\0b'), /null character$/],
  ['the output as target', { ...inSandbox('a'), container_path: './stdout' }, /takes the contai/],
  ['a target out of the sandbox', { ...inSandbox('a'), container_path: '../x' }, /leads out/],
  [
    'an absolute target that goes up',
    { ...inSandbox('a'), container_path: '/mnt/../etc' },
    /^Container path '\/mnt\/..\/etc' of a volume must not contain '..'$/,
  ],
])('a volume in a sandbox is refused with %s', (_, volume, text) => {
  expect(() => volumesOfKind(withVolumes(volume), 'sandbox')).toThrow(text);
});

test.each(['/', '//.', '/proc', '/proc/sys/kernel', '/sys/', '/./dev', '/dev/shm'])(
  'a volume at %s is refused by name',
  (path) => {
    expect(() =>
      volumesOfKind(withVolumes({ ...onHost('/srv'), container_path: path }), 'host'),
    ).toThrow(
      `Container path '${path}' of a volume ('container.volumes.container_path') cannot be mounted`,
    );
  },
);

test('a relative path on the host is refused', () => {
  expect(() => volumesOfKind(withVolumes(onHost('etc')), 'host')).toThrow(
    "Path 'etc' in HOST_PATH volume is not absolute",
  );
});

test('a secret by reference is refused in the words of Mesos', () => {
  const reference: Partial<Volume> = {
    source: {
      type: Volume_Source_Type.SECRET,
      secret: { type: Secret_Type.REFERENCE, reference: { name: 'n' } },
    },
  };
  expect(() => volumesOfKind(withVolumes(reference), 'secret')).toThrow(
    'Collect failed: Default secret resolver cannot resolve references',
  );
  const empty = { source: { type: Volume_Source_Type.SECRET, secret: {} } };
  expect(() => volumesOfKind(withVolumes(empty), 'secret')).toThrow("'secret.value' is not set");
});

test('the number of volumes has a bound', () => {
  const many = Array.from({ length: 1001 }, () => inSandbox('a'));
  expect(() => volumesOfKind(withVolumes(...many), 'sandbox')).toThrow(
    '1001 volumes, of at most 1000',
  );
});
