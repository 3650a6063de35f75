// The plan of a container of type DOCKER: what docker gives to all, and what is asked for.
import { describe, expect, test } from 'vitest';
import { dockerContainers } from '../../../../src/containerizer/isolators/docker-containers.ts';
import { dockerIsolators } from '../../../../src/containerizer/isolators/docker-isolators.ts';
import { dockerCapabilities } from '../../../../src/containerizer/plan/docker/docker-capabilities.ts';
import { dockerLine } from '../../../../src/containerizer/plan/docker/docker-command.ts';
import { signalNamed } from '../../../../src/containerizer/plan/docker/docker-signals.ts';
import { planContainer } from '../../../../src/containerizer/plan/plan.ts';
import {
  CapabilityInfo_Capability as Capability,
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  LinuxInfo_IpcMode,
  ContainerInfo_DockerInfo_Network as Network,
  Volume_Mode,
} from '../../../../src/model/generated/messages.ts';
import { config, docker, host, isolators, machine, parts, request, used } from './requests.ts';

const planned = (
  container: ContainerInfo = docker(),
  command: CommandInfo = { shell: false },
  on = host,
) => planContainer(request(container, command), on, isolators);

function planOf(container?: ContainerInfo, command?: CommandInfo) {
  const result = planned(container, command);
  if (result.kind === 'refusal') {
    throw new Error(result.text);
  }
  return result.plan;
}

test('a container is as docker makes it, whatever --isolation says', () => {
  const plan = planOf(docker(), {
    shell: false,
    environment: { variables: [{ name: 'B', value: 'mine' }] },
  });
  expect(plan).toMatchObject({
    program: '/entry',
    arguments: ['/entry', 'usual'],
    ownDirectory: '/srv',
    sandboxInside: '/mnt/mesos/sandbox',
    userInside: { name: 'app', groups: [] },
    stopSignal: 3,
    madeFolders: ['/data', '/var/lib'],
    isFirst: true,
    namespaces: { mount: 'own', pid: 'own', ipc: 'own', network: 'agent', uts: 'agent' },
    noNewPrivileges: false,
  });
  expect(plan.environment).toMatchObject({
    A: 'image',
    B: 'mine',
    MESOS_SANDBOX: '/mnt/mesos/sandbox',
    MESOS_CONTAINER_NAME: 'mesos-c1',
    MESOS_ALLOCATION_ROLE: 'web',
  });
  // The agent's variables are for its own executors.
  expect(plan.environment).not.toHaveProperty('MESOS_SLAVE_ID');
  expect(plan.environment).not.toHaveProperty('MESOS_DIRECTORY');
  expect(plan.mounts.find(({ target }) => target === '/dev/shm')?.options).toContain(
    'size=67108864',
  );
  expect(plan.seccomp?.syscalls.some(({ names }) => names.includes('mount'))).toBe(true);
  expect(plan.cgroups.settings).toContainEqual({
    folder: '/cg/mem/mesos/c1',
    file: 'memory.limit_in_bytes',
    value: String(64 * 2 ** 20),
  });
  expect(plan.cgroups.settings).toContainEqual({
    folder: '/cg/dev/mesos/c1',
    file: 'devices.deny',
    value: 'a *:* rwm',
  });
});

test('no container mounts, or reaches the hypervisor by a socket, unless that is asked for', () => {
  const forbidden = (call: string, parameters: { key: string; value: string }[] = []) =>
    planOf(docker({ parameters })).seccomp?.syscalls.filter(({ names }) => names.includes(call));
  expect(forbidden('open_tree_attr')).toHaveLength(1);
  expect(forbidden('open_tree_attr', [{ key: 'cap-add', value: 'SYS_ADMIN' }])).toEqual([]);
  // AF_VSOCK
  expect(forbidden('socket')).toMatchObject([
    { action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 40, op: 'SCMP_CMP_EQ' }] },
  ]);
});

