// Tasks of type DOCKER as frameworks that have moved over from a Docker daemon ask for them: with
// the network BRIDGE, of a bridge that nobody has configured. This needs root.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LITTLE, until } from '../../support/cluster.ts';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { addressesOf, isHealthy, NetworkCluster, service } from './network-cluster.ts';

let cluster: NetworkCluster;
let flags: string[];

beforeAll(async () => {
  if (canMakeNetworks) {
    cluster = await NetworkCluster.make();
    // Addresses in use are noted there, for all agents of a machine.
    await cluster.machine.run('mount', '-t', 'tmpfs', 'none', '/run');
    cluster.networks.image('base');
    const [, registry = ''] = cluster.networks.imageFlags;
    flags = ['--containerizers=docker', registry];
    await cluster.start({ agent: flags });
  }
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const ports = (begin: number) => ({
  name: 'ports',
  type: 'RANGES',
  ranges: { range: [{ begin, end: begin }] },
});

/** As Marathon writes one. */
const bridged = (name: string, value: string, hostPort = 31_001) => ({
  name,
  task_id: { value: name },
  resources: [...LITTLE, ports(31_001)],
  command: { value },
  container: {
    type: 'DOCKER',
    docker: {
      image: 'base',
      network: 'BRIDGE',
      port_mappings: [{ host_port: hostPort, container_port: 80, protocol: 'tcp' }],
      // A first process has to ask for signals that end it.
      parameters: [{ key: 'init', value: 'true' }],
    },
    network_infos: [{ name: 'mesos-bridge', ip_addresses: [{}] }],
  },
  health_check: {
    type: 'HTTP',
    http: { port: 80 },
    delay_seconds: 0,
    interval_seconds: 0.1,
    grace_period_seconds: 60,
  },
});

describe.runIf(canMakeNetworks)('a task in the network BRIDGE', () => {
  test('is reached by its address and by a port, and goes on when its agent is killed', async () => {
    const program = cluster.execute('web', 'task', bridged('web', service('web')), '--checkpoint');
    const [task] = await cluster.running('web');
    const address = (task && addressesOf(task)['mesos-bridge']?.[0]) ?? expect.fail();
    expect(address).toMatch(/^172\./);
    const urls = [`http://${address}/`, 'http://127.0.0.1:31001/'];
    const answers = () => cluster.machine.run('curl', '-sS', ...urls);
    await until('it is healthy', async () => (await cluster.running('web')).every(isHealthy));
    expect(await answers()).toBe('web\nweb\n');
    await cluster.agentProgram.kill('SIGKILL');
    await cluster.startAgent(flags);
    await cluster.agentRegistered();
    expect(await answers()).toBe('web\nweb\n');
    const { text } = await cluster.call('GET_CONTAINERS', {});
    expect(text).toContain(address);
    await program.kill('SIGINT');
    await cluster.empty();
  });

  test('has no port of the machine that it was not given', async () => {
    const { other } = await cluster.ends({ other: bridged('other', 'true', 31_002) });
    expect(other?.message).toContain('Port [31002] not included in resources');
  });
});
