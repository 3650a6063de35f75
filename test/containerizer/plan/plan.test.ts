// The plan for a request, shown whole, without a container.
import { expect, test } from 'vitest';
import { createIsolators } from '../../../src/containerizer/isolators/isolators.ts';
import { posixRlimits } from '../../../src/containerizer/isolators/posix-rlimits.ts';
import { type PlanHost, planContainer } from '../../../src/containerizer/plan/plan.ts';
import type { ContainerRequest } from '../../../src/containerizer/plan/request.ts';
import {
  ContainerInfo_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  RLimitInfo_RLimit_Type,
  TaskStatus_Reason,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { cpus, disk, mem } from '../../core/resources.ts';
import { isolatorParts } from '../isolators/parts.ts';

const host: PlanHost = {
  workDirectory: '/agent',
  cgroups: [
    { version: 1, root: '/cg/freezer/mesos', controllers: ['freezer'] },
    { version: 1, root: '/cg/cpu/mesos', controllers: ['cpu', 'cpuacct'] },
  ],
};
const isolators = createIsolators(['posix/cpu', 'posix/mem'], isolatorParts);

const volume: Resource = {
  ...disk(64),
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit' }],
  disk: {
    persistence: { id: 'v1' },
    volume: { container_path: 'data', mode: Volume_Mode.RW },
  },
};

const request: ContainerRequest = {
  id: containerId('c1'),
  kind: 'executor',
  sandbox: 'slaves/s/runs/c1',
  user: 'ann',
  environment: { LIBPROCESS_IP: '10.0.0.1' },
  command: {
    value: 'echo hello',
    environment: { variables: [{ name: 'LIBPROCESS_IP', value: 'mine' }] },
    uris: [{ value: 'http://127.0.0.1/file' }],
  },
  resources: [cpus(0.5), cpus(2), mem(32), volume],
  isBound: false,
  executor: { executor_id: { value: 'e' } },
};

const planned = (change: Partial<ContainerRequest> = {}) =>
  planContainer({ ...request, ...change }, host, isolators);

test('a plan has everything that the container becomes', () => {
  expect(planned()).toEqual({
    kind: 'plan',
    plan: {
      id: 'c1',
      sandbox: '/agent/slaves/s/runs/c1',
      sandboxInside: '/agent/slaves/s/runs/c1',
      directory: '/agent/slaves/s/runs/c1',
      program: '/bin/sh',
      arguments: ['sh', '-c', 'echo hello'],
      environment: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        MESOS_SANDBOX: '/agent/slaves/s/runs/c1',
        MESOS_DIRECTORY: '/agent/slaves/s/runs/c1',
        LIBPROCESS_IP: 'mine',
      },
      user: 'ann',
      userInside: undefined,
      runsAs: undefined,
      madeFolders: [],
      stopSignal: undefined,
      isFirst: false,
      isBound: false,
      cgroups: {
        own: ['/cg/freezer/mesos/c1', '/cg/cpu/mesos/c1'],
        joined: ['/cg/freezer/mesos/c1', '/cg/cpu/mesos/c1'],
        settings: [{ folder: '/cg/cpu/mesos/c1', file: 'cpu.shares', value: '2560' }],
      },
      oomScoreAdj: 0,
      rlimits: [],
      capabilities: undefined,
      noNewPrivileges: false,
      namespaces: { mount: 'agent', pid: 'agent', ipc: 'agent', network: 'agent', uts: 'agent' },
      networkNamespace: undefined,
      hostname: undefined,
      rootfs: undefined,
      isRootReadOnly: false,
      mounts: [],
      cgroupViews: [],
      devices: [],
      seccomp: undefined,
      maskedPaths: [],
      readonlyPaths: [],
      volumes: new Map([
        [
          'data',
          {
            target: '/agent/volumes/roles/kit/v1',
            kind: 'folder',
            isShared: false,
            access: 'link',
            isReadOnly: false,
          },
        ],
      ]),
      parentLinks: [],
      sandboxFolders: [],
      parentVolumes: [],
      io: { kind: 'files' },
      rotated: undefined,
      diskQuotas: [],
      network: undefined,
      ports: [],
      volumeMounts: [],
      uris: [{ value: 'http://127.0.0.1/file' }],
    },
  });
});

test('a container without CPUs of its own has the least weight that the kernel knows', () => {
  expect(planned({ resources: [] })).toMatchObject({
    plan: { cgroups: { settings: [{ file: 'cpu.shares', value: '2' }] }, volumes: new Map() },
  });
});

