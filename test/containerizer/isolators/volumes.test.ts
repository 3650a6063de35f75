// What volumes and profiles of system calls add to a plan, and what of them is refused.
import { mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesystemShared } from '../../../src/containerizer/isolators/filesystem-shared.ts';
import type { Isolator } from '../../../src/containerizer/isolators/isolator.ts';
import { linuxDevices } from '../../../src/containerizer/isolators/linux-devices.ts';
import { linuxSeccomp } from '../../../src/containerizer/isolators/linux-seccomp.ts';
import { volumeHostPath } from '../../../src/containerizer/isolators/volume-host-path.ts';
import { volumeSandboxPath } from '../../../src/containerizer/isolators/volume-sandbox-path.ts';
import { volumeSecret } from '../../../src/containerizer/isolators/volume-secret.ts';
import {
  type ContainerPlan,
  type PlanHost,
  planContainer,
} from '../../../src/containerizer/plan/plan.ts';
import type { ContainerRequest } from '../../../src/containerizer/plan/request.ts';
import { parseSeccompProfile } from '../../../src/containerizer/plan/seccomp-profile.ts';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  MountPropagation_Mode,
  type Resource,
  Resource_ReservationInfo_Type,
  type SeccompInfo,
  Value_Type,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
  Volume_Source_Type,
} from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { inSandbox, ofSecret, onHost, withVolumes } from '../volumes/asked-volumes.ts';

const { PARENT, SELF } = Volume_Source_SandboxPath_Type;
const host = { workDirectory: '/agent', cgroups: [] };

const planned = (
  isolator: Isolator,
  container: Partial<ContainerInfo>,
  more: Partial<ContainerRequest> = {},
  on: PlanHost = host,
) => {
  const request: ContainerRequest = {
    id: containerId('root.task'),
    kind: 'task',
    sandbox: 'runs/root/containers/task',
    environment: {},
    command: { value: 'true' },
    resources: [],
    isBound: false,
    executor: {
      executor_id: { value: 'e' },
      container: { type: ContainerInfo_Type.MESOS, ...container },
    },
    ...more,
  };
  return planContainer(request, on, [isolator]);
};

const hostPath = (path: string, more: Partial<Volume> = {}) =>
  withVolumes({ ...onHost(path), ...more });

const sandboxPath = (type: Volume_Source_SandboxPath_Type, more: Partial<Volume> = {}) =>
  withVolumes({ ...inSandbox('common', type), ...more });

const secret = (data: Uint8Array) => withVolumes(ofSecret(data));

const root = { id: containerId('root'), sandbox: 'runs/root' };
const ofHost = volumeHostPath({ creatable: undefined, isRoot: true });
const mounting = volumeSandboxPath({ canMount: true });
const linking = volumeSandboxPath({ canMount: false });

const IN_TASK = { top: '/agent/runs/root', below: ['containers', 'task', 'in'] };

test('a path of the host is mounted, below a sandbox as a place without links', () => {
  expect(planned(ofHost, hostPath('/etc', { mode: Volume_Mode.RO }))).toMatchObject({
    plan: {
      volumeMounts: [
        { source: { kind: 'asked', path: '/etc' }, target: IN_TASK, isReadOnly: true },
      ],
    },
  });
  expect(planned(ofHost, hostPath('/etc', { container_path: '/mnt' }), root)).toMatchObject({
    plan: { volumeMounts: [{ target: { top: '/mnt', below: [] }, isReadOnly: false }] },
  });
});

test('users who mount something over the machine’s files get no more privileges', () => {
  const over = hostPath('/srv', { container_path: '/etc/pam.d' });
  const privileges = (container: object, user?: string) =>
    (planned(ofHost, container, { ...root, user }) as { plan: ContainerPlan }).plan.noNewPrivileges;
  expect(privileges(over, 'nobody')).toBe(true);
  expect(privileges(hostPath('/srv'), 'nobody')).toBe(false);
  expect(privileges(over, 'root')).toBe(false);
  expect(privileges(over)).toBe(false);
});

