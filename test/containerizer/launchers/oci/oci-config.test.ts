// The configuration for an OCI runtime, shown whole, without a runtime.
import { expect, test } from 'vitest';
import {
  besideProcess,
  type OciConfig,
  type OciHost,
  ociConfig,
  ociText,
} from '../../../../src/containerizer/launchers/oci/oci-config.ts';
import { planContainer } from '../../../../src/containerizer/plan/plan.ts';
import { containerId } from '../../../../src/model/ids.ts';

const host: OciHost = {
  identity: { uid: 1000, gid: 100, groups: [100, 4] },
  rootfs: '/run/c1/rootfs',
  agent: {
    uid: 0,
    gid: 0,
    bounding: new Set(['CHOWN', 'KILL', 'NET_RAW']),
    permitted: new Set(['CHOWN', 'KILL']),
  },
  parent: { pid: '/proc/77/ns/pid' },
  way: { entered: '/agent/sandbox/containers', below: 'c2' },
  cgroups: '/run/c1/cgroups',
  carried: [],
  annotations: { runtime: 'crun' },
};

const planned = planContainer(
  {
    id: containerId('c1'),
    kind: 'executor',
    sandbox: 'sandbox',
    environment: {},
    command: { value: '/bin/prog', shell: false, arguments: ['prog', '-x'] },
    resources: [],
    isBound: false,
    executor: { executor_id: { value: 'e' } },
  },
  { workDirectory: '/agent', cgroups: [] },
  [],
);
if (planned.kind !== 'plan') {
  throw new Error(planned.text);
}
const plan = planned.plan;

test('a configuration has everything that the runtime does', () => {
  const config = ociConfig(
    {
      ...plan,
      namespaces: { ...plan.namespaces, mount: 'own', pid: 'own', ipc: 'own' },
      mounts: [{ source: 'shm', target: '/dev/shm', type: 'tmpfs', options: ['size=16m'] }],
      devices: [
        { path: '/dev/null', kind: 'character', major: 1, minor: 3, mode: 0o666 },
        { path: '/dev/disk', kind: 'block', major: 8, minor: 0, mode: 0o660 },
      ],
      rlimits: [{ name: 'NOFILE', soft: 10, hard: 'unlimited' }],
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW', architectures: [], syscalls: [] },
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
      noNewPrivileges: true,
      oomScoreAdj: 700,
    },
    host,
  );
  const bounding = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'];
  const none = { permitted: [], effective: [], inheritable: [], ambient: [] };
  expect(config).toEqual({
    ociVersion: '1.0.2',
    annotations: { runtime: 'crun' },
    root: { path: '/run/c1/rootfs' },
    process: {
      terminal: false,
      user: { uid: 1000, gid: 100, additionalGids: [100, 4] },
      args: ['/proc/self/fd/3', 'init', 'c2', '/bin/prog', 'prog', '-x'],
      env: [],
      cwd: '/agent/sandbox/containers',
      capabilities: { bounding, ...none },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: Number.POSITIVE_INFINITY }],
      noNewPrivileges: true,
      oomScoreAdj: 700,
    },
    mounts: [
      // The machine's devices: a runtime must not make its own there.
      { source: '/dev', destination: '/dev', type: 'bind', options: ['rbind', 'rslave'] },
      { source: 'shm', destination: '/dev/shm', type: 'tmpfs', options: ['size=16m'] },
    ],
    linux: {
      namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'ipc' }],
      rootfsPropagation: 'rslave',
      devices: [
        { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
        { path: '/dev/disk', type: 'b', major: 8, minor: 0, fileMode: 0o660, uid: 0, gid: 0 },
      ],
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW', architectures: [], syscalls: [] },
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
    },
  });
  expect(ociText(config)).toContain('"hard":18446744073709551615}');
});

test('without own process ids the command is the first process; namespaces are joined', () => {
  const namespaces = { ...plan.namespaces, mount: 'own', pid: 'parent', ipc: 'parent' } as const;
  const { process, linux } = ociConfig({ ...plan, namespaces }, host);
  expect(process.args.slice(0, 2)).toEqual(['/proc/self/fd/3', 'exec']);
  // The parent shares the agent's IPC.
  expect(linux).toEqual({
    namespaces: [{ type: 'mount' }, { type: 'pid', path: '/proc/77/ns/pid' }],
    rootfsPropagation: 'rslave',
  });
});

test('a network of its own is a new one, or that which was made for it', () => {
  const networkOf = (network: 'agent' | 'own' | 'parent', networkNamespace?: string) =>
    ociConfig(
      { ...plan, namespaces: { ...plan.namespaces, network }, networkNamespace },
      { ...host, parent: { network: '/run/c1/ns/network' } },
    ).linux.namespaces;
  expect(networkOf('own')).toEqual([{ type: 'network' }]);
  expect(networkOf('own', '/run/networks/c1/ns')).toEqual([
    { type: 'network', path: '/run/networks/c1/ns' },
  ]);
  expect(networkOf('parent')).toEqual([{ type: 'network', path: '/run/c1/ns/network' }]);
  expect(networkOf('agent')).toEqual([]);
});

