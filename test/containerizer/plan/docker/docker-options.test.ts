// What the fields and parameters of a DockerInfo ask for, as a value.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import {
  type DockerOptions,
  dockerOptions,
} from '../../../../src/containerizer/plan/docker/docker-options.ts';
import {
  type ContainerInfo,
  type ContainerInfo_DockerInfo,
  ContainerInfo_Type,
  ContainerInfo_DockerInfo_Network as Network,
  type NetworkInfo_PortMapping,
  type Parameter,
} from '../../../../src/model/generated/messages.ts';

const info = (
  docker: Partial<NonNullable<ContainerInfo['docker']>>,
  more: Partial<ContainerInfo> = {},
): ContainerInfo => ({
  type: ContainerInfo_Type.DOCKER,
  docker: { image: 'busybox', ...docker },
  ...more,
});

const asked = (...given: [key: string, value: string][]) =>
  dockerOptions(info({ parameters: given.map(([key, value]) => ({ key, value })) }));

const usual: DockerOptions = {
  network: 'host',
  ports: [],
  addresses: [],
  isPrivileged: false,
  hostname: undefined,
  user: undefined,
  groups: [],
  workingDirectory: undefined,
  entrypoint: undefined,
  environment: {},
  labels: {},
  isReadOnly: false,
  added: [],
  dropped: [],
  limits: [],
  shmBytes: 67_108_864,
  memory: [],
  volumes: [],
  devices: [],
  hasInit: false,
  hasNoNewPrivileges: false,
  isUnconfined: false,
  sharesProcesses: false,
  sharesIpc: false,
  hosts: [],
  names: [],
  stopSignal: undefined,
};

test('without parameters all is as docker has it', () => {
  expect(dockerOptions(info({}))).toEqual(usual);
  expect(
    dockerOptions(info({ network: Network.NONE, privileged: true }, { hostname: 'h' })),
  ).toEqual({ ...usual, network: 'none', isPrivileged: true, hostname: 'h' });
});

test('each option of docker run changes what it says', () => {
  expect(
    asked(
      ['env', 'A=1=2'],
      ['e', 'B='],
      ['label', 'team=web'],
      ['l', 'plain'],
      ['u', 'app:web'],
      ['group-add', '7'],
      ['w', '/srv'],
      ['entrypoint', '/run'],
      ['read-only', 'true'],
      ['cap-add', 'net_admin'],
      ['cap-add', 'CAP_SYS_TIME'],
      ['cap-drop', 'all'],
      ['ulimit', 'nofile=10:20'],
      ['ulimit', 'core=-1'],
      ['shm-size', '1g'],
      ['tmpfs', '/run:size=64m,exec'],
      ['v', '/host:/in:ro'],
      ['volume', '/other:/there'],
      ['device', '/dev/fuse'],
      ['device', '/dev/kvm:/dev/own:r'],
      ['init', 'true'],
      ['security-opt', 'no-new-privileges'],
      ['security-opt', 'seccomp=unconfined'],
      ['security-opt', 'label=disable'],
      ['add-host', 'db:10.0.0.7'],
      ['add-host', 'six:fd00::7'],
      ['dns', '10.0.0.2'],
      ['dns-search', 'lan'],
      ['dns-opt', 'ndots:2'],
      ['stop-signal', 'SIGRTMIN+3'],
      ['pid', 'host'],
      ['ipc', 'host'],
      ['rm', 'true'],
      ['privileged', 'true'],
      ['net', 'backend'],
      ['ip', '10.1.0.7'],
      ['ip6', 'fd00::7'],
      ['publish', '31000:80'],
      ['p', '31053:53/UDP'],
      ['expose', '80'],
      ['publish-all', 'false'],
      ['hostname', 'h'],
    ),
  ).toEqual({
    ...usual,
    network: { name: 'backend' },
    ports: [
      { host_port: 31_000, container_port: 80, protocol: 'tcp' },
      { host_port: 31_053, container_port: 53, protocol: 'udp' },
    ],
    addresses: ['10.1.0.7', 'fd00::7'],
    isPrivileged: true,
    hostname: 'h',
    environment: { A: '1=2', B: '' },
    labels: { team: 'web', plain: '' },
    user: 'app:web',
    groups: ['7'],
    workingDirectory: '/srv',
    entrypoint: '/run',
    isReadOnly: true,
    added: ['NET_ADMIN', 'SYS_TIME'],
    dropped: ['ALL'],
    limits: [
      { name: 'NOFILE', soft: 10, hard: 20 },
      { name: 'CORE', soft: 'unlimited', hard: 'unlimited' },
    ],
    shmBytes: 2 ** 30,
    memory: [
      {
        source: 'tmpfs',
        target: '/run',
        type: 'tmpfs',
        options: ['nosuid', 'nodev', 'size=64m', 'exec'],
      },
    ],
    volumes: [
      { host: '/host', target: '/in', isReadOnly: true },
      { host: '/other', target: '/there', isReadOnly: false },
    ],
    devices: [
      {
        host: '/dev/fuse',
        target: '/dev/fuse',
        access: { read: true, write: true, mknod: true },
      },
      {
        host: '/dev/kvm',
        target: '/dev/own',
        access: { read: true, write: false, mknod: false },
      },
    ],
    hasInit: true,
    hasNoNewPrivileges: true,
    isUnconfined: true,
    sharesProcesses: true,
    sharesIpc: true,
    hosts: ['10.0.0.7\tdb', 'fd00::7\tsix'],
    names: ['nameserver 10.0.0.2', 'search lan', 'options ndots:2'],
    stopSignal: 37,
  });
});