test('a path that is the same in the container is mounted only to close it to writing', () => {
  const same = { container_path: '/etc' };
  expect(planned(ofHost, hostPath('/etc', same))).toMatchObject({ plan: { volumeMounts: [] } });
  expect(planned(ofHost, hostPath('/etc', { ...same, mode: Volume_Mode.RO }))).toMatchObject({
    plan: { volumeMounts: [{ isReadOnly: true }] },
  });
});

test('a folder of the parent is mounted, or linked where nothing can be mounted', () => {
  const place = { top: '/agent/runs/root', below: ['common'] };
  expect(planned(mounting, sandboxPath(PARENT, { mode: Volume_Mode.RO }))).toMatchObject({
    plan: {
      parentLinks: [],
      volumeMounts: [{ source: { kind: 'sandbox', place }, target: IN_TASK, isReadOnly: true }],
    },
  });
  expect(planned(linking, sandboxPath(PARENT))).toMatchObject({
    plan: { parentLinks: [{ link: ['in'], target: ['common'] }], volumeMounts: [] },
  });
});

test('a persistent volume of the executor is mounted where a task shares it', async () => {
  const resources: Resource[] = [
    {
      name: 'disk',
      type: Value_Type.SCALAR,
      scalar: { value: 8 },
      reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit' }],
      disk: {
        persistence: { id: 'v1' },
        volume: { container_path: 'data', mode: Volume_Mode.RW },
      },
    },
  ];
  const sharing = (path: string, more: Partial<Volume> = {}) =>
    planned(
      mounting,
      withVolumes({
        source: {
          type: Volume_Source_Type.SANDBOX_PATH,
          sandbox_path: { type: PARENT, path },
        },
        ...more,
      }),
      { executorResources: resources },
    );
  const target = '/agent/volumes/roles/kit/v1';
  expect(sharing('data')).toMatchObject({
    plan: { volumeMounts: [{ source: { kind: 'host', path: target }, target: IN_TASK }] },
  });
  expect(sharing('data/deep')).toMatchObject({
    plan: {
      volumeMounts: [{ source: { kind: 'sandbox', place: { top: target, below: ['deep'] } } }],
    },
  });
  expect(sharing('other')).toMatchObject({
    plan: { volumeMounts: [{ source: { place: { below: ['other'] } } }] },
  });
  for (const path of ['data', 'data/deep', 'other']) {
    const { plan } = sharing(path, { container_path: '/no/such/folder' }) as {
      plan: ContainerPlan;
    };
    await expect(mounting.prepare?.(plan, new AbortController().signal)).rejects.toThrow(
      "Mount point '/no/such/folder' is an absolute path. It must exist if",
    );
  }
});

test('a folder of the own sandbox is mounted elsewhere', () => {
  expect(planned(mounting, sandboxPath(SELF, { container_path: '/mnt' }))).toMatchObject({
    plan: {
      volumeMounts: [
        {
          source: {
            place: { top: '/agent/runs/root', below: ['containers', 'task', 'common'] },
          },
          target: { top: '/mnt', below: [] },
        },
      ],
    },
  });
});

test('a secret is in the plan, and nowhere else', () => {
  const data = new Uint8Array([1, 2, 3]);
  expect(planned(volumeSecret, secret(data))).toMatchObject({
    plan: { volumeMounts: [{ source: { kind: 'secret', data }, target: IN_TASK }] },
  });
});

