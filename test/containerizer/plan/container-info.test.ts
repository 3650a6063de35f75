import { expect, test } from 'vitest';
import { requireSupported } from '../../../src/containerizer/plan/container-info.ts';
import {
  ContainerInfo_Type,
  RLimitInfo_RLimit_Type,
  type TaskInfo,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';

const executor = { executor_id: { value: 'e' } };
const task: TaskInfo = { name: 't', task_id: { value: 't' }, agent_id: { value: 'a' } };
const container = { type: ContainerInfo_Type.MESOS, hostname: 'h' };

test('the default container of the agent holds for a task that has none', () => {
  expect(() =>
    requireSupported({ kind: 'executor', executor: { ...executor, container }, task }, []),
  ).toThrow(/'container.hostname'/);
});

test('an executor of the framework is refused with the names of its own fields', () => {
  expect(() =>
    requireSupported({ kind: 'executor', executor: { ...executor, container } }, []),
  ).toThrow(/'executor.container.hostname'/);
});

test('a container of Docker ends as with Mesos, and the field is named for the log', () => {
  const docker = { ...task, container: { type: ContainerInfo_Type.DOCKER } };
  expect(() => requireSupported({ kind: 'executor', executor, task: docker }, [])).toThrow(
    expect.objectContaining({
      message: 'Abnormal executor termination: unknown container',
      cause: expect.objectContaining({
        message: "'container.type' is DOCKER, and this agent has --containerizers=mesos",
      }),
    }),
  );
});

test('what asks for nothing is supported', () => {
  expect(() => requireSupported({ kind: 'executor', executor, task }, [])).not.toThrow();
  expect(() => requireSupported({ kind: 'executor', executor }, [])).not.toThrow();
});

test('what needs an isolator is refused by an agent that does not have it', () => {
  const rlimits = [{ type: RLimitInfo_RLimit_Type.RLMT_NOFILE }];
  const info = { type: ContainerInfo_Type.MESOS, rlimit_info: { rlimits } };
  const request = { kind: 'executor', executor, task: { ...task, container: info } } as const;
  expect(() => requireSupported(request, ['posix/cpu'])).toThrow(
    "'container.rlimit_info.rlimits' is not supported: it needs an agent with posix/rlimits in its --isolation",
  );
  expect(() => requireSupported(request, ['posix/cpu', 'posix/rlimits'])).not.toThrow();
});

test.each([
  ['of no source', {}],
  ['of an unknown type of source', { source: {} }],
])('a volume %s is refused, whoever asks for the container', (_, source) => {
  const volume = { mode: Volume_Mode.RW, container_path: 'data', ...source };
  const info = { type: ContainerInfo_Type.MESOS, volumes: [volume] };
  const ofTask = { executor, task: { ...task, container: info } };
  for (const request of [
    { kind: 'standalone', container: info } as const,
    { kind: 'executor', ...ofTask } as const,
  ]) {
    expect(() => requireSupported(request, [])).toThrow(/^Invalid volume: /);
  }
});

test('a network that there cannot be is refused, whoever asks for the container', () => {
  const info = { type: ContainerInfo_Type.MESOS, network_infos: [{ name: 'a/b' }] };
  for (const request of [
    { kind: 'standalone', container: info } as const,
    { kind: 'executor', executor, task: { ...task, container: info } } as const,
  ]) {
    expect(() => requireSupported(request, ['network/cni'])).toThrow(
      /^Invalid network: 'a\/b' is not the name of a network: /,
    );
  }
});
