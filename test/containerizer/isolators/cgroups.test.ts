// What isolators of cgroups write, as values: without cgroups, and without root.
import { expect, test } from 'vitest';
import {
  type CgroupOptions,
  DEFAULT_CGROUP_OPTIONS,
} from '../../../src/containerizer/isolators/cgroup-options.ts';
import {
  throttlingFigures,
  unifiedFigures,
} from '../../../src/containerizer/isolators/cgroups-blkio.ts';
import {
  createIsolators,
  type IsolatorOptions,
} from '../../../src/containerizer/isolators/isolators.ts';
import { NetClassHandles } from '../../../src/containerizer/isolators/net-class-handles.ts';
import type { CgroupHierarchy } from '../../../src/containerizer/plan/cgroup-plan.ts';
import { planContainer } from '../../../src/containerizer/plan/plan.ts';
import type { ContainerRequest } from '../../../src/containerizer/plan/request.ts';
import { childOf } from '../../../src/model/container-id.ts';
import {
  ContainerInfo_Type,
  CgroupInfo_Blkio_Operation as Operation,
  type TaskInfo,
} from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { executorLimits } from '../../../src/model/resource-limits.ts';
import { cpus, mem } from '../../core/resources.ts';
import { isolatorParts } from './parts.ts';

const NAMES = ['freezer', 'memory', 'cpu', 'cpuacct', 'devices', 'net_cls'];
const v1: readonly CgroupHierarchy[] = NAMES.map((name) => ({
  version: 1,
  root: `/cg/${name}`,
  controllers: [name],
}));
const v2: readonly CgroupHierarchy[] = [
  { version: 2, root: '/cg', controllers: ['cpu', 'cpuacct', 'memory'] },
];
const MB = 1024 * 1024;

const basic: ContainerRequest = {
  id: containerId('c1'),
  kind: 'executor',
  sandbox: 'c1',
  environment: {},
  command: { value: 'true' },
  resources: [cpus(0.2), mem(64)],
  isBound: false,
  executor: { executor_id: { value: 'e' } },
};

type Options = Partial<CgroupOptions> & Pick<IsolatorOptions, 'devices'>;

function isolatorsFor(
  isolation: readonly string[],
  { devices, ...options }: Options,
  missing: ReadonlyMap<string, string> = new Map(),
) {
  return createIsolators(isolation, {
    ...isolatorParts,
    host: { ...isolatorParts.host, cgroups: { hierarchies: v1, missing, own: new Map() } },
    options: { devices, cgroups: { ...DEFAULT_CGROUP_OPTIONS, ...options } },
  });
}

interface Asked extends Partial<ContainerRequest> {
  readonly isolation: readonly string[];
  readonly options?: Options;
  readonly hierarchies?: readonly CgroupHierarchy[];
}

/** `FILE=VALUE` by file, in the order in which they are written. */
function written({ isolation, options = {}, hierarchies = v1, ...request }: Asked): string[] {
  const planned = planContainer(
    { ...basic, ...request },
    { workDirectory: '/agent', cgroups: hierarchies },
    isolatorsFor(isolation, options),
  );
  return planned.kind === 'plan'
    ? planned.plan.cgroups.settings.map(({ file, value }) => `${file}=${value}`)
    : expect.fail(planned.text);
}

/** The same, when the resources of a running container have changed; `^`: only if it is more. */
function changed(asked: Asked): string[] {
  const { isolation, options = {}, hierarchies = v1 } = asked;
  const bounds = { ...basic, ...asked };
  const host = { workDirectory: '/agent', cgroups: hierarchies };
  return isolatorsFor(isolation, options).flatMap((isolator) =>
    (isolator.settings?.(basic.id, bounds, host) ?? []).map(
      ({ file, value, isRaised }) => `${file}${isRaised ? '^' : ''}=${value}`,
    ),
  );
}

const revocable = [{ ...cpus(2), revocable: {} }];