test('a variable may have any name, those of JavaScript, too', () => {
  const variables = [{ name: 'valueOf', value: 'a' }];
  for (const [own, parameters] of [
    [[...variables, { name: '__proto__', value: 'b' }], []],
    [variables, [{ key: 'env', value: '__proto__=b' }]],
  ] as const) {
    const { environment } = planOf(docker({ parameters: [...parameters] }), {
      shell: false,
      environment: { variables: [...own] },
    });
    expect(Object.entries(environment)).toEqual(
      expect.arrayContaining([
        ['valueOf', 'a'],
        ['__proto__', 'b'],
      ]),
    );
  }
});

test('an executor of the framework has the variables that it speaks with the agent by', () => {
  const { task: _, ...executor } = request(docker(), { shell: true, value: './run' });
  const result = planContainer(executor, host, isolators);
  expect(result).toMatchObject({
    kind: 'plan',
    plan: {
      program: '/bin/sh',
      arguments: ['/bin/sh', '-c', './run'],
      environment: {
        MESOS_SLAVE_ID: 's',
        MESOS_DIRECTORY: '/agent/slaves/s/runs/c1',
        MESOS_SANDBOX: '/mnt/mesos/sandbox',
      },
    },
  });
});

test('one that is privileged has all devices and capabilities, and sees all of /proc and /sys', () => {
  const disk = { path: '/dev/sda', kind: 'block', major: 8, minor: 0, mode: 0o660 } as const;
  const own = dockerContainers({ ...machine, devices: () => [disk] });
  const privileged = isolators.map((it) => (it.name === own.name ? own : it));
  const result = planContainer(
    request(docker({ privileged: true }), { shell: false }),
    host,
    privileged,
  );
  expect(result).toMatchObject({
    plan: { devices: [disk], maskedPaths: [], readonlyPaths: [], seccomp: undefined },
  });
  expect(JSON.stringify(result)).not.toContain('devices.deny');
});

test('volumes are bound where they are wanted, those among the parameters, too', () => {
  const plan = planOf(
    docker(
      { parameters: [{ key: 'volume', value: '/a:/b:ro' }] },
      {
        volumes: [
          { host_path: '/data', container_path: 'rel', mode: Volume_Mode.RW },
          { host_path: 'rel', container_path: '/abs', mode: Volume_Mode.RO },
        ],
      },
    ),
  );
  const wanted = plan.volumeMounts.filter(
    ({ source: { kind } }) => kind === 'asked' || kind === 'sandbox',
  );
  expect(wanted.map(({ source, target, isReadOnly }) => [source, target, isReadOnly])).toEqual([
    [
      { kind: 'sandbox', place: { top: '/agent/slaves/s/runs/c1', below: [] } },
      { top: '/mnt/mesos/sandbox', below: [] },
      false,
    ],
    [
      { kind: 'asked', path: '/data', showsProcesses: true },
      { top: '/mnt/mesos/sandbox', below: ['rel'] },
      false,
    ],
    [{ kind: 'asked', path: '/a', showsProcesses: true }, { top: '/b', below: [] }, true],
    [
      { kind: 'sandbox', place: { top: '/agent/slaves/s/runs/c1', below: ['rel'] } },
      { top: '/abs', below: [] },
      true,
    ],
  ]);
});

test('files of names are copies, but for those that are too long to come with a launch', () => {
  const files = (text: string, key: string) => {
    const own = dockerContainers({ ...machine, text: () => text });
    const container = docker({
      parameters: [{ key, value: key === 'rm' ? 'true' : 'db:10.0.0.7' }],
    });
    const result = planContainer(
      request(container, { shell: false }),
      host,
      isolators.map((it) => (it.name === own.name ? own : it)),
    );
    return result.kind === 'refusal'
      ? result.text
      : result.plan.volumeMounts.map(({ source: { kind } }) => kind);
  };
  expect(files('short', 'rm')).toEqual(['text', 'text', 'text', 'sandbox']);
  expect(files('x'.repeat(65_536), 'rm')).toEqual(['machine', 'text', 'machine', 'sandbox']);
  expect(files('x'.repeat(65_536), 'add-host')).toContain(
    "parameters 'add-host' and 'dns' are not",
  );
});

