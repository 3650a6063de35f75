// What network/cni makes of a request, before its networks are there and then.
import { describe, expect, test } from 'vitest';
import { networkCni } from '../../../src/containerizer/isolators/network-cni.ts';
import type { AttachedNetwork } from '../../../src/containerizer/plan/network.ts';
import { planContainer } from '../../../src/containerizer/plan/plan.ts';
import type { ContainerRequest } from '../../../src/containerizer/plan/request.ts';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  type NetworkInfo,
} from '../../../src/model/generated/messages.ts';
import { type ContainerId, containerId } from '../../../src/model/ids.ts';

interface Asked extends Partial<ContainerRequest> {
  readonly info?: Partial<ContainerInfo> | undefined;
  readonly above?: AttachedNetwork | undefined;
}

const infoOf = (info: Partial<ContainerInfo>): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  ...info,
});

function planned(id: ContainerId, { info, above, ...more }: Asked) {
  const result = planContainer(
    {
      id,
      kind: 'nested',
      sandbox: 'slaves/s/runs/c1',
      environment: { LIBPROCESS_IP: '10.0.0.1' },
      command: { value: 'true' },
      resources: [],
      isBound: false,
      ...(info !== undefined && { container: infoOf(info) }),
      ...more,
    },
    { workDirectory: '/agent', cgroups: [], networkAbove: above },
    [networkCni],
  );
  return result.kind === 'plan' ? result.plan : result.text;
}

const root = containerId('c1');
const nested = containerId('c1.n1');
const net = (name: string): NetworkInfo => ({ name });
const attached: AttachedNetwork = {
  namespace: '/run/c1/ns',
  hostname: 'c1',
  infos: [{ name: 'net', ip_addresses: [{ ip_address: '10.66.0.9' }, { ip_address: 'fd00::9' }] }],
  dns: { nameservers: ['10.66.0.1'], domain: 'd', search: ['a', 'b'], options: ['ndots:2'] },
};
const file = (name: string, text: string) => ({
  source: { kind: 'text', text },
  target: { top: '/etc', below: [name] },
  isReadOnly: false,
});
const FILES = [
  file('hostname', 'c1\n'),
  file('hosts', '127.0.0.1 localhost\n::1 localhost\n10.66.0.9 c1\nfd00::9 c1\n'),
  file('resolv.conf', 'domain d\nsearch a b\noptions ndots:2\nnameserver 10.66.0.1\n'),
];

describe('a container that names networks', () => {
  test('asks for them in their order, and for no others', () => {
    const networks = [net('b'), {}, net('a')];
    expect(planned(root, { info: { network_infos: networks } })).toMatchObject({
      network: { kind: 'cni', networks: [net('b'), net('a')], hostname: 'c1' },
      namespaces: { network: 'agent' },
    });
  });

  test('is in the namespace that was attached, with files of its own', () => {
    expect(
      planned(root, { info: { network_infos: [net('net')] }, network: attached }),
    ).toMatchObject({
      namespaces: { network: 'own', uts: 'own', mount: 'own', pid: 'agent' },
      networkNamespace: '/run/c1/ns',
      hostname: 'c1',
      environment: { LIBPROCESS_IP: '0.0.0.0' },
      volumeMounts: FILES,
    });
  });

  test('has the machine’s resolv.conf where nobody says another', () => {
    const network = { ...attached, dns: undefined };
    expect(planned(root, { info: { network_infos: [net('net')] }, network })).toMatchObject({
      volumeMounts: FILES.slice(0, 2),
    });
  });

  test('calls its machine as it likes, within what the kernel takes', () => {
    const asked = (hostname: string, id = root) =>
      planned(id, { info: { network_infos: [net('net')], hostname } });
    expect(asked('my.host')).toMatchObject({ network: { hostname: 'my.host' } });
    for (const hostname of ['', 'a\n127.0.0.1 b', '-x', 'a/b', 'x'.repeat(65), 'a b', '\0']) {
      expect(asked(hostname)).toMatch(/^'container.hostname' .* is no host name/);
    }
  });

  test('may not name one twice', () => {
    expect(planned(root, { info: { network_infos: [net('a'), net('b'), net('a')] } })).toBe(
      "Attempted to join CNI network 'a' multiple times",
    );
  });

  test('keeps what its own command says of the address to listen on', () => {
    const variables = [{ name: 'LIBPROCESS_IP', value: '10.66.0.9' }];
    const command = { value: 'true', environment: { variables } };
    const info = { network_infos: [net('net')] };
    expect(planned(root, { info, command, network: attached })).toMatchObject({
      environment: { LIBPROCESS_IP: '10.66.0.9' },
    });
  });
});

describe('a nested container', () => {
  test('shares the network above it, with its files', () => {
    expect(planned(nested, { above: attached })).toMatchObject({
      network: undefined,
      namespaces: { network: 'parent', uts: 'parent', mount: 'own' },
      networkNamespace: undefined,
      hostname: undefined,
      volumeMounts: FILES,
    });
  });

  test('has one of its own where it names one', () => {
    const info = { network_infos: [net('other')] };
    expect(planned(nested, { info, above: attached })).toMatchObject({
      network: { networks: [net('other')], hostname: 'n1' },
    });
  });

  test('is told of its address where it is told of one', () => {
    const taskEnvironment = { MESOS_CONTAINER_IP: '10.0.0.1' };
    expect(planned(nested, { above: attached, taskEnvironment })).toMatchObject({
      environment: { MESOS_CONTAINER_IP: '10.66.0.9' },
    });
    expect(planned(nested, { taskEnvironment })).toMatchObject({
      environment: { MESOS_CONTAINER_IP: '10.0.0.1' },
    });
  });

  test('has no host name of its own in a network of another', () => {
    for (const above of [attached, undefined]) {
      expect(planned(nested, { info: { hostname: 'mine' }, above })).toMatch(
        /^'container.hostname' is not supported/,
      );
    }
  });
});

test('a container on the agent’s network sees what the agent sees', () => {
  const plan = planned(root, { info: { network_infos: [{}] } });
  expect(plan).toMatchObject({
    network: undefined,
    namespaces: { network: 'agent', uts: 'agent', mount: 'agent' },
    volumeMounts: [],
    environment: { LIBPROCESS_IP: '10.0.0.1' },
  });
});
