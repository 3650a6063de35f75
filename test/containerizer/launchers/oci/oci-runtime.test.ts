// Which OCI runtime an agent uses, and what it says where there is none.
import { expect, test } from 'vitest';
import { OciRuntime } from '../../../../src/containerizer/launchers/oci/oci-runtime.ts';

const CRUN = '/usr/bin/crun';
const none = new Map();

test('crun is preferred, and the operator has the last word', async () => {
  const programs = new Map([
    ['runc', '/usr/sbin/runc'],
    ['crun', CRUN],
  ] as const);
  const found = await OciRuntime.open(undefined, { programs, isRoot: true });
  expect(found.annotations).toEqual({
    'mesoscale.runtime.path': CRUN,
    'mesoscale.runtime.kind': 'crun',
  });
  const given = await OciRuntime.open('/usr/sbin/runc', { programs, isRoot: true });
  expect(given.annotations).toMatchObject({ 'mesoscale.runtime.kind': 'runc' });
  // A later agent knows it by what stands in a bundle, and none by what does not.
  expect(OciRuntime.of(given.annotations)?.annotations).toEqual(given.annotations);
  expect(OciRuntime.of({ ...given.annotations, 'mesoscale.runtime.kind': 'x' })).toBeUndefined();
  expect(OciRuntime.of({})).toBeUndefined();
});

test.each([
  [undefined, /^--launcher=linux needs an OCI runtime, .* install crun .* or runc, or name one/],
  [
    '/no/such',
    /^The OCI runtime '\/no\/such' \(--oci_runtime\) does not answer: spawn \/no\/such ENOENT$/,
  ],
  ['crun', /^--oci_runtime=crun is not an absolute path$/],
  ['/bin/echo', /^'\/bin\/echo' is no OCI runtime that is known here \(crun, runc\): it calls /],
  ['/bin/false', /^The OCI runtime '\/bin\/false' \(--oci_runtime\) does not answer: /],
])('%s is refused at the start', async (path, text) => {
  await expect(OciRuntime.open(path, { programs: none, isRoot: true })).rejects.toThrow(text);
});

test('an agent that is not root needs crun', async () => {
  const open = (path: string | undefined, name: 'crun' | 'runc') =>
    OciRuntime.open(path, { programs: new Map([[name, `/usr/bin/${name}`]]), isRoot: false });
  expect((await open(undefined, 'crun')).annotations).toMatchObject({
    'mesoscale.runtime.kind': 'crun',
  });
  await expect(open(undefined, 'runc')).rejects.toThrow(
    /^--launcher=linux of an agent that is not root needs crun, which is not in PATH: install it/,
  );
  await expect(open('/usr/sbin/runc', 'crun')).rejects.toThrow(
    /^The OCI runtime '\/usr\/sbin\/runc' is runc, .*: an agent that is not root needs crun$/,
  );
});
