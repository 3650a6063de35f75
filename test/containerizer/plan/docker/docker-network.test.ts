// What containers of type DOCKER ask of networks, and what they find there.
import { describe, expect, test } from 'vitest';
import {
  type DockerNetworks,
  dockerContainers,
} from '../../../../src/containerizer/isolators/docker-containers.ts';
import type { AttachedNetwork } from '../../../../src/containerizer/plan/network.ts';
import { type ContainerPlan, planContainer } from '../../../../src/containerizer/plan/plan.ts';
import { portsResource } from '../../../../src/containerizer/plan/ports.ts';
import type { ContainerRequest } from '../../../../src/containerizer/plan/request.ts';
import {
  type ContainerInfo,
  ContainerInfo_DockerInfo_Network as Network,
} from '../../../../src/model/generated/messages.ts';
import { docker, host, isolators, machine, request } from './requests.ts';

const FILES: Readonly<Record<string, string>> = {
  '/etc/hosts': '10.9.9.9 machine\n',
  '/etc/hostname': 'machine\n',
  '/etc/resolv.conf':
    'search lan\nnameserver 127.0.0.1\nnameserver fd00::53\nnameserver 10.9.0.53\n',
};

interface Around {
  readonly files?: Readonly<Record<string, string>>;
  readonly networks?: DockerNetworks;
  readonly request?: Partial<ContainerRequest>;
}

function planOf(container: ContainerInfo, around: Around = {}): ContainerPlan | string {
  const { files = FILES, networks = machine.networks } = around;
  const own = dockerContainers({ ...machine, networks, text: (path) => files[path] ?? '' });
  const result = planContainer(
    {
      ...request(container, { shell: false }),
      resources: [portsResource([{ begin: 31_000, end: 31_009 }])],
      ...around.request,
    },
    host,
    isolators.map((it) => (it.name === own.name ? own : it)),
  );
  return result.kind === 'refusal' ? result.text : result.plan;
}

const attached = (...addresses: string[]): AttachedNetwork => ({
  namespace: '/run/ns/c1',
  hostname: 'c1',
  infos: [{ name: 'n', ip_addresses: addresses.map((ip_address) => ({ ip_address })) }],
  dns: undefined,
});

/** By the names of files in /etc. */
function filesOf(container: ContainerInfo, around: Around): Record<string, string> {
  const plan = planOf(container, around);
  if (typeof plan === 'string') {
    throw new Error(plan);
  }
  return Object.fromEntries(
    plan.volumeMounts.flatMap(({ source, target }) =>
      source.kind === 'text' ? [[target.below[0], source.text]] : [],
    ),
  );
}

const bridge = docker({ network: Network.BRIDGE });

describe('what is asked for', () => {
  test('BRIDGE is the network that the operator says, with the ports', () => {
    const port_mappings = [
      { host_port: 31_000, container_port: 80 },
      { host_port: 31_009, container_port: 53, protocol: 'UDP' },
    ];
    const labels = { labels: [{ key: 'k', value: 'v' }] };
    const container = docker(
      { network: Network.BRIDGE, port_mappings },
      { network_infos: [{ groups: ['g'], labels }] },
    );
    expect(planOf(container)).toMatchObject({
      network: {
        kind: 'cni',
        networks: [
          {
            name: 'own-bridge',
            groups: ['g'],
            labels,
            port_mappings: [
              { host_port: 31_000, container_port: 80, protocol: 'tcp' },
              { host_port: 31_009, container_port: 53, protocol: 'udp' },
            ],
          },
        ],
        hostname: 'c1',
      },
    });
  });

  test('USER is the network of that name, with the address', () => {
    const container = docker(
      { network: Network.USER, parameters: [{ key: 'ip', value: '10.1.0.7' }] },
      { network_infos: [{ name: 'mine' }], hostname: 'web' },
    );
    expect(planOf(container)).toMatchObject({
      network: {
        networks: [{ name: 'mine', ip_addresses: [{ ip_address: '10.1.0.7' }] }],
        hostname: 'web',
      },
    });
  });

  test('others are in no network', () => {
    expect(planOf(docker())).toMatchObject({ network: undefined });
    expect(planOf(docker({ network: Network.NONE }))).toMatchObject({ network: undefined });
  });

  test("a port that is not the task's is refused, wherever it is asked for", () => {
    const port_mappings = [{ host_port: 31_010, container_port: 80 }];
    const parameters = [{ key: 'publish', value: '31010:80' }];
    for (const more of [{ port_mappings }, { parameters }]) {
      expect(planOf(docker({ network: Network.BRIDGE, ...more }))).toBe(
        'Failed to create docker run options: Port [31010] not included in resources',
      );
    }
  });
});

