import { expect, test } from 'vitest';
import { networkListIn } from '../../../../src/containerizer/networks/cni/configuration.ts';
import { requestText } from '../../../../src/containerizer/networks/cni/request.ts';

function request(plugin: object, rest: object = {}) {
  const { list } = networkListIn(Buffer.from(JSON.stringify({ name: 'n', ...plugin })));
  const [first] = list.plugins;
  if (first === undefined) {
    throw new Error('There is no plugin');
  }
  const { cniVersion } = list;
  return requestText({ network: list, plugin: first, cniVersion, ...rest });
}

test('a plugin is told what Mesos tells it, in the same order', () => {
  const asked = {
    name: 'mocknet',
    labels: { labels: [{ key: 'k', value: 'v' }] },
    port_mappings: [{ host_port: 31001, container_port: 80 }],
  };
  const plugin = { cniVersion: '0.3.0', name: 'mocknet', type: 'mock', mode: 'good' };
  expect(request(plugin, { asked })).toBe(
    '{"args":{"org.apache.mesos":{"network_info":{"labels":{"labels":[{"key":"k","value":"v"}]},' +
      '"name":"mocknet","port_mappings":[{"container_port":80,"host_port":31001}]}}},' +
      '"cniVersion":"0.3.0","mode":"good","name":"mocknet","type":"mock"}',
  );
});

test('what a plugin is capable of is taken from what was asked for', () => {
  const asked = {
    name: 'n',
    ip_addresses: [{ ip_address: '10.1.0.7' }, { ip_address: '' }, { protocol: 1 as const }],
    port_mappings: [{ host_port: 31001, container_port: 80, protocol: 'UDP' }],
  };
  const capabilities = { portMappings: true, ips: true, mac: true, bandwidth: false };
  const all = JSON.parse(request({ type: 'mock', capabilities, args: { a: 1 } }, { asked }));
  expect(all).toMatchObject({
    runtimeConfig: {
      portMappings: [{ hostPort: 31001, containerPort: 80, protocol: 'udp' }],
      ips: ['10.1.0.7'],
    },
    args: { a: 1, 'org.apache.mesos': { network_info: { name: 'n' } } },
  });
  expect(all).not.toHaveProperty('capabilities');
  const none = JSON.parse(request({ type: 'mock', capabilities }, { asked: { name: 'n' } }));
  expect(none).not.toHaveProperty('runtimeConfig');
});

test('a plugin after the first one is told the result so far', () => {
  const prevResult = { cniVersion: '1.0.0', ips: [] };
  expect(JSON.parse(request({ type: 'mock' }, { prevResult }))).toEqual({
    name: 'n',
    type: 'mock',
    cniVersion: '0.1.0',
    prevResult,
  });
});