describe('refused by its name', () => {
  test.each([
    ['cpu-shares', '2', "the task's resources and limits say that"],
    ['memory', '1g', "the task's resources and limits say that"],
    ['constructor', '1', 'it is not known here'],
    ['--rm', 'true', "names have no dashes before them, as in 'rm'"],
    ['m', '1g', "the task's resources and limits say that"],
    ['log-driver', 'syslog', 'what containers print is in their sandboxes'],
    ['link', 'db:db', 'the networks of agents have no names for containers'],
    ['network-alias', 'db', 'the networks of agents have no names for containers'],
    ['mac-address', '02:42:ac:11:00:02', 'the network decides that'],
    ['rmm', 'true', "it is not known here (did you mean 'rm'?)"],
  ])('%s, which has no meaning here', (key, value, why) => {
    expect(() => asked([key, value])).toThrow(
      `Failed to create docker run options: parameter '${key}' is not supported: ${why}`,
    );
  });

  test.each([
    ['env', 'NAME', 'expects NAME=VALUE: there is no environment of a client'],
    ['cap-add', 'FLY', 'expects a capability of Linux, such as NET_ADMIN, or ALL'],
    ['read-only', 'yes', "expects 'true' or 'false'"],
    ['ulimit', 'nofile=20:10', 'expects a soft limit that is at most the hard one'],
    ['ulimit', 'wings=1', 'expects a limit such as nofile=1024:2048, of core'],
    ['shm-size', '0', 'expects a size such as 64m'],
    ['tmpfs', '/run:huge=always', "does not take 'huge=always' of a file system in memory"],
    ['tmpfs', '../run', 'expects an absolute path'],
    ['volume', 'name:/in', 'expects two absolute paths, /HOST:/CONTAINER'],
    ['volume', '/a:/b:z', "expects no mode of a volume but 'ro' and 'rw'"],
    ['security-opt', 'seccomp=/my.json', "expects 'no-new-privileges' or 'seccomp=unconfined'"],
    ['device', '/etc/passwd', 'expects a device of the machine, such as /dev/fuse'],
    ['device', '/dev/shm/link', 'expects a device of the machine, such as /dev/fuse'],
    ['device', '/dev/fd/3', 'expects a device of the machine, such as /dev/fuse'],
    ['device', '/dev/pts/0', 'expects a device of the machine, such as /dev/fuse'],
    ['dns', 'x;rm', 'expects an address, such as 10.0.0.2'],
    ['add-host', 'db', 'expects a name and an address, such as db:10.0.0.7'],
    ['ip', 'fd00::7', 'expects an address of IPv4'],
    ['ip6', '10.0.0.7', 'expects an address of IPv6'],
    ['publish', '80', "expects a port of the task's resources and one of the container, such as"],
    ['publish', '10.0.0.1:31000:80', "expects a port of the task's resources and one of"],
    ['p', '0:80', "expects a port of the task's resources and one of the container"],
    ['p', '31000:80/icmp', "expects a port of the task's resources and one of the container"],
    ['P', 'true', "expects 'false': 'publish' names the ports of the task's resources"],
    ['expose', 'http', 'expects a port, such as 80 or 53/udp'],
    ['workdir', 'rel', 'expects an absolute path'],
    ['stop-signal', '65', 'expects a signal, such as SIGQUIT or 3'],
    ['pid', 'container:x', "expects 'host', or what is so without it"],
  ])('the value of %s: %s', (key, value, why) => {
    expect(() => asked([key, value])).toThrow(
      `Failed to create docker run options: parameter '${key}' ${why}`,
    );
    expect(() => asked([key, value])).toThrow(`, and not '${value}'`);
  });

  const KEYS =
    'env e label user u group-add workdir entrypoint read-only cap-add cap-drop ulimit shm-size tmpfs volume v device init security-opt add-host dns dns-search dns-option stop-signal pid ipc rm privileged network hostname userns no-healthcheck ip ip6 publish p expose publish-all __proto__ toString'.split(
      ' ',
    );
  const VALUES = [':', '=', '/', '/dev/', 'a:b', '-1', '..', '1', 'host', '\0', 'nofile=', 'm'];
  const value = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...VALUES)).map((it) => it.join('')),
  );

  test('any value of any parameter, in words of Mesos and with its name', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KEYS), value, (key, text) => {
        try {
          asked([key, text]);
        } catch (error) {
          expect(error).toBeInstanceOf(ContainerizerError);
          expect(String(error)).toContain('Failed to create docker run options: ');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('more parameters than a container may have', () => {
    const many = Array.from({ length: 1_001 }, () => ['label', 'a=b'] as [string, string]);
    expect(() => asked(...many)).toThrow('1001 parameters are more than 1000');
  });

  test.each(['a\nb', '\u001b[2J', '../etc', 'h'.repeat(65), '-'])('the hostname %j', (name) => {
    expect(() => asked(['net', 'none'], ['hostname', name])).toThrow(
      `expected a hostname of at most 64 letters, digits, '-', '_' and '.', not '${name}'`,
    );
  });

  test('a null character, of whatever option', () => {
    expect(() => asked(['user', 'a\0'])).toThrow("parameter 'user' has a null character");
  });

  const ports = (...port_mappings: NetworkInfo_PortMapping[]) => ({
    network: Network.BRIDGE,
    port_mappings,
  });
  const given = (...parameters: Parameter[]) => ({ parameters });
  test.each<[Partial<ContainerInfo_DockerInfo>, Partial<ContainerInfo>, string]>([
    [
      { port_mappings: [{ host_port: 1, container_port: 2 }] },
      {},
      'Port mappings are only supported for bridge and user-defined networks',
    ],
    [
      { ...ports({ host_port: 1, container_port: 2 }), ...given({ key: 'net', value: 'host' }) },
      {},
      'Port mappings are only supported for bridge and user-defined networks',
    ],
    [
      ports({ host_port: 1, container_port: 70_000 }),
      {},
      'the ports of a port mapping are from 1 to 65535, and not 70000',
    ],
    [
      ports({ host_port: 1, container_port: 2, protocol: 'icmp' }),
      {},
      "the protocol of a port mapping is one of tcp, udp, sctp, and not 'icmp'",
    ],
    [
      ports(
        { host_port: 1, container_port: 2 },
        { host_port: 1, container_port: 3, protocol: 'TCP' },
      ),
      {},
      'the port 1/tcp of the machine is mapped twice',
    ],
    [
      ports(...Array.from({ length: 1_001 }, (_, i) => ({ host_port: i + 1, container_port: 1 }))),
      {},
      '1001 port mappings are more than 1000',
    ],
    [{}, { hostname: 'h' }, 'Unable to set hostname with host network mode'],
    [{ network: Network.USER }, {}, 'No network info found in container info'],
    [{ network: Network.USER }, { network_infos: [{}] }, 'No network name found in network info'],
    [
      { network: Network.USER },
      { network_infos: [{ name: 'a' }, { name: 'b' }] },
      'Only a single network can be defined in Docker run',
    ],
    [
      given({ key: 'net', value: 'a' }, { key: 'network', value: 'b' }),
      {},
      'Only a single network can be defined in Docker run',
    ],
    [
      given({ key: 'net', value: 'container:web' }),
      {},
      "the network 'container:web' is not supported: only containers of type MESOS share one",
    ],
    [given({ key: 'net', value: '../a' }), {}, "'../a' is not the name of a network"],
    [
      {},
      { network_infos: [{ name: 'a' }] },
      "'container.network_infos' asks for 'a', but the container has the network 'host'",
    ],
    [
      {},
      { network_infos: [{ port_mappings: [{ host_port: 1, container_port: 2 }] }] },
      'Port mappings are only supported for bridge and user-defined networks',
    ],
    [
      { network: Network.BRIDGE, ...given({ key: 'ip', value: '10.0.0.7' }) },
      {},
      "the address '10.0.0.7' is asked for in the network 'bridge': only user-defined networks",
    ],
  ])('networks that do not fit together: %j %j', (docker, more, why) => {
    expect(() => dockerOptions(info(docker, more))).toThrow(
      `Failed to create docker run options: ${why}`,
    );
  });
});