describe('refused', () => {
  test.each([
    [
      docker({}, { volumes: [{ host_path: 'a', container_path: 'b', mode: Volume_Mode.RW }] }),
      "Failed to create docker run options: Both host_path 'a' and container_path 'b' of a volume are relative",
    ],
    [
      docker({ volume_driver: 'rexray' }),
      "'container.docker.volume_driver' is not supported: there are no volume drivers of Docker",
    ],
    [
      docker({}, { linux_info: { ipc_mode: LinuxInfo_IpcMode.PRIVATE } }),
      "'container.linux_info.ipc_mode' is not supported: a container of type DOCKER has what docker gives to all",
    ],
    [
      docker({}, { mesos: {} }),
      "'container.mesos' is not supported: it is for containers of type MESOS",
    ],
    [
      docker({ parameters: [{ key: 'tmpfs', value: '/mnt' }] }),
      "Failed to create docker run options: parameter 'tmpfs' at '/mnt' would hide what is at '/mnt/mesos/sandbox'",
    ],
    [
      docker({ network: Network.BRIDGE, port_mappings: [{ host_port: 1, container_port: 2 }] }),
      'Failed to create docker run options: Port mappings require port resources',
    ],
  ])('what a container cannot have: %j', (container, text) => {
    expect(planned(container)).toMatchObject({
      kind: 'refusal',
      text: expect.stringContaining(text),
    });
  });

  test.each(['/dev/fd', '/dev/fd/9', '/dev/stdin', '/dev/core', '/dev/pts'])(
    'the volume %s, which is somewhere else or of others',
    (path) => {
      const volume = { host_path: path, container_path: '/dev/own', mode: Volume_Mode.RW };
      expect(planned(docker({}, { volumes: [volume] }))).toMatchObject({
        kind: 'refusal',
        text: expect.stringContaining(
          "'/dev/own' of a volume ('container.volumes.container_path')",
        ),
      });
    },
  );

  test.each([
    docker({}, { volumes: [{ host_path: '/d', container_path: '/in', mode: Volume_Mode.RO }] }),
    docker({ parameters: [{ key: 'volume', value: '/d:/in:ro' }] }),
    docker(
      {},
      { volumes: [{ host_path: '/dev/log', container_path: '/dev/log', mode: Volume_Mode.RW }] },
    ),
  ])('files of the host by an agent with bounds, but to root: %j', (container) => {
    const allowed = { capabilities: [Capability.CHOWN] };
    const bounded = { ...parts, capabilities: { ...parts.capabilities, bounding: allowed } };
    const plannedFor = (user: string) =>
      planContainer(
        { ...request(container, { shell: false }), user },
        host,
        dockerIsolators(used, bounded),
      );
    expect(plannedFor('ann')).toMatchObject({
      kind: 'refusal',
      text: expect.stringMatching(
        /volume '.*' of the host is not allowed for 'ann': the agent has/,
      ),
    });
    expect(plannedFor('root').kind).toBe('plan');
  });

  test("the machine's IPC and processes by volumes, as where they are asked for by name", () => {
    const options = {
      ...parts.options,
      isPidSharingAllowed: false,
      ipc: { isSharingAllowed: false, shmBytes: undefined },
    };
    const own = dockerIsolators(used, { ...parts, options });
    const volume = (path: string, target: string) => [
      { host_path: path, container_path: target, mode: Volume_Mode.RW },
    ];
    const plannedWith = (volumes: NonNullable<ContainerInfo['volumes']>) =>
      planContainer(request(docker({}, { volumes }), { shell: false }), host, own);
    for (const path of ['/dev/shm', '/dev/./shm/', '/dev/shm/x']) {
      for (const target of ['/dev/shm', '/in']) {
        expect(plannedWith(volume(path, target))).toMatchObject({ kind: 'refusal' });
      }
    }
    expect(plannedWith(volume('/dev/shm', '/in'))).toMatchObject({
      text: expect.stringContaining('--disallow_sharing_agent_ipc_namespace'),
    });
    expect(JSON.stringify(plannedWith(volume('/proc', '/in')))).not.toContain('showsProcesses');
  });

  test('a container of either type, by an agent that has only the other', () => {
    const text = 'Abnormal executor termination: unknown container';
    const only = (name: 'docker' | 'mesos') => ({ ...host, containerizers: [name] });
    expect(planned(docker(), {}, only('mesos'))).toMatchObject({ kind: 'refusal', text });
    expect(planned({ type: ContainerInfo_Type.MESOS }, {}, only('docker'))).toMatchObject({ text });
    expect(planned(docker(), { shell: false }, only('docker')).kind).toBe('plan');
  });

  test('the machine that cannot have them, with what it lacks', () => {
    const without = (more: object) => () =>
      dockerIsolators(used, { ...parts, host: { ...parts.host, ...more } });
    expect(without({ isRoot: false })).toThrow(
      '--containerizers=docker needs an agent that runs as root',
    );
    const missing = new Map([['memory', 'it is not mounted']]);
    expect(without({ cgroups: { ...parts.host.cgroups, missing } })).toThrow(
      '--containerizers=docker needs the cgroup controller memory: it is not mounted',
    );
  });
});

