// The task that `mesoscale execute` launches for its flags.
import { expect, test } from 'vitest';
import { EXECUTE_FLAGS } from '../../src/cli/execute/flags.ts';
import { launchRequest } from '../../src/cli/execute/launch-request.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import {
  CapabilityInfo_Capability as Capability,
  ContainerInfo_DockerInfo_Network,
  ContainerInfo_Type,
  Image_Type,
  RLimitInfo_RLimit_Type,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
  Volume_Source_Type,
} from '../../src/model/generated/messages.ts';

const requested = (...argv: string[]) =>
  launchRequest(
    parseFlags(EXECUTE_FLAGS, { argv: ['--name=n', '--command=c', ...argv], environment: {} }),
  );

test('a command asks for a container only where a flag does', () => {
  expect(requested().tasks[0]).not.toHaveProperty('container');
});

test('what confines the command goes into its container', () => {
  const { tasks } = requested(
    '--rlimits={"rlimits":[{"type":"RLMT_NOFILE","soft":1,"hard":2}]}',
    '--effective_capabilities={"capabilities":["NET_RAW"]}',
    '--bounding_capabilities={"capabilities":["NET_RAW","CHOWN"]}',
  );
  expect(tasks[0]?.container).toEqual({
    type: ContainerInfo_Type.MESOS,
    rlimit_info: { rlimits: [{ type: RLimitInfo_RLimit_Type.RLMT_NOFILE, soft: 1, hard: 2 }] },
    linux_info: {
      effective_capabilities: { capabilities: [Capability.NET_RAW] },
      bounding_capabilities: { capabilities: [Capability.NET_RAW, Capability.CHOWN] },
    },
  });
});

test('a terminal and volumes go into its container', () => {
  const { tasks } = requested(
    '--tty',
    '--volumes=[{"mode":"RO","container_path":"/data","source":{"type":"SANDBOX_PATH","sandbox_path":{"type":"SELF","path":"own"}}}]',
  );
  expect(tasks[0]?.container).toEqual({
    type: ContainerInfo_Type.MESOS,
    tty_info: {},
    volumes: [
      {
        mode: Volume_Mode.RO,
        container_path: '/data',
        source: {
          type: Volume_Source_Type.SANDBOX_PATH,
          sandbox_path: { type: Volume_Source_SandboxPath_Type.SELF, path: 'own' },
        },
      },
    ],
  });
});

test('networks are those of the container of a command, or of the executor of a group', () => {
  const network_infos = [{ name: 'net1' }, { name: 'net2' }];
  const container = { type: ContainerInfo_Type.MESOS, network_infos };
  expect(requested('--networks=net1,net2').tasks[0]?.container).toEqual(container);
  expect(requested('--networks=').tasks[0]).not.toHaveProperty('container');
  expect(
    requested('--networks=net1', '--containerizer=docker', '--docker_image=a').tasks[0]?.container,
  ).toEqual({
    type: ContainerInfo_Type.DOCKER,
    docker: { image: 'a', network: ContainerInfo_DockerInfo_Network.USER },
    network_infos: [{ name: 'net1' }],
  });
  const group = `--task_group=${JSON.stringify({ tasks: [TASK] })}`;
  const asked = (...argv: string[]) =>
    launchRequest(parseFlags(EXECUTE_FLAGS, { argv: [group, ...argv], environment: {} })).container;
  expect(asked('--networks=net1,net2')).toEqual(container);
  expect(asked()).toBeUndefined();
});

test.each([
  ['{}', '--volumes expects a JSON list of volumes'],
  ['[{"mode":"RW","container_path":"a"},{"mode":"RW"}]', '--volumes: volume 2'],
])('volumes that there are not are named: %s', (written, text) => {
  expect(() => requested(`--volumes=${written}`)).toThrow(text);
});

test.each([
  ['NET_RAV', "the unknown value 'NET_RAV' in 'capabilities' (did you mean 'NET_RAW'?)"],
  ['FLY', "the unknown value 'FLY' in 'capabilities' (there are UNKNOWN, CHOWN, DAC_OVERRIDE, "],
])('a capability that there is not is named: %s', (name, text) => {
  expect(() => requested(`--effective_capabilities={"capabilities":["${name}"]}`)).toThrow(
    `--effective_capabilities has ${text}`,
  );
});

const refused = (argv: readonly string[], environment: Record<string, string> = {}) => {
  try {
    launchRequest(parseFlags(EXECUTE_FLAGS, { argv, environment }));
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

const TASK = {
  name: 't',
  task_id: { value: 't' },
  resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }],
  command: { value: 'true' },
};

