// What an agent is told by its flags and its environment.
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { boundsWarnings, capabilityDefaults } from '../../src/cli/agent/capabilities.ts';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { agentOptions, executorEnvironment, launcherOf } from '../../src/cli/agent/options.ts';
import { FlagError, parseFlags } from '../../src/cli/flags/parse.ts';
import { Random } from '../../src/model/random.ts';

function options(...argv: string[]) {
  const { values } = parseFlags(AGENT_FLAGS, { argv, environment: {} });
  return agentOptions(values, {
    address: {
      ip: '127.0.0.1',
      port: 5051,
      hostname: 'h',
      listenIp: '127.0.0.1',
      listenPort: 5051,
    },
    flagTexts: {},
    nowMs: 0,
    random: new Random(1),
    workDir: tmpdir(),
    capabilities: capabilityDefaults(values),
  });
}

test('flags whose defaults depend on others are shown as those that are given', () => {
  expect(options().flags).toEqual({
    appc_store_dir: `${tmpdir()}/store/appc`,
    docker_store_dir: `${tmpdir()}/store/docker`,
    launcher: 'posix',
  });
});

test.each([
  ['posix/cpu,posix/mem', 'posix'],
  ['cgroups/cpu,cgroups/mem', 'posix'],
  ['filesystem/linux,docker/runtime', 'linux'],
  ['posix/cpu,namespaces/pid', 'linux'],
])('isolators have the launcher that they need: %s', (isolation, launcher) => {
  expect(options(`--isolation=${isolation}`).flags.launcher).toBe(launcher);
});

test('a launcher that is given is used', () => {
  const { values } = parseFlags(AGENT_FLAGS, {
    argv: ['--launcher=posix', '--isolation=filesystem/linux'],
    environment: {},
  });
  expect(launcherOf(values)).toBe('posix');
});

describe('--default_container_info', () => {
  test.each([
    ['{"type":"MESOS","hostname":"h"}', /'hostname' is not supported/],
    ['{"type":"MESOS","network_infos":[{"name":"n"}]}', /Unknown CNI network 'n'/],
    ['{"type":"MESOS","rlimit":{}}', /unknown field 'rlimit'/],
    ['{"type":"MESOS","volumes":[{"mode":"RW","container_path":"d"}]}', /Invalid volume: /],
    ['{"type":"DOCKER"}', /type MESOS/],
    ['{"hostname":"h"}', /type/],
  ])('%s is an error at the start', (text, error) => {
    const attempt = () => options(`--default_container_info=${text}`);
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow(error);
  });

  test.each([
    [
      '{"rlimit_info":{"rlimits":[{"type":"RLMT_NOFILE","soft":9,"hard":5}]}}',
      /^--default_container_info: .*RLMT_NOFILE has a 'soft' of 9, which is above its 'hard' of 5$/,
    ],
    [
      '{"linux_info":{"capability_info":{"capabilities":["SYS_ADMIN"]}}}',
      /^--default_container_info: .*'{ SYS_ADMIN }', but only '{ KILL }' are allowed$/,
    ],
  ])('%s, with which no task would start, is an error at the start', (text, error) => {
    const attempt = () =>
      options(
        `--default_container_info={"type":"MESOS",${text.slice(1)}`,
        '--isolation=posix/rlimits,linux/capabilities',
        '--bounding_capabilities={"capabilities":["KILL"]}',
      );
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow(error);
  });

  test('an empty one is taken', () => {
    const info = { type: 2 };
    expect(options('--default_container_info={"type":"MESOS"}').defaultContainerInfo).toEqual(info);
  });
});

test.each([
  ['--attributes=rack', /^--attributes: expected an attribute such as rack:r1/],
  ['--attributes=rack:{a,b}', /^--attributes: .*got a set/],
  ['--resources=cpus(a//b):1', /^--resources: .*adjacent slashes/],
])('%s is an error of one line', (flag, error) => {
  expect(() => options(flag)).toThrow(FlagError);
  expect(() => options(flag)).toThrow(error);
});

const variables = (argv: string[], environment: NodeJS.ProcessEnv = {}) => {
  const { values } = parseFlags(AGENT_FLAGS, { argv, environment: {} });
  return executorEnvironment(values, { listenIp: values.ip ?? '10.0.0.2' }, environment);
};

test('executors of frameworks are told that their agent takes nothing but TLS, and whom to believe', () => {
  const tls = ['--ssl_enabled', '--ssl_ca_file=/ca', '--ssl_key_file=/key'];
  const told = { LIBPROCESS_SSL_ENABLED: 'true', LIBPROCESS_SSL_CA_FILE: '/ca' };
  expect(options(...tls).customExecutorEnvironment).toEqual(told);
  expect(options(...tls, '--ssl_support_downgrade').customExecutorEnvironment).toEqual({});
});

test('bounds that containers of type DOCKER can get around by setuid are told', () => {
  const warnings = (...argv: string[]) =>
    boundsWarnings(parseFlags(AGENT_FLAGS, { argv, environment: {} }).values);
  const bounds = '--bounding_capabilities={"capabilities": ["CHOWN"]}';
  const docker = '--containerizers=docker,mesos';
  expect(warnings(bounds, docker, '--isolation=linux/capabilities')).toEqual([
    expect.stringContaining('linux/nnp in --isolation'),
  ]);
  expect(warnings(bounds, docker, '--isolation=linux/capabilities,linux/nnp')).toEqual([]);
  expect(warnings(bounds, '--isolation=linux/capabilities')).toEqual([]);
  expect(warnings(docker)).toEqual([]);
});

test('executors are told the address that the agent was told', () => {
  expect(variables([])).toBeUndefined();
  expect(variables(['--ip=10.0.0.3'])).toEqual({ LIBPROCESS_IP: '10.0.0.3' });
  expect(variables(['--ip_discovery_command=x'])).toEqual({ LIBPROCESS_IP: '10.0.0.2' });
  expect(variables([], { LIBPROCESS_IP: '10.0.0.4' })).toEqual({ LIBPROCESS_IP: '10.0.0.4' });
  const given = '--executor_environment_variables={"A":"b","LIBPROCESS_IP":"10.0.0.5"}';
  expect(variables([given, '--ip=10.0.0.3'])).toEqual({ A: 'b', LIBPROCESS_IP: '10.0.0.5' });
});

test.each([
  [{}, ['posix/cpu'], undefined],
  [
    { effective_capabilities: { capabilities: ['NET_RAW'] } },
    ['posix/cpu'],
    '--effective_capabilities needs linux/capabilities in --isolation',
  ],
  [
    {
      effective_capabilities: { capabilities: ['NET_RAW', 'CHOWN'] },
      bounding_capabilities: { capabilities: ['CHOWN'] },
    },
    ['linux/capabilities'],
    "--bounding_capabilities: Requested capabilities '{ CHOWN, NET_RAW }', but only",
  ],
  [{ bounding_capabilities: { capability: [] } }, ['linux/capabilities'], 'unknown field'],
  [{ bounding_capabilities: { capabilities: ['CHOWN'] } }, ['linux/capabilities'], undefined],
])('capabilities %o with --isolation=%o', (flags, isolation, text) => {
  const read = () =>
    capabilityDefaults({
      effective_capabilities: undefined,
      bounding_capabilities: undefined,
      ...flags,
      isolation,
    });
  if (text === undefined) {
    expect(read).not.toThrow();
  } else {
    expect(read).toThrow(text);
  }
});