test.each<[what: string, asked: Omit<Asked, 'isolation'>, settings: string[]]>([
  [
    'a weight, and no limit',
    {},
    ['cpu.shares=204', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=-1'],
  ],
  [
    'a limit that is the request where the operator wants that',
    { options: { isQuotaEnabled: true }, resources: [cpus(0.9)] },
    ['cpu.shares=921', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=90000'],
  ],
  [
    'a limit that was asked for',
    { limits: { cpus: { value: 1.1 } } },
    ['cpu.shares=204', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=110000'],
  ],
  [
    'none where it was asked for none',
    { options: { isQuotaEnabled: true }, limits: { cpus: { value: Number.POSITIVE_INFINITY } } },
    ['cpu.shares=204', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=-1'],
  ],
  [
    'at least what the kernel takes',
    { options: { isQuotaEnabled: true }, resources: [cpus(0.001)] },
    ['cpu.shares=2', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=1000'],
  ],
  [
    'next to nothing on revocable CPUs',
    { resources: revocable },
    ['cpu.shares=20', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=-1'],
  ],
  [
    'as much as on others, where the operator wants that',
    { resources: revocable, options: { isRevocableLow: false } },
    ['cpu.shares=2048', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=-1'],
  ],
  ['v2: a weight', { hierarchies: v2 }, ['cpu.weight=20', 'cpu.max=max 100000']],
  [
    'v2: a limit',
    { hierarchies: v2, limits: { cpus: { value: 0.5 } }, resources: [cpus(200)] },
    ['cpu.weight=10000', 'cpu.max=50000 100000'],
  ],
  [
    'v2: next to nothing on revocable CPUs',
    { hierarchies: v2, resources: revocable },
    ['cpu.weight=2', 'cpu.max=max 100000'],
  ],
])('cgroups/cpu: %s', (_, asked, settings) => {
  expect(written({ ...asked, isolation: ['cgroups/cpu'] })).toEqual(settings);
  expect(changed({ ...asked, isolation: ['cgroups/cpu'] })).toEqual(settings);
});

const SOFT = 'memory.soft_limit_in_bytes';
const HARD = 'memory.limit_in_bytes';
const SWAP = 'memory.memsw.limit_in_bytes';

test.each<[what: string, asked: Omit<Asked, 'isolation'>, begin: string[], change: string[]]>([
  [
    'the request is the limit',
    {},
    [`${SOFT}=${64 * MB}`, `${HARD}=${64 * MB}`],
    [`${SOFT}=${64 * MB}`, `${HARD}^=${64 * MB}`],
  ],
  [
    'at least 32 MB',
    { resources: [mem(1)] },
    [`${SOFT}=${32 * MB}`, `${HARD}=${32 * MB}`],
    [`${SOFT}=${32 * MB}`, `${HARD}^=${32 * MB}`],
  ],
  [
    'a limit above the request; with swap the order is that in which the kernel takes it',
    { limits: { mem: { value: 160 } }, options: { isSwapLimited: true } },
    [`${SOFT}=${64 * MB}`, `${HARD}=${160 * MB}`, `${SWAP}=${160 * MB}`],
    [`${SOFT}=${64 * MB}`, `${SWAP}^=${160 * MB}`, `${HARD}^=${160 * MB}`],
  ],
  [
    'no limit',
    { limits: { mem: { value: Number.POSITIVE_INFINITY } } },
    [`${SOFT}=${64 * MB}`, `${HARD}=-1`],
    [`${SOFT}=${64 * MB}`, `${HARD}^=-1`],
  ],
  [
    'v2',
    { hierarchies: v2, limits: { mem: { value: 160 } }, options: { isSwapLimited: true } },
    [`memory.low=${64 * MB}`, `memory.max=${160 * MB}`, 'memory.oom.group=1', 'memory.swap.max=0'],
    [`memory.low=${64 * MB}`, `memory.max^=${160 * MB}`],
  ],
  [
    'v2: no limit',
    { hierarchies: v2, limits: { mem: { value: Number.POSITIVE_INFINITY } } },
    [`memory.low=${64 * MB}`, 'memory.max=max', 'memory.oom.group=1'],
    [`memory.low=${64 * MB}`, 'memory.max^=max'],
  ],
])('cgroups/mem: %s', (_, asked, begin, change) => {
  expect(written({ ...asked, isolation: ['cgroups/mem'] })).toEqual(begin);
  expect(changed({ ...asked, isolation: ['cgroups/mem'] })).toEqual(change);
});

test('cgroups/devices: everything is denied, and then the usual devices and others allowed', () => {
  const access = { read: true, write: true, mknod: false };
  const devices = [
    { path: '/dev/fuse', kind: 'character', major: 10, minor: 229, access },
  ] as const;
  const options = { devices };
  const [first, ...allowed] = written({ isolation: ['cgroups/devices'], options });
  expect(first).toBe('devices.deny=a *:* rwm');
  expect(allowed).toHaveLength(15);
  expect(allowed[0]).toBe('devices.allow=c *:* m');
  expect(allowed.at(-1)).toBe('devices.allow=c 10:229 rw');
});

test('cgroups/devices: in v2 the rules are those of a program in the kernel', () => {
  const hierarchies = [{ version: 2 as const, root: '/cg', controllers: ['devices'] }];
  const access = { read: true, write: false, mknod: false };
  const devices = [{ path: '/dev/sda', kind: 'block', major: 8, minor: 0, access }] as const;
  const planned = planContainer(
    basic,
    { workDirectory: '/agent', cgroups: hierarchies },
    isolatorsFor(['cgroups/devices'], { devices }),
  );
  expect(planned).toMatchObject({
    plan: {
      cgroups: {
        settings: [],
        devices: { folder: '/cg/c1', rules: expect.arrayContaining(['c 1:3 rwm', 'b 8:0 r']) },
      },
    },
  });
});

test('a container nested in another one has settings only where it shares no cgroups', () => {
  const id = childOf(basic.id, 'task');
  const task = (share?: boolean): TaskInfo => ({
    name: 't',
    task_id: { value: 't' },
    agent_id: { value: 'a' },
    container: {
      type: ContainerInfo_Type.MESOS,
      ...(share !== undefined && { linux_info: { share_cgroups: share } }),
    },
  });
  const isolation = ['cgroups/mem'];
  expect(written({ isolation, id, task: task() })).toEqual([]);
  expect(written({ isolation, id, task: task(true) })).toEqual([]);
  expect(written({ isolation, id, task: task(false) })).toHaveLength(2);
  const twice = { ...basic, id: childOf(id, 'below'), task: task(false) };
  const host = { workDirectory: '/agent', cgroups: v1 };
  expect(planContainer(twice, host, [])).toMatchObject({
    kind: 'refusal',
    text: expect.stringContaining('nested twice'),
  });
});

test('cgroups/net_cls: each container has a class, the same whenever it is planned', () => {
  const options = { netClasses: { primary: 0x12, firstSecondary: 1, lastSecondary: 2 } };
  const isolators = isolatorsFor(['cgroups/net_cls'], options);
  const host = { workDirectory: '/agent', cgroups: v1 };
  const classOf = (id: string) => {
    const planned = planContainer({ ...basic, id: containerId(id) }, host, isolators);
    return planned.kind === 'plan' ? planned.plan.cgroups.settings[0]?.value : planned.text;
  };
  expect([classOf('one'), classOf('one'), classOf('two')]).toEqual([
    String(0x120001),
    String(0x120001),
    String(0x120002),
  ]);
  expect(classOf('three')).toBe('No network class is left: all 2 of 0x0012 are in use');
  for (const isolator of isolators) {
    isolator.cleanup?.(containerId('one'));
  }
  expect(classOf('three')).toBe(String(0x120001));
  expect(written({ isolation: ['cgroups/net_cls'] })).toEqual([]);
});

test('the class of a container of an earlier agent is given to no other', () => {
  const handles = new NetClassHandles({ primary: 1, firstSecondary: 1, lastSecondary: 3 });
  handles.adopt(containerId('old'), 0x10001);
  handles.adopt(containerId('another operator’s'), 0x20002);
  handles.adopt(containerId('out of range'), 0x10004);
  expect(handles.take(containerId('a'))).toBe(0x10002);
  expect(handles.take(containerId('b'))).toBe(0x10003);
  expect(() => handles.take(containerId('c'))).toThrow('No network class is left');
  handles.release(containerId('old'));
  expect(handles.take(containerId('c'))).toBe(0x10001);
});

test('an isolator whose controller the machine lacks is refused, and not one of all', () => {
  const missing = new Map([['net_cls', 'it is not mounted']]);
  expect(() => isolatorsFor(['cgroups/net_cls'], {}, missing)).toThrow(
    '--isolation: cgroups/net_cls needs the cgroup controller net_cls: it is not mounted',
  );
  const names = isolatorsFor(['cgroups/all'], {}, missing).map(({ name }) => name);
  expect(names).toContain('cgroups/mem');
  expect(names).not.toContain('cgroups/net_cls');
});

test.each<[isolator: string, options: Partial<CgroupOptions>, file: string]>([
  ['cgroups/mem', { isSwapLimited: true }, 'memory.memsw.limit_in_bytes'],
  ['cgroups/cpu', { isQuotaEnabled: true }, 'cpu.cfs_quota_us'],
])('%s is refused with %o on a kernel without %s', (isolator, options, file) => {
  const missing = new Map([[file, 'this kernel has none']]);
  expect(() => isolatorsFor([isolator], options, missing)).toThrow(
    `needs ${file}: this kernel has none`,
  );
  expect(() => isolatorsFor([isolator], {}, missing)).not.toThrow();
});

test('the container of an executor has the limits of its tasks, and what others request', () => {
  const executor = [cpus(0.1), mem(32)];
  const one = { resources: [cpus(1), mem(64)], limits: { cpus: { value: 2 } } };
  const other = { resources: [cpus(0.5), mem(64)] };
  expect(executorLimits(executor, [other])).toBeUndefined();
  expect(executorLimits(executor, [one, other])).toEqual({ cpus: { value: 2.6 } });
  const endless = { ...other, limits: { mem: { value: Number.POSITIVE_INFINITY } } };
  expect(executorLimits(executor, [one, endless])).toEqual({
    cpus: { value: 2.6 },
    mem: { value: Number.POSITIVE_INFINITY },
  });
});

test('figures of block devices are by device, with those of all devices last', () => {
  const serviced = '8:0 Read 3\n8:0 Total 3\nTotal 3\n';
  const bytes = '8:0 Read 12288\n8:0 Total 12288\nTotal 12288\n';
  expect(throttlingFigures(serviced, bytes)).toEqual([
    {
      device: { major_number: 8, minor_number: 0 },
      io_serviced: [
        { op: Operation.READ, value: 3 },
        { op: Operation.TOTAL, value: 3 },
      ],
      io_service_bytes: [
        { op: Operation.READ, value: 12288 },
        { op: Operation.TOTAL, value: 12288 },
      ],
    },
    {
      io_serviced: [{ op: Operation.TOTAL, value: 3 }],
      io_service_bytes: [{ op: Operation.TOTAL, value: 12288 }],
    },
  ]);
  const line = '8:0 rbytes=12288 wbytes=4096 rios=3 wios=1 dbytes=0 dios=0\n';
  expect(unifiedFigures(line).at(-1)).toEqual({
    io_serviced: [{ op: Operation.TOTAL, value: 4 }],
    io_service_bytes: [{ op: Operation.TOTAL, value: 16384 }],
  });
  expect(unifiedFigures(line)[0]?.io_serviced).toEqual([
    { op: Operation.READ, value: 3 },
    { op: Operation.WRITE, value: 1 },
    { op: Operation.TOTAL, value: 4 },
  ]);
});

test('what the operator asks of a controller is an error where the machine lacks that', () => {
  const perf = { events: ['cycles'], intervalMs: 2, durationMs: 1 };
  const missing = new Map([['perf_event', 'not mounted']]);
  expect(isolatorsFor(['cgroups/all'], {}, missing).map(({ name }) => name)).toContain(
    'cgroups/pids',
  );
  expect(() => isolatorsFor(['cgroups/all'], { perf }, missing)).toThrow(
    '--perf_events needs the cgroup controller perf_event: not mounted',
  );
});