test.each<[what: string, isolator: Isolator, info: Partial<ContainerInfo>, text: RegExp]>([
  [
    'what a container mounts to be seen on the host, of an agent that is not root',
    volumeHostPath({ creatable: undefined, isRoot: false }),
    withVolumes({
      source: {
        type: Volume_Source_Type.HOST_PATH,
        host_path: {
          path: '/etc',
          mount_propagation: { mode: MountPropagation_Mode.BIDIRECTIONAL },
        },
      },
    }),
    /^Cannot setup bidirectional mount propagation for host path '\/etc'/,
  ],
  ['a link that is no path', mounting, sandboxPath(SELF), /'container_path' is relative for/],
  [
    'a link to an absolute path',
    linking,
    sandboxPath(PARENT, { container_path: '/x' }),
    /^The 'li/,
  ],
  [
    'a link not to write to',
    linking,
    sandboxPath(PARENT, { mode: Volume_Mode.RO }),
    /a link cannot/,
  ],
  [
    'large secrets',
    volumeSecret,
    secret(new Uint8Array(2 ** 20 + 1)),
    /are 1048577 bytes, of at m/,
  ],
])('%s: refused', (_, isolator, info, text) => {
  // Only the isolator's own part is asked: fields are allowed by its name.
  expect(planned(isolator, info)).toMatchObject({ text: expect.stringMatching(text) });
});

test('a root container has no parent to share with', () => {
  expect(planned(mounting, sandboxPath(PARENT), root)).toMatchObject({
    text: 'SANDBOX_PATH volume PARENT type only works for nested container',
  });
});

test('missing folders are made where the operator says, and behind no link', async () => {
  using folder = temporaryFolder();
  const at = (...names: string[]) => join(folder.path, ...names);
  mkdirSync(at('taken'));
  symlinkSync('/etc', at('taken/link'));
  const allowed = volumeHostPath({
    creatable: [at('made'), `${at('taken')}/`],
    isRoot: true,
  });
  const prepare = (isolator: Isolator, path: string, target = 'in') => {
    const result = planned(isolator, hostPath(path, { container_path: target }), root);
    return isolator.prepare?.(
      (result as { plan: ContainerPlan }).plan,
      new AbortController().signal,
    );
  };
  await prepare(allowed, at('made/a/b'));
  expect(statSync(at('made/a/b')).mode & 0o777).toBe(0o755);
  await prepare(ofHost, at('made/a/b'));
  await expect(prepare(ofHost, at('none'))).rejects.toThrow(
    `Path '${at('none')}' in HOST_PATH volume does not exist`,
  );
  await expect(prepare(allowed, at('none'))).rejects.toThrow(/is not whitelisted$/);
  await expect(prepare(allowed, `${at('made')}/../none`)).rejects.toThrow(/is not whitelisted$/);
  await expect(prepare(allowed, at('taken/link/mesoscale-test'))).rejects.toThrow(
    /^Failed to create the host path at .*ENOTDIR/,
  );
  await expect(prepare(ofHost, '/etc', at('nowhere'))).rejects.toThrow(
    /^Mount point '.*nowhere' is an absolute path. It must exist if/,
  );
  expect(readdirSync(folder.path).toSorted()).toEqual(['made', 'taken']);
});

const shared = (...paths: [host: string, container: string][]) =>
  withVolumes(...paths.map(([host_path, container_path]) => ({ host_path, container_path })));

test('folders of the first versions of Mesos are like what they hide', async () => {
  using folder = temporaryFolder();
  const work = { workDirectory: folder.path, cgroups: [] };
  const result = planned(
    filesystemShared,
    shared(['box/tmp', '/var/tmp'], ['/etc', '/mnt']),
    root,
    work,
  );
  expect(result).toMatchObject({
    plan: {
      namespaces: { mount: 'own' },
      volumeMounts: [
        { source: { kind: 'asked', path: '/etc' }, target: { top: '/mnt', below: [] } },
        { source: { kind: 'sandbox' }, target: { top: '/var/tmp', below: [] } },
      ],
    },
  });
  mkdirSync(join(folder.path, 'runs/root'), { recursive: true });
  const { plan } = result as { plan: ContainerPlan };
  await filesystemShared.prepare?.(plan, new AbortController().signal);
  const made = statSync(join(folder.path, 'runs/root/box/tmp'));
  const { mode, uid } = statSync('/var/tmp');
  expect(made).toMatchObject({ mode, uid });
});

