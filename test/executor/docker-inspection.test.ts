// What statuses tell of a container of type DOCKER.
import { expect, test } from 'vitest';
import { type CommandEffect, createCommand, stepCommand } from '../../src/executor/command.ts';
import { dockerInspection } from '../../src/executor/docker-inspection.ts';
import {
  ContainerInfo_Type,
  Environment_Variable_Type,
  ExecutorEvent_Type,
  HealthCheck_Type,
  ContainerInfo_DockerInfo_Network as Network,
  type NetworkInfo,
  Secret_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { containerId, executorId, frameworkId } from '../../src/model/ids.ts';
import { Random } from '../../src/model/random.ts';

const info = {
  type: ContainerInfo_Type.DOCKER,
  docker: {
    image: 'app:1',
    parameters: [
      { key: 'label', value: 'team=web' },
      { key: 'env', value: 'P=1' },
      { key: 'volume', value: '/a:/b:ro' },
    ],
  },
  volumes: [{ host_path: '/data', container_path: 'rel', mode: Volume_Mode.RW }],
};
const task: TaskInfo = {
  name: 't',
  task_id: { value: 't' },
  agent_id: { value: 'a' },
  command: {
    shell: false,
    arguments: ['x'],
    environment: {
      variables: [
        { name: 'A', value: 'b' },
        {
          name: 'KEY',
          type: Environment_Variable_Type.SECRET,
          secret: { type: Secret_Type.VALUE, value: { data: new Uint8Array([1]) } },
        },
      ],
    },
  },
  health_check: { type: HealthCheck_Type.COMMAND, command: { value: 'true' } },
};
const inspection = (startedMs: number) =>
  dockerInspection({ id: containerId('c1'), task, info, networks: [] }, startedMs);
const inspected = (data: Uint8Array) => JSON.parse(new TextDecoder().decode(data));

test('it has the form of docker inspect, and no secrets', () => {
  const text = inspected(inspection(0));
  expect(text).toMatchObject([
    {
      Id: 'c1',
      Name: '/mesos-c1',
      State: { Running: true, StartedAt: '1970-01-01T00:00:00.000Z' },
      Config: {
        Image: 'app:1',
        Env: ['A=b', 'P=1'],
        Cmd: ['x'],
        Entrypoint: null,
        Labels: { team: 'web' },
      },
      HostConfig: { NetworkMode: 'host', Privileged: false, Binds: ['/data:rel:rw', '/a:/b:ro'] },
      Mounts: [
        { Source: '/data', Destination: 'rel', RW: true },
        { Source: '/a', Destination: '/b', RW: false },
      ],
      NetworkSettings: { IPAddress: '', Networks: { host: { IPAddress: '' } } },
    },
  ]);
  expect(JSON.stringify(text)).not.toContain('KEY');
});

test('it tells of addresses and ports where docker does', () => {
  const asked = (network: Network, infos: NetworkInfo[] = []) => ({
    ...info,
    docker: {
      ...info.docker,
      network,
      port_mappings: [
        { host_port: 31_000, container_port: 80 },
        { host_port: 31_001, container_port: 80 },
        { host_port: 31_000, container_port: 53, protocol: 'UDP' },
      ],
    },
    network_infos: infos,
  });
  const told = (of: ReturnType<typeof asked>) => {
    const ip_addresses = [{ ip_address: '172.17.0.2' }, { ip_address: 'fd00::2' }];
    const networks = [{ name: 'n', ip_addresses }];
    return inspected(dockerInspection({ id: containerId('c1'), task, info: of, networks }, 0))[0];
  };
  const address = { IPAddress: '172.17.0.2', GlobalIPv6Address: 'fd00::2' };
  const ports = (HostIp: string) => ({
    '80/tcp': [
      { HostIp, HostPort: '31000' },
      { HostIp, HostPort: '31001' },
    ],
    '53/udp': [{ HostIp, HostPort: '31000' }],
  });
  expect(told(asked(Network.BRIDGE))).toMatchObject({
    HostConfig: { NetworkMode: 'bridge', PortBindings: ports('') },
    NetworkSettings: { ...address, Ports: ports('0.0.0.0'), Networks: { bridge: address } },
  });
  expect(told(asked(Network.USER, [{ name: 'net1' }]))).toMatchObject({
    HostConfig: { NetworkMode: 'net1' },
    NetworkSettings: { IPAddress: '', Networks: { net1: address } },
  });
});

test('what would be too long leaves out what the task has said itself', () => {
  const variables = [{ name: 'LONG', value: 'x'.repeat(65_536) }];
  const long = { ...task, command: { shell: false, environment: { variables } } };
  const data = dockerInspection({ id: containerId('c1'), task: long, info, networks: [] }, 0);
  expect(inspected(data)[0]).toMatchObject({
    Name: '/mesos-c1',
    HostConfig: { NetworkMode: 'host' },
    NetworkSettings: { IPAddress: '' },
  });
  expect(data.length).toBeLessThan(1_000);
});

/** The statuses of a task in such a container, through these events. */
function told(resumption?: { readonly reported: readonly TaskState[] }) {
  const state = createCommand({
    frameworkId: frameworkId('f'),
    executorId: executorId('e'),
    task,
    shutdownGraceMs: 7_000,
    lingerMs: 0,
    random: new Random(1),
    inspection,
    resumption: resumption && { startedMs: 1_000, ...resumption },
  });
  const effects: CommandEffect[] = [];
  const statuses = () =>
    effects.flatMap((it): TaskStatus[] =>
      it.type === 'call' && it.call.update !== undefined ? [it.call.update.status] : [],
    );
  const step = (event: Parameters<typeof stepCommand>[1]) => {
    effects.push(...stepCommand(state, event));
  };
  const event = (type: ExecutorEvent_Type, more: object = {}) =>
    step({ type: 'executorEvent', event: { type, ...more }, nowMs: 1_000 });
  return { event, step, statuses, effects };
}

test('TASK_RUNNING has it, no other status does, and the container is what ends', () => {
  const { event, step, statuses, effects } = told();
  event(ExecutorEvent_Type.LAUNCH, { launch: { task } });
  step({ type: 'begun', nowMs: 1_000 });
  const result = { type: 'command', waitStatus: 0 } as const;
  step({ type: 'probed', kind: 'health', result, nowMs: 2_000 });
  event(ExecutorEvent_Type.KILL, { kill: { task_id: task.task_id } });
  // As Mesos's docker executor, it waits as long as an executor may take to end.
  expect(effects).toContainEqual({ type: 'setTimer', timer: 'escalation', delayMs: 7_000 });
  step({ type: 'ended', waitStatus: 3 << 8, nowMs: 3_000 });
  const [starting, running, healthy, killed] = statuses();
  expect(starting).not.toHaveProperty('data');
  expect(inspected(running?.data ?? new Uint8Array())[0].State.StartedAt).toBe(
    '1970-01-01T00:00:01.000Z',
  );
  expect(healthy).toMatchObject({ state: TaskState.TASK_RUNNING, healthy: true });
  expect(healthy).not.toHaveProperty('data');
  expect(killed).toMatchObject({
    state: TaskState.TASK_KILLED,
    message: 'Container exited with status 3',
  });
});

test('a later agent tells the same where the first one could not', () => {
  const { event, statuses } = told({ reported: [TaskState.TASK_STARTING] });
  event(ExecutorEvent_Type.SUBSCRIBED);
  expect(inspected(statuses()[0]?.data ?? new Uint8Array())[0].Name).toBe('/mesos-c1');
});