test.each<[Network, string | undefined, DockerOptions['network']]>([
  [Network.BRIDGE, undefined, 'bridge'],
  [Network.NONE, 'default', 'bridge'],
  [Network.BRIDGE, 'other', { name: 'other' }],
  [Network.BRIDGE, 'host', 'host'],
])('the network %i with the parameter %j is %j', (network, value, expected) => {
  const parameters = value === undefined ? [] : [{ key: 'network', value }];
  expect(dockerOptions(info({ network, parameters })).network).toEqual(expected);
});

test('the network USER is that of the NetworkInfo, by whatever name docker knows it', () => {
  const named = (name: string) =>
    dockerOptions(info({ network: Network.USER }, { network_infos: [{ name }] })).network;
  expect(named('mine')).toEqual({ name: 'mine' });
  expect(named('bridge')).toBe('bridge');
});

test('ports that a NetworkInfo repeats are there once', () => {
  const one = { host_port: 31_000, container_port: 80 };
  const other = { host_port: 31_001, container_port: 80, protocol: 'UDP' };
  const asked = info(
    { network: Network.BRIDGE, port_mappings: [one] },
    { network_infos: [{ port_mappings: [{ ...one, protocol: 'TCP' }, other] }] },
  );
  expect(dockerOptions(asked).ports).toEqual([
    { ...one, protocol: 'tcp' },
    { ...other, protocol: 'udp' },
  ]);
});
