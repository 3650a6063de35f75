// Plans of containers with images, shown without any.
import { describe, expect, test } from 'vitest';
import type { ImageConfig } from '../../../src/containerizer/images/image.ts';
import type { ProvisionedImage } from '../../../src/containerizer/images/provisioner.ts';
import { createIsolators } from '../../../src/containerizer/isolators/isolators.ts';
import { type PlanHost, planContainer } from '../../../src/containerizer/plan/plan.ts';
import type { ContainerRequest } from '../../../src/containerizer/plan/request.ts';
import {
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  Image_Type,
  LinuxInfo_IpcMode,
  type Volume,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { NO_CONFIG } from '../images/image-shelf.ts';
import { isolatorParts } from '../isolators/parts.ts';
import { onHost } from '../volumes/asked-volumes.ts';

const host: PlanHost = {
  workDirectory: '/agent',
  cgroups: [{ version: 1, root: '/cg/cpu/mesos', controllers: ['cpu', 'cpuacct'] }],
  images: { types: ['DOCKER'], sandboxDirectory: '/mnt/mesos/sandbox' },
};
const isolation = [
  'filesystem/linux',
  'docker/runtime',
  'appc/runtime',
  'namespaces/pid',
  'namespaces/ipc',
  'volume/host_path',
  'volume/image',
];
const parts = { ...isolatorParts, launcher: 'linux' } as const;
const isolators = createIsolators(isolation, parts);
const { MESOS } = ContainerInfo_Type;

const root = { kind: 'overlay', layers: ['/l/1', '/l/2'], upper: '/c/u', work: '/c/w' } as const;
const provisioned = (
  config: Partial<ImageConfig> = {},
  type: Image_Type = Image_Type.DOCKER,
): ProvisionedImage => ({
  type,
  config: { ...NO_CONFIG, ...config },
  root,
});

const image = { type: Image_Type.DOCKER, docker: { name: 'base' } };
const asking = (more: Partial<ContainerInfo> = {}): ContainerInfo => ({
  type: MESOS,
  mesos: { image },
  ...more,
});

const request = (
  command: CommandInfo = { value: 'true' },
  container = asking(),
): ContainerRequest => ({
  id: containerId('c1'),
  kind: 'executor',
  sandbox: 'sandbox',
  environment: { MESOS_SANDBOX: '/agent/sandbox', A: 'agent' },
  command,
  resources: [],
  isBound: false,
  executor: { executor_id: { value: 'e' }, container },
});

const planned = (asked: ContainerRequest, config: Partial<ImageConfig> = {}) =>
  planContainer(
    { ...asked, images: { rootfs: provisioned(config), volumes: [] } },
    host,
    isolators,
  );

function planOf(asked: ContainerRequest, config: Partial<ImageConfig> = {}) {
  const result = planned(asked, config);
  if (result.kind !== 'plan') {
    throw new Error(result.text);
  }
  return result.plan;
}

const NO_EXECUTABLE = 'Failed to determine the launch command: No executable is found';

const volume = (container_path: string, more: Partial<Volume> = {}): Volume => ({
  container_path,
  mode: Volume_Mode.RW,
  ...onHost('/srv'),
  ...more,
});

test('a container with an image has files of its own, with what all systems have', () => {
  const plan = planOf(request());
  expect(plan).toMatchObject({
    rootfs: root,
    sandbox: '/agent/sandbox',
    directory: '/agent/sandbox',
    sandboxInside: '/mnt/mesos/sandbox',
    ownDirectory: '/mnt/mesos/sandbox',
    environment: {
      MESOS_SANDBOX: '/mnt/mesos/sandbox',
      MESOS_DIRECTORY: '/agent/sandbox',
    },
    namespaces: { mount: 'own', pid: 'own', ipc: 'own' },
    noNewPrivileges: false,
    volumeMounts: [
      { source: { kind: 'machine', path: '/etc/hosts' }, isReadOnly: true },
      { source: { kind: 'machine', path: '/etc/hostname' }, isReadOnly: true },
      {
        source: { kind: 'machine', path: '/etc/resolv.conf' },
        target: { top: '/etc', below: ['resolv.conf'] },
        isReadOnly: true,
      },
      {
        source: { kind: 'sandbox', place: { top: '/agent/sandbox', below: [] } },
        target: { top: '/mnt/mesos/sandbox', below: [] },
        isReadOnly: false,
      },
    ],
  });
  expect(plan.mounts.map(({ target, type }) => `${target} ${type}`)).toEqual([
    '/proc proc',
    '/sys sysfs',
    '/sys/fs/cgroup tmpfs',
    '/dev tmpfs',
    '/dev/pts devpts',
    '/dev/shm tmpfs',
  ]);
  expect(plan.cgroupViews).toEqual([
    { folder: '/cg/cpu/mesos/c1', name: 'cpu' },
    { folder: '/cg/cpu/mesos/c1', name: 'cpuacct' },
  ]);
  expect(plan.maskedPaths).toContain('/proc/kcore');
  expect(plan.readonlyPaths).toContain('/proc/sys');
});

test('an agent that is not root mounts what it may, and its processes are their own still', () => {
  const rootless = createIsolators(isolation, {
    ...parts,
    host: { ...parts.host, isRoot: false },
  });
  const result = planContainer(
    { ...request(), images: { rootfs: provisioned(), volumes: [] } },
    host,
    rootless,
  );
  expect(result).toMatchObject({
    plan: {
      mounts: [
        { target: '/proc', type: 'proc' },
        { target: '/sys', type: 'bind', options: expect.arrayContaining(['ro', 'rbind']) },
        {},
        {},
        { target: '/dev/pts', options: expect.not.arrayContaining(['gid=5']) },
        {},
      ],
    },
  });
});

test('with process ids of the agent, a container sees all that its /proc has', () => {
  const linux_info = { share_pid_namespace: true };
  expect(planOf(request({ value: 'true' }, asking({ linux_info }))).maskedPaths).toEqual([]);
});

test.each([
  [undefined, { type: 'tmpfs', source: 'shm' }],
  [LinuxInfo_IpcMode.PRIVATE, { type: 'tmpfs', source: 'shm' }],
  [LinuxInfo_IpcMode.SHARE_PARENT, { type: 'bind', source: '/dev/shm' }],
])('one /dev/shm is mounted with ipc_mode %s', (ipc_mode, mount) => {
  const linux_info = { ...(ipc_mode !== undefined && { ipc_mode }) };
  const { mounts } = planOf(request({ value: 'true' }, asking({ linux_info })));
  expect(mounts.filter(({ target }) => target === '/dev/shm')).toMatchObject([mount]);
});

test('a user who is not root gets no privileges of programs in the image', () => {
  expect(planOf({ ...request(), user: 'ann' }).noNewPrivileges).toBe(true);
  expect(planOf({ ...request(), user: 'root' }).noNewPrivileges).toBe(false);
});

describe('what is executed', () => {
  const ENTRYPOINT = { entrypoint: ['/e', 'e1'] };
  const COMMAND = { command: ['c0', 'c1'] };
  const BOTH = { ...ENTRYPOINT, ...COMMAND };
  const NO_SHELL_COMMAND =
    'Failed to determine the launch command: Shell specified but no command value provided';
  const args = ['a0', 'a1'];

  test.each<[string, CommandInfo, Partial<ImageConfig>, string[] | string]>([
    ['a script', { value: 'x' }, BOTH, ['sh', '-c', 'x']],
    ['no script', {}, BOTH, NO_SHELL_COMMAND],
    ['a program', { shell: false, value: '/p' }, BOTH, ['/p']],
    ['a program with arguments', { shell: false, value: '/p', arguments: args }, BOTH, args],
    ['nothing', { shell: false }, BOTH, ['/e', 'e1', 'c0', 'c1']],
    ['arguments', { shell: false, arguments: args }, BOTH, ['/e', 'e1', 'a0', 'a1']],
    ['nothing, of an entrypoint', { shell: false }, ENTRYPOINT, ['/e', 'e1']],
    ['nothing, of a command', { shell: false }, COMMAND, ['c0', 'c1']],
    ['arguments, of a command', { shell: false, arguments: args }, COMMAND, ['c0', 'a0', 'a1']],
    ['arguments, of neither', { shell: false, arguments: args }, {}, NO_EXECUTABLE],
    ['nothing, of neither', { shell: false }, {}, NO_EXECUTABLE],
  ])('%s', (_, command, config, expected) => {
    const result = planned(request(command), config);
    expect(result.kind === 'plan' ? result.plan.arguments : result.text).toEqual(expected);
  });

  test('where images say nothing of it, the command must', () => {
    const [filesystem] = createIsolators(['filesystem/linux'], parts);
    const without = (command: CommandInfo) =>
      planContainer(
        { ...request(command), images: { rootfs: provisioned(BOTH), volumes: [] } },
        host,
        filesystem === undefined ? [] : [filesystem],
      );
    expect(without({ shell: false })).toMatchObject({ text: NO_EXECUTABLE });
    expect(without({ shell: false, value: '/p' })).toMatchObject({ plan: { program: '/p' } });
  });
});

test('an isolator takes what images of its type say, and of no other', () => {
  const { APPC, DOCKER } = Image_Type;
  const said = { entrypoint: ['/app'], command: ['-x'], environment: ['A=image'] };
  const of = (type: Image_Type, name: string) =>
    planContainer(
      { ...request({ shell: false }), images: { rootfs: provisioned(said, type), volumes: [] } },
      { ...host, images: { types: ['DOCKER', 'APPC'], sandboxDirectory: '/box' } },
      createIsolators(['filesystem/linux', name], parts),
    );
  for (const [type, name] of [
    [APPC, 'appc/runtime'],
    [DOCKER, 'docker/runtime'],
  ] as const) {
    expect(of(type, name)).toMatchObject({
      plan: { program: '/app', arguments: ['/app', '-x'], environment: { A: 'image' } },
    });
  }
  expect(of(APPC, 'docker/runtime')).toMatchObject({ text: NO_EXECUTABLE });
  expect(of(DOCKER, 'appc/runtime')).toMatchObject({ text: NO_EXECUTABLE });
});

test("an image's variables come after the agent's and before the command's", () => {
  const command = { value: 'x', environment: { variables: [{ name: 'C', value: 'command' }] } };
  const environment = ['A=image', 'B=a=b', 'C=image', 'E=', 'MESOS_SANDBOX=/image', 'PATH=/bin'];
  expect(planOf(request(command), { environment }).environment).toEqual({
    PATH: '/bin',
    MESOS_SANDBOX: '/image',
    MESOS_DIRECTORY: '/agent/sandbox',
    A: 'image',
    B: 'a=b',
    C: 'command',
    E: '',
  });
});

test.each([
  ['/srv/dir', '/srv/dir'],
  ['rel', '/rel'],
  ['', '/mnt/mesos/sandbox'],
])('the working directory %j of an image is %s', (workingDirectory, directory) => {
  expect(planOf(request(), { workingDirectory }).ownDirectory).toBe(directory);
});

describe('volumes in files of their own', () => {
  const targets = (path: string, more: Partial<Volume> = {}) =>
    planned(request({ value: 'x' }, asking({ volumes: [volume(path, more)] })));

  test('are found in the sandbox as the container sees it, or where they are wanted', () => {
    const volumes = [volume('rel/x'), volume('/srv')];
    expect(
      planOf(request({ value: 'x' }, asking({ volumes })))
        .volumeMounts.slice(-2)
        .map(({ target }) => target),
    ).toEqual([
      { top: '/mnt/mesos/sandbox', below: ['rel', 'x'] },
      // On the machine's files it would be there already.
      { top: '/srv', below: [] },
    ]);
  });

  test.each(['/dev/x', '/sys/fs/cgroup', '/dev/shm', '//dev/./x', '/mnt', '/mnt/mesos/sandbox'])(
    'at %s are refused',
    (path) => {
      expect(targets(path)).toMatchObject({
        kind: 'refusal',
        text: expect.stringContaining(`Container path '${path}' of a volume`),
      });
    },
  );

  test('in the sandbox, or beside it, are not', () => {
    expect(targets('/mnt/mesos/sandbox/x').kind).toBe('plan');
    expect(targets('/mnt/mesos/sandboxes').kind).toBe('plan');
  });

  test('can be images', () => {
    const container = {
      type: MESOS,
      volumes: [{ container_path: 'iv', mode: Volume_Mode.RO, image }],
    };
    const images = { rootfs: undefined, volumes: [provisioned()] };
    expect(
      planContainer({ ...request({ value: 'x' }, container), images }, host, isolators),
    ).toMatchObject({
      plan: {
        rootfs: undefined,
        volumeMounts: [
          {
            source: { kind: 'image', root },
            target: { top: '/agent/sandbox', below: ['iv'] },
            isReadOnly: true,
          },
        ],
      },
    });
  });
});

describe('before there is an image', () => {
  test('a request is refused for what it asks for itself', () => {
    const refused = (asked: ContainerRequest) => planContainer(asked, host, isolators);
    expect(refused(request({}))).toMatchObject({
      text: expect.stringContaining('Shell specified but no command value provided'),
    });
    expect(refused(request({ shell: false })).kind).toBe('plan');
    const hidden = asking({ volumes: [volume('/mnt')] });
    expect(refused(request({ value: 'x' }, hidden)).kind).toBe('refusal');
  });

  test('an agent has no images of other types, or none at all', () => {
    const appc = asking({ mesos: { image: { type: Image_Type.APPC, appc: { name: 'x' } } } });
    const text = (type: string) => ({
      text: `Unsupported container image type: ${type} (it is not among the agent's --image_providers)`,
    });
    expect(planContainer(request({ value: 'x' }, appc), host, isolators)).toMatchObject(
      text('APPC'),
    );
    const none = { ...host, images: undefined };
    expect(planContainer(request(), none, [])).toMatchObject(text('DOCKER'));
    const volumes = [{ container_path: 'iv', mode: Volume_Mode.RO, image }];
    expect(
      planContainer(request({ value: 'x' }, { type: MESOS, volumes }), none, []),
    ).toMatchObject(text('DOCKER'));
  });

  test('a default executor can have no image, nor can a session', () => {
    const empty = { ...request(), isEmpty: true } as const;
    expect(planContainer(empty, host, isolators)).toMatchObject({
      text: expect.stringContaining('a default executor has no process of its own'),
    });
    const { executor: _, ...rest } = request();
    const session: ContainerRequest = {
      ...rest,
      kind: 'debug',
      container: asking(),
      inside: {
        container: containerId('c1'),
        sandbox: 's',
        owner: undefined,
        environment: {},
        ownDirectory: undefined,
      },
    };
    expect(planContainer(session, host, isolators)).toMatchObject({
      text: expect.stringContaining(
        "'container.mesos.image' is not supported for DEBUG containers",
      ),
    });
  });
});