test.each([
  ['task', TASK],
  ['task_group', { tasks: [TASK] }],
])('flags of a command are refused beside --%s, and not dropped', (flag, value) => {
  const argv = [`--${flag}=${JSON.stringify(value)}`];
  expect(refused([...argv, '--role=eng', '--checkpoint'])).toBe('');
  expect(refused([...argv, '--name=x', '--resources=cpus:2', '--env={"a":"b"}'])).toBe(
    `--name, --resources and --env cannot be used with --${flag}: a TaskInfo says that itself`,
  );
  expect(refused([...argv, '--no-shell'])).toBe(
    `--shell cannot be used with --${flag}: a TaskInfo says that itself`,
  );
  expect(refused(argv, { MESOS_RESOURCES: 'cpus:2', MESOS_NAME: 'x' })).toBe('');
});

test.each([
  [['a'], "unexpected argument 'a' (flags are written --name=value)"],
  [['-x'], "unexpected argument '-x' (flags are written --name=value)"],
  [
    ['--name=n', '--command=c', 'a'],
    "unexpected argument 'a' (flags are written --name=value; arguments of a command need --no-shell)",
  ],
  [['--name=n', '--command= '], '--command expects a command, got nothing'],
  [['--docker_image=busybox'], '--docker_image needs --name'],
  [['--appc_image=example.com/app'], '--appc_image needs --name'],
  [
    ['--name=n', '--docker_image=busybox', '--appc_image=example.com/app'],
    '--docker_image and --appc_image cannot be used together',
  ],
  [
    ['--name=n', '--docker_image=a', '--containerizer=docker', '--networks=a,b'],
    '--networks expects one network with --containerizer=docker, got 2',
  ],
  [
    [`--task=${JSON.stringify(TASK)}`, '--networks=a'],
    '--networks cannot be used with --task: a TaskInfo says that itself',
  ],
  [
    ['--name=n', '--command=c', '--networks=../a'],
    "--networks: '../a' is not the name of a network: expected at most 255 letters, digits, '_', '.' and '-', of which the first is a letter or a digit",
  ],
  [
    ['--name=n', '--command=c', '--containerizer=docker'],
    '--containerizer=docker needs --docker_image',
  ],
  [
    [`--task=${JSON.stringify(TASK)}`, '--containerizer=docker'],
    '--containerizer cannot be used with --task: a TaskInfo says that itself',
  ],
  [
    ['--name=n', '--docker_image= '],
    '--docker_image expects the name of an image, such as busybox:latest',
  ],
])('%j is refused', (argv, message) => {
  expect(refused(argv)).toBe(message);
});

test('a task id that no folder can have is told with its place', () => {
  const tasks = [TASK, { ...TASK, task_id: { value: 'q/1' } }];
  expect(refused([`--task=${JSON.stringify(tasks[1])}`])).toBe(
    "--task: task_id: 'q/1' contains invalid characters",
  );
  expect(refused([`--task_group=${JSON.stringify({ tasks })}`])).toBe(
    "--task_group: task 2: task_id: 'q/1' contains invalid characters",
  );
});

test('a misspelt name of a value is told with its place in the task', () => {
  const resources = [{ ...TASK.resources[0], type: 'SCALER' }];
  const meant = "the unknown value 'SCALER' in 'resources.type' (did you mean 'SCALAR'?)";
  expect(refused([`--task=${JSON.stringify({ ...TASK, resources })}`])).toBe(`--task has ${meant}`);
});

test('an image says what is run, or has the files of a command', () => {
  const requested = (...argv: string[]) => {
    const image = ['--name=n', '--docker_image=busybox'];
    const { tasks } = launchRequest(
      parseFlags(EXECUTE_FLAGS, { argv: [...image, ...argv], environment: {} }),
    );
    return tasks[0];
  };
  const container = {
    type: ContainerInfo_Type.MESOS,
    mesos: { image: { type: Image_Type.DOCKER, docker: { name: 'busybox' } } },
  };
  expect(requested('--command=ls')).toMatchObject({
    command: { value: 'ls', shell: true },
    container,
  });
  expect(requested()?.command).toEqual({ shell: false });
  expect(requested('--', '-x', 'y')?.command).toEqual({ shell: false, arguments: ['-x', 'y'] });
  expect(requested('--no-shell', '--command=/p', '--', 'y')?.command).toEqual({
    shell: false,
    value: '/p',
    arguments: ['/p', 'y'],
  });
  const docker = '--containerizer=docker';
  expect(requested(docker, '--no-shell', '--command=/p', '--', 'y')).toMatchObject({
    command: { shell: false, value: '/p', arguments: ['y'] },
    container: { type: ContainerInfo_Type.DOCKER, docker: { image: 'busybox' } },
  });
});