test.each<[CommandInfo, string | undefined, string[]]>([
  [{ value: 'a b' }, undefined, ['/bin/sh', '-c', 'a b']],
  [{ shell: false }, undefined, ['/entry', 'usual']],
  [{ shell: false, arguments: ['x'] }, undefined, ['/entry', 'x']],
  [{ shell: false, value: 'v', arguments: ['x'] }, undefined, ['/entry', 'v', 'x']],
  [{ shell: false }, '/own', ['/own']],
  [{ shell: false, value: 'v' }, '/own', ['/own', 'v']],
  [{ shell: false, value: 'v' }, '', ['v']],
])('the command %j with entrypoint %s is %j', (command, entrypoint, words) => {
  expect(dockerLine(command, { entrypoint }, config)).toEqual({
    program: words[0],
    arguments: words,
  });
});

test('a command that says nothing is refused where the image says nothing', () => {
  const empty = { entrypoint: [], command: [] };
  expect(() => dockerLine({ shell: false }, { entrypoint: undefined }, empty)).toThrow(
    'No command specified, and the image has none',
  );
  expect(() => dockerLine({}, { entrypoint: undefined }, config)).toThrow(
    'Shell specified but no command value provided',
  );
  expect(() => dockerLine({ value: 'x' }, { entrypoint: '/own' }, config)).toThrow(
    "parameter 'entrypoint' is not supported for a command with 'shell'",
  );
});

test('capabilities are docker’s with what is added and dropped, within the operator’s bound', () => {
  const usual = { isPrivileged: false, added: [], dropped: [] };
  const names = (asked: Parameters<typeof dockerCapabilities>[0], bound?: Capability[]) =>
    [...dockerCapabilities(asked, bound && { capabilities: bound }).bounding].sort();
  expect(names(usual)).toHaveLength(14);
  expect(names({ ...usual, added: ['SYS_TIME'], dropped: ['ALL'] })).toEqual(['SYS_TIME']);
  expect(names({ ...usual, added: ['ALL'], dropped: ['SYS_ADMIN'] })).toHaveLength(
    names({ ...usual, isPrivileged: true }).length - 1,
  );
  expect(names(usual, [Capability.CHOWN, Capability.SYS_TIME])).toEqual(['CHOWN']);
  expect(() => names({ ...usual, added: ['SYS_ADMIN'] }, [Capability.CHOWN])).toThrow(
    "parameter 'cap-add' asks for SYS_ADMIN, which --bounding_capabilities of the agent does not allow",
  );
  expect(() => names({ ...usual, isPrivileged: true }, [Capability.CHOWN])).toThrow(
    "'container.docker.privileged' is not allowed: the agent has --bounding_capabilities",
  );
});

test.each([
  ['SIGTERM', 15],
  ['term', 15],
  ['3', 3],
  ['RTMIN+3', 37],
  ['SIGRTMAX-1', 63],
  ['SIGNONE', undefined],
  ['0', undefined],
  ['RTMIN+99', undefined],
])('the signal %s is %s', (text, number) => {
  expect(signalNamed(text)).toBe(number);
});