test('an agent that is not root gives its user a namespace, or that of the parent', () => {
  const agent = { ...host.agent, uid: 1000, gid: 100, permitted: new Set<never>() };
  // The runtime is root of the one above it.
  const mappings = {
    uidMappings: [{ containerID: 1000, hostID: 0, size: 1 }],
    gidMappings: [{ containerID: 100, hostID: 0, size: 1 }],
  };
  const rootless = { ...host, agent, identity: undefined };
  const { process, linux } = ociConfig(
    { ...plan, namespaces: { ...plan.namespaces, mount: 'own', pid: 'own', ipc: 'own' } },
    rootless,
  );
  const { user, capabilities } = process;
  expect({ user, effective: capabilities.effective }).toEqual({
    user: { uid: 1000, gid: 100 },
    effective: [],
  });
  expect(linux).toEqual({
    namespaces: [{ type: 'user' }, { type: 'mount' }, { type: 'pid' }, { type: 'ipc' }],
    ...mappings,
    rootfsPropagation: 'rslave',
  });
  const nested = ociConfig(
    { ...plan, namespaces: { ...plan.namespaces, mount: 'own', pid: 'parent', ipc: 'own' } },
    { ...rootless, parent: { user: '/run/c1/ns/user', pid: '/run/c1/ns/pid' } },
  );
  expect(nested.linux).toEqual({
    namespaces: [
      { type: 'user', path: '/run/c1/ns/user' },
      { type: 'mount' },
      { type: 'pid', path: '/run/c1/ns/pid' },
      { type: 'ipc' },
    ],
    ...mappings,
    rootfsPropagation: 'rslave',
  });
});

const sets = (change: Partial<typeof plan>, identity: OciHost['identity']) =>
  ociConfig({ ...plan, ...change }, { ...host, identity }).process.capabilities;

test('files of others are for reading only, whatever the runtime makes of their mount', () => {
  const root = (isReadOnly: boolean) =>
    ociConfig({ ...plan, rootfs: { kind: 'folder', path: '/layer', isReadOnly } }, host).root;
  expect(root(true)).toEqual({ path: '/run/c1/rootfs', readonly: true });
  expect(root(false)).toEqual({ path: '/run/c1/rootfs' });
});

test('root has the capabilities of the agent, and others have none', () => {
  const bounding = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'];
  const held = ['CAP_CHOWN', 'CAP_KILL'];
  const root = { bounding, permitted: held, effective: held, inheritable: [], ambient: [] };
  expect(sets({}, undefined)).toEqual(root);
  expect(sets({}, { uid: 0, gid: 0, groups: [] })).toEqual(root);
});

test('whoever asks for capabilities has these, and passes them on', () => {
  const bounding = new Set(['CHOWN', 'SYS_BOOT'] as const);
  const chown = ['CAP_CHOWN'];
  const all = { permitted: chown, effective: chown, inheritable: chown, ambient: chown };
  const asked = { capabilities: { bounding, effective: new Set(['CHOWN'] as const) } };
  expect(sets(asked, host.identity)).toEqual({ bounding: chown, ...all });
  const atMost = { capabilities: { bounding, effective: undefined } };
  expect(sets(atMost, undefined)).toEqual({ bounding: chown, ...all, ambient: [] });
  expect(sets(atMost, host.identity)).toEqual({
    bounding: chown,
    permitted: [],
    effective: [],
    inheritable: chown,
    ambient: [],
  });
});

test('a session has the capabilities of its user, as with Mesos, and a check those of the task', () => {
  const capabilities = {
    bounding: new Set(['CHOWN', 'KILL'] as const),
    effective: new Set(['CHOWN'] as const),
  };
  const { process } = ociConfig({ ...plan, capabilities }, host);
  const beside = (as?: Parameters<typeof besideProcess>[3]) =>
    besideProcess(process, { program: 'id', arguments: ['id'] }, host.way, as).capabilities;
  expect(beside()).toEqual(process.capabilities);
  const session = { plan: { capabilities: undefined }, agent: host.agent, identity: undefined };
  expect(beside(session)).toEqual(sets({}, undefined));
});

test('what is mounted in a volume later shows where it was asked for', () => {
  const volume = { place: '/run/c1/volumes/0', target: '/srv', isReadOnly: false } as const;
  const mounted = (propagation: 'in' | 'both') =>
    ociConfig(plan, { ...host, carried: [{ ...volume, propagation }] });
  const options = (config: OciConfig) => config.mounts.at(-1)?.options;
  expect(options(mounted('in'))).toEqual(['rbind', 'rslave']);
  expect(mounted('in').linux.rootfsPropagation).toBe('rslave');
  expect(options(mounted('both'))).toEqual(['rbind', 'rshared']);
  expect(mounted('both').linux.rootfsPropagation).toBe('rshared');
});
