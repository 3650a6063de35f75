// Containers of type DOCKER in networks of their own: what a test has done by a process that is in
// a network of the test's own, where addresses and rules of the machine do not matter.
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NO_DNS } from '../../../src/containerizer/networks/container-dns.ts';
import { portsResource } from '../../../src/containerizer/plan/ports.ts';
import {
  type ContainerInfo,
  type ContainerInfo_DockerInfo,
  HealthCheck_Type,
  ContainerInfo_DockerInfo_Network as Network,
  type NetworkInfo,
  type TaskInfo,
  TaskState,
} from '../../../src/model/generated/messages.ts';
import type { ContainerId } from '../../../src/model/ids.ts';
import { type DockerContainer, docker } from '../../agent-driver/docker-info.ts';
import { DriverHarness } from '../../agent-driver/harness.ts';
import { openTestImages } from '../../support/test-images.ts';

const execute = promisify(execFile);

const IMAGES = { base: { environment: ['PATH=/bin'], user: '' } };

/** Another network, as an operator configures it. */
const MINE = {
  cniVersion: '0.4.0',
  name: 'mine',
  plugins: [
    {
      type: 'bridge',
      bridge: 'mine0',
      isGateway: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.66.0.0/24' }]] },
      capabilities: { ips: true },
    },
  ],
};

class World {
  readonly harness: DriverHarness;

  private constructor(harness: DriverHarness) {
    this.harness = harness;
  }

  static async open(folder: string): Promise<World> {
    const configurations = join(folder, 'configurations');
    mkdirSync(configurations, { recursive: true });
    const leases = { ...MINE.plugins[0]?.ipam, dataDir: join(folder, 'leases') };
    const mine = { ...MINE, plugins: [{ ...MINE.plugins[0], ipam: leases }] };
    writeFileSync(join(configurations, 'mine.conflist'), JSON.stringify(mine));
    const work = join(folder, 'work');
    const images = await openTestImages({ work, store: join(folder, 'store') }, IMAGES);
    const harness = await DriverHarness.open(work, {
      containerizers: ['docker'],
      images: { ...images, support: { ...images.support, types: [] } },
      networks: {
        namespaces: join(folder, 'namespaces'),
        cni: { configFolder: configurations, pluginFolders: '/usr/lib/cni' },
        hasMetrics: false,
        dns: NO_DNS,
      },
    });
    return new World(harness);
  }

  launch(value: string, container: ContainerInfo, more: Partial<TaskInfo> = {}): ContainerId {
    const resources = [portsResource([{ begin: 31_000, end: 31_001 }])];
    const task = { command: { value }, container, resources, ...more };
    return this.harness.launch({ task, resources });
  }

  async outputOf(value: string, container: ContainerInfo): Promise<string> {
    const id = this.launch(value, container);
    const { failure } = await this.harness.ended(id);
    const said = failure ?? this.harness.statuses(id).at(-1)?.message;
    const path = this.harness.inSandbox(id, 'stdout');
    return `${said}\n${existsSync(path) ? readFileSync(path, 'utf8') : ''}`;
  }

  async networksOf(id: ContainerId): Promise<readonly NetworkInfo[] | undefined> {
    const { containerStatus } = await this.harness.started(id);
    return containerStatus?.network_infos;
  }
}

const inNetwork = (network: Network, { docker: more, ...info }: DockerContainer = {}) =>
  docker('base', { ...info, docker: { network, ...more } });

const published = { port_mappings: [{ host_port: 31_000, container_port: 80 }] };
const SERVING = 'echo hello > /index.html; exec busybox httpd -f -p 80 -h /';

const CHECKED = {
  type: HealthCheck_Type.HTTP,
  http: { port: 80 },
  delay_seconds: 0,
  interval_seconds: 0.05,
  grace_period_seconds: 60,
};

const textAt = async (url: string) => (await fetch(url)).text();