const failing = (why: string) => ({
  kind: 'plan',
  plan: {
    program: '/bin/sh',
    arguments: ['sh', '-c', 'echo "$0" >&2; exit 1', why],
    rlimits: [],
  },
});

test.each(['task', 'nested', 'standalone', 'debug'] as const)(
  'in a container of kind %s, what Mesos’s launcher refuses is a process that fails',
  (kind) => {
    const { executor: _, ...others } = request;
    const of = (change: Partial<ContainerRequest>) =>
      planContainer({ ...others, kind, resources: [], ...change }, host, [posixRlimits(new Map())]);
    expect(of({ command: undefined })).toMatchObject(failing('Shell command is not specified'));
    expect(of({ command: { shell: false } })).toMatchObject(failing('Executable is not specified'));
    const rlimits = [{ type: RLimitInfo_RLimit_Type.RLMT_CORE, soft: 2, hard: 1 }];
    const container = { type: ContainerInfo_Type.MESOS, rlimit_info: { rlimits } };
    const why = "RLMT_CORE has a 'soft' of 2, which is above its 'hard' of 1";
    expect(of({ container })).toMatchObject(failing(`'container.rlimit_info.rlimits': ${why}`));
  },
);

test('a command’s own variables win over the agent’s, and not over what its executor tells', () => {
  const environment = { A: 'agent', B: 'agent' };
  const taskEnvironment = { C: 'executor' };
  const named = ['B', 'C'].map((name) => ({ name, value: 'own' }));
  const command = { value: 'true', environment: { variables: named } };
  expect(planned({ environment, taskEnvironment, command })).toMatchObject({
    plan: { environment: { A: 'agent', B: 'own', C: 'executor' } },
  });
});

test('a container of Docker is refused with the reason that Mesos gives', () => {
  const container = { type: ContainerInfo_Type.DOCKER };
  expect(planned({ executor: { executor_id: { value: 'e' }, container } })).toEqual({
    kind: 'refusal',
    text: 'Abnormal executor termination: unknown container',
    reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
    cause: "'container.type' is DOCKER, and this agent has --containerizers=mesos",
  });
});

test.each<[what: string, change: Partial<ContainerRequest>, text: RegExp]>([
  ['no command', { command: undefined }, /^There is no command to launch$/],
  ['a command without value', { command: {} }, /^Shell command is not specified$/],
  [
    'a variable without name',
    { environment: { '': 'x' } },
    /^Environment variable '' is not valid/,
  ],
  [
    'a volume closed to writing',
    {
      resources: [
        {
          ...volume,
          disk: {
            persistence: { id: 'v1' },
            volume: { container_path: 'data', mode: Volume_Mode.RO },
          },
        },
      ],
    },
    /^'resources.disk.volume.mode' is not supported/,
  ],
  [
    'two volumes under one name',
    { resources: [volume, { ...volume, disk: { ...volume.disk, persistence: { id: 'v2' } } }] },
    /have the same container path 'data'$/,
  ],
])('%s is refused before anything is made', (_, change, text) => {
  expect(planned(change)).toMatchObject({
    kind: 'refusal',
    text: expect.stringMatching(text),
  });
});

test('what is no refusal is not taken for one', () => {
  const broken = { name: 'broken', contribute: () => expect.fail('a bug') };
  expect(() => planContainer(request, host, [broken])).toThrow('a bug');
});

test('a nested container is in the cgroups that the one above has by its record', () => {
  const above = ['/cg/freezer/other/c1', '/cg/cpu/other/c1'];
  const nested = (share_cgroups: boolean) =>
    planContainer(
      {
        ...request,
        id: containerId('c1.n'),
        kind: 'nested',
        executor: undefined,
        container: { type: ContainerInfo_Type.MESOS, linux_info: { share_cgroups } },
      },
      { ...host, parentCgroups: { own: above, joined: above } },
      isolators,
    );
  expect(nested(true)).toMatchObject({
    plan: {
      cgroups: {
        own: ['/cg/freezer/other/c1/mesos/n'],
        joined: ['/cg/freezer/other/c1/mesos/n', '/cg/cpu/other/c1'],
        settings: [],
      },
    },
  });
  expect(nested(false)).toMatchObject({
    kind: 'refusal',
    text: expect.stringMatching(/^'linux_info.share_cgroups' cannot be false in container c1: /),
  });
});