test.each([
  [shared(['a', 'in']), /^Volume with container path 'in' must exist on host for shared file/],
  [
    shared(['a', '/mnt'], ['b', '/mnt/c']),
    /^Cannot mount volume to '\/mnt\/c' because it is under/,
  ],
  [shared(['a', '/agent/runs']), /^Cannot mount volume to '\/agent\/runs' because it is under/],
])('the shared folders %o are refused', (info, text) => {
  expect(planned(filesystemShared, info, root)).toMatchObject({
    text: expect.stringMatching(text),
  });
});

const machine = { architecture: 'SCMP_ARCH_X86_64', kernel: [6, 1] as const };
const profile = parseSeccompProfile('{"defaultAction":"SCMP_ACT_LOG","syscalls":[]}');
const filter = (standard: string | undefined) =>
  linuxSeccomp({ folder: '/p', profiles: new Map([['one', profile]]), standard }, machine);
const seccomp = (info: SeccompInfo) => ({ linux_info: { seccomp: info } });

test('system calls are filtered by the profile that is asked for, or by the default', () => {
  const filtered = { plan: { seccomp: { defaultAction: 'SCMP_ACT_LOG' } } };
  expect(planned(filter('one'), {})).toMatchObject(filtered);
  expect(planned(filter(undefined), seccomp({ profile_name: 'one' }))).toMatchObject(filtered);
  expect(planned(filter('one'), seccomp({ unconfined: true }))).toMatchObject({
    plan: { seccomp: undefined },
  });
});

test.each([
  [{ profile_name: 'one', unconfined: true }, /^Invalid Seccomp configuration: 'profile_name' giv/],
  [{ unconfined: false }, /^Missing Seccomp profile name$/],
  [{ profile_name: 'other' }, /^Failed to read Seccomp profile file '\/p\/other': it is not among/],
])('the profile %o is refused', (info, text) => {
  expect(planned(filter('one'), seccomp(info))).toMatchObject({
    text: expect.stringMatching(text),
  });
});

test('allowed devices are in root file systems, open to all as far as they are allowed', () => {
  const device = { kind: 'character', major: 10, minor: 229 } as const;
  const access = { read: true, write: false, mknod: true };
  const isolator = linuxDevices([{ ...device, path: '/dev/fuse', access }]);
  const { plan } = planned(isolator, {}) as { plan: ContainerPlan };
  expect(plan.devices).toEqual([]);
  const inImage = {
    ...plan,
    rootfs: { kind: 'folder', path: '/image', isReadOnly: false } as const,
  };
  expect(isolator.contribute(inImage, {} as ContainerRequest, host).devices).toEqual([
    { ...device, path: '/dev/fuse', mode: 0o644 },
  ]);
});

test('nested containers with volumes have the folder where Mesos mounts their secrets', () => {
  const foldersOf = (more: Partial<ContainerRequest>) => {
    const result = planned(volumeSecret, {}, more);
    return result.kind === 'plan' ? result.plan.sandboxFolders : [];
  };
  const folder = expect.stringMatching(/^\.secret-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const bare = { executor: { executor_id: { value: 'e' } } };
  const persistent: Resource = {
    name: 'disk',
    type: Value_Type.SCALAR,
    scalar: { value: 8 },
    reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit' }],
    disk: { persistence: { id: 'v' }, volume: { container_path: 'v', mode: Volume_Mode.RW } },
  };
  expect(foldersOf({})).toEqual([folder]);
  expect(foldersOf({ ...bare, resources: [persistent] })).toEqual([folder]);
  expect(foldersOf(bare)).toEqual([]);
  expect(foldersOf({ id: containerId('root') })).toEqual([]);
});