/** What is on the machine of containers. */
const remains = () => ({
  links: execFileSync('ip', ['-brief', 'link'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('veth')).length,
  rules: execFileSync('iptables-save', { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('-A CNI-DN-') || line.includes('172.18.0.')).length,
  leases: readdirSync('/run/mesoscale/docker-bridge/docker-bridge').filter((it) =>
    it.startsWith('172.'),
  ).length,
});

export interface Bridged {
  readonly networks: readonly NetworkInfo[] | undefined;
  readonly inspected: { readonly NetworkSettings: unknown };
  readonly served: { readonly byAddress: string; readonly byPort: string };
  readonly loopback: string;
  readonly client: string;
  readonly second: string;
  readonly taken: string;
  readonly during: ReturnType<typeof remains>;
  readonly after: ReturnType<typeof remains>;
}

/** What a container hears that sends packets for 127.0.0.1 to the machine; `none`: nothing. */
async function machineLoopback(namespace: string, address: string): Promise<string> {
  const secret = createServer((socket) => socket.end('secret')).listen(0, '127.0.0.1');
  await once(secret, 'listening');
  const { port } = secret.address() as AddressInfo;
  const script = `
    echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet
    ip rule add pref 100 lookup local
    ip rule del pref 0
    ip route add 127.0.0.1 via ${address.replace(/\d+$/, '1')} table 50
    ip rule add pref 10 to 127.0.0.1 lookup 50
    busybox nc -w 1 127.0.0.1 ${port} 2>&1 || echo none
    ip rule del pref 10
    ip rule add pref 0 lookup local`;
  const { stdout } = await execute('nsenter', [`--net=${namespace}`, 'sh', '-ec', script]);
  secret.close();
  return stdout;
}

/** A server in the network BRIDGE, with a port of the machine, and another container beside it. */
export async function bridged(folder: string): Promise<Bridged> {
  const world = await World.open(folder);
  const { harness } = world;
  const container = inNetwork(Network.BRIDGE, { docker: published });
  const server = world.launch(SERVING, container, { health_check: CHECKED });
  const { data = new Uint8Array() } = await harness.status(server, TaskState.TASK_RUNNING);
  const networks = await world.networksOf(server);
  // It is looked for at 127.0.0.1, in the network of the container.
  await harness.until(() => harness.statuses(server).find(({ healthy }) => healthy === true));
  const address = networks?.[0]?.ip_addresses?.[0]?.ip_address ?? '';
  const served = {
    byAddress: await textAt(`http://${address}/`),
    byPort: await textAt('http://127.0.0.1:31000/'),
  };
  const client = await world.outputOf(
    `busybox wget -qO- http://${address}/; busybox tail -n 2 /etc/hosts; busybox hostname; ` +
      'cat /etc/resolv.conf; ls /sys/class/net',
    inNetwork(Network.BRIDGE, {
      hostname: 'client',
      docker: { parameters: [{ key: 'add-host', value: 'db:10.0.0.7' }] },
    }),
  );
  const loopback = await machineLoopback(join(folder, 'namespaces', server, 'ns'), address);
  const second = await world.outputOf('true', inNetwork(Network.BRIDGE, { docker: published }));
  const listener = createServer().listen(31_001);
  await once(listener, 'listening');
  const port_mappings = [{ host_port: 31_001, container_port: 80 }];
  const taken = await world.outputOf(
    'true',
    inNetwork(Network.BRIDGE, { docker: { port_mappings } }),
  );
  listener.close();
  const during = remains();
  await harness.destroy(server);
  const after = remains();
  await harness.end();
  return {
    networks,
    inspected: JSON.parse(new TextDecoder().decode(data))[0],
    served,
    client,
    loopback,
    second,
    taken,
    during,
    after,
  };
}

export interface Named {
  readonly asked: string;
  readonly unknown: string;
  readonly unmapped: string;
}

/** Containers in networks that they name. */
export async function named(folder: string): Promise<Named> {
  const world = await World.open(folder);
  const value = 'busybox ip -o -4 addr show eth0';
  const user = (name: string, more: Partial<ContainerInfo_DockerInfo> = {}) =>
    inNetwork(Network.USER, { network_infos: [{ name }], docker: more });
  const parameters = [{ key: 'ip', value: '10.66.0.77' }];
  const outputs = await Promise.all([
    world.outputOf(value, user('mine', { parameters })),
    world.outputOf(value, user('other')),
    world.outputOf(value, user('mine', published)),
  ]);
  const [asked = '', unknown = '', unmapped = ''] = outputs;
  await world.harness.end();
  return { asked, unknown, unmapped };
}

/** How tasks end, each of which has the same port of the machine as the one before it. */
export async function handedOn(folder: string): Promise<readonly string[]> {
  const world = await World.open(folder);
  const { harness } = world;
  const ends: string[] = [];
  for (let at = 0; at < 4; at++) {
    const id = world.launch('true', inNetwork(Network.BRIDGE, { docker: published }));
    const end = await Promise.race([harness.terminalStatus(id), harness.ended(id)]);
    ends.push(String('state' in end ? end.message : end.failure));
  }
  await harness.end();
  return ends;
}