test('what is attached is its namespace, in which it has a name of its own', () => {
  const network = attached('172.17.0.2');
  expect(planOf(bridge, { request: { network } })).toMatchObject({
    namespaces: { network: 'own', uts: 'own' },
    networkNamespace: '/run/ns/c1',
    hostname: 'c1',
    environment: { HOSTNAME: 'c1' },
  });
});

test("an executor of the framework's listens on all addresses", () => {
  const network = attached('172.17.0.2');
  const ofExecutor = planOf(bridge, { request: { network, task: undefined } });
  expect(ofExecutor).toMatchObject({ environment: { LIBPROCESS_IP: '0.0.0.0' } });
  expect(planOf(bridge, { request: { network } })).not.toMatchObject({
    environment: { LIBPROCESS_IP: expect.anything() },
  });
});

describe('names', () => {
  test('it knows itself, by each of its addresses, and those that are added', () => {
    const container = docker({
      network: Network.BRIDGE,
      parameters: [{ key: 'add-host', value: 'db:10.0.0.7' }],
    });
    const network = attached('172.17.0.2', 'fd00::2');
    const files = filesOf(container, { request: { network } });
    expect(files.hostname).toBe('c1\n');
    expect(files.hosts).toBe(
      [
        '127.0.0.1\tlocalhost',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        'fe00::\tip6-localnet',
        'ff00::\tip6-mcastprefix',
        'ff02::1\tip6-allnodes',
        'ff02::2\tip6-allrouters',
        '10.0.0.7\tdb',
        '172.17.0.2\tc1',
        'fd00::2\tc1',
        '',
      ].join('\n'),
    );
  });

  const resolving = (around: Around = {}, parameters: [string, string][] = []) =>
    filesOf(
      docker({
        network: Network.BRIDGE,
        parameters: parameters.map(([key, value]) => ({ key, value })),
      }),
      { request: { network: attached('172.17.0.2') }, ...around },
    )['resolv.conf'];
  const own = (text: string, more: Readonly<Record<string, string>> = {}) =>
    resolving({ files: { '/etc/resolv.conf': text, ...more } });

  test("the machine's servers are its own, but for those that it does not reach", () => {
    expect(resolving()).toBe('search lan\nnameserver 10.9.0.53\n');
    expect(resolving({ request: { network: attached('172.17.0.2', 'fd00::2') } })).toBe(
      'search lan\nnameserver fd00::53\nnameserver 10.9.0.53\n',
    );
  });

  test('where none is left there are those that docker has', () => {
    expect(own('options edns0\nnameserver 127.0.0.1\nnameserver ::1\n')).toBe(
      'options edns0\nnameserver 8.8.8.8\nnameserver 8.8.4.4\n',
    );
    expect(own('')).toBe('nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  });

  test('where systemd-resolved answers on the machine there are those that it asks', () => {
    const resolved = { '/run/systemd/resolve/resolv.conf': 'nameserver 10.8.0.53\n' };
    expect(own('nameserver 127.0.0.53\n', resolved)).toBe('nameserver 10.8.0.53\n');
    expect(own('nameserver 127.0.0.53\nnameserver 10.9.0.53\n', resolved)).toBe(
      'nameserver 10.9.0.53\n',
    );
  });

  const dns = (server: string) => ({ nameservers: [server], search: ['x'], options: ['ndots:2'] });
  const ofNetwork: Around = {
    request: { network: { ...attached('172.17.0.2'), dns: { ...dns('10.7.0.53'), domain: 'd' } } },
  };

  test('those of the network come before these', () => {
    expect(resolving(ofNetwork)).toBe(
      'domain d\nsearch x\noptions ndots:2\nnameserver 10.7.0.53\n',
    );
  });

  test("then those of the operator's for it, and first of all those of the task", () => {
    const ofBridge = { docker: { networks: new Map(), others: dns('1.1.1.1') } };
    const networks = { ...machine.networks, dns: { ...ofBridge, dockerBridge: dns('10.6.0.53') } };
    expect(resolving({ ...ofNetwork, networks })).toBe(
      'search x\noptions ndots:2\nnameserver 10.6.0.53\n',
    );
    expect(resolving({ ...ofNetwork, networks }, [['dns', '10.5.0.53']])).toBe(
      'search x\noptions ndots:2\nnameserver 10.5.0.53\n',
    );
  });
});
