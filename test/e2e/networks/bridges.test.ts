// Containers with CNI networks of their own, as users have them: a master, an agent and the plugins
// of Debian on a machine of the test's own. This needs root.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/cluster.ts';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { addressesOf, isHealthy, joining, NetworkCluster, service } from './network-cluster.ts';

const DNS = {
  mesos: [{ network_mode: 'CNI', network_name: 'two', dns: { nameservers: ['10.66.2.53'] } }],
};

let cluster: NetworkCluster;

beforeAll(async () => {
  if (canMakeNetworks) {
    cluster = await NetworkCluster.make('one', 'two');
    cluster.networks.bridge('six', { subnets: ['fd66::/64'] });
    cluster.networks.image('base');
    const flags = [
      `--default_container_dns=${JSON.stringify(DNS)}`,
      ...cluster.networks.imageFlags,
    ];
    await cluster.start({ agent: [...cluster.networks.flags, ...flags] });
  }
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const sh = (script: string) => cluster.machine.shell(script);

/** What one of a group has printed. */
const linesOf = (log: string, name: string) =>
  log
    .split('\n')
    .filter((line) => line.startsWith(`[${name}] `))
    .map((line) => line.slice(name.length + 3));

const ADDRESSES = "ip -o address show scope global | awk '{print $2, $4}'";

describe.runIf(canMakeNetworks)('containers on networks of their own', () => {
  test('serve at addresses of their own, and at ports of the machine', async () => {
    const names = ['web1', 'web2', 'web3'];
    const programs = names.map((name, at) => {
      const port_mappings = [{ host_port: 31_001 + at, container_port: 80 }];
      return cluster.launched(joining(name, service(name), [{ name: 'one', port_mappings }]));
    });
    const addresses = (await cluster.running(...names)).map((it) => addressesOf(it).one?.[0] ?? '');
    expect(new Set(addresses).size).toBe(3);
    const all = addresses.map((address) => `http://${address}/`).join(' ');
    const said = names.map((name) => `${name}\n`).join('');
    // On the machine, in another container, and from another machine.
    await until('all answer', async () => (await sh(`curl -sS ${all}`)) === said);
    const client = cluster.launched(joining('client', `curl -sS ${all}`, ['one']));
    expect(await client.ended()).toBe(0);
    expect(client.log).toContain(said);
    const outside = join(cluster.folder, 'outside');
    await sh(`
      touch ${outside} && unshare --net=${outside} true
      ip link add out0 type veth peer name in0 netns ${outside}
      ip address add 192.0.2.1/24 dev out0 && ip link set out0 up
      nsenter --net=${outside} sh -ec '
        ip link set lo up && ip address add 192.0.2.2/24 dev in0 && ip link set in0 up'`);
    const ports = names.map((_, at) => `http://192.0.2.1:${31_001 + at}/`).join(' ');
    expect(await sh(`nsenter --net=${outside} curl -sS ${ports}`)).toBe(said);
    // The client's network goes after its program has.
    await until(
      'each service has a lease, link, namespace and record, and nobody else',
      async () => {
        const { rules, ...things } = await cluster.remains();
        const isThree = Object.values(things).every((it) => it.length === 3);
        return isThree && rules.length >= 3 * 3;
      },
    );
    await Promise.all(programs.map((program) => program.kill('SIGINT')));
    await cluster.empty();
  });

  test('of a group share that of their executor, or have one that they name', async () => {
    const stay = `${ADDRESSES}; exec sleep 100`;
    const tasks = [
      joining('serve', service('serve'), []),
      joining('ask', `until curl -s 127.0.0.1; do sleep 0.05; done; ${stay}`, []),
      joining('alone', `curl -s -m 3 127.0.0.1 || echo nobody; ${stay}`, ['two']),
    ];
    const group = cluster.execute('group', 'task_group', { tasks }, '--networks=one');
    const [first, second, third] = (await cluster.running('serve', 'ask', 'alone')).map(
      addressesOf,
    );
    expect(first).toEqual({ one: [expect.stringMatching(/^10\.66\.1\./)] });
    expect(second).toEqual(first);
    expect(third).toEqual({ two: [expect.stringMatching(/^10\.66\.2\./)] });
    await until('both have printed', () =>
      ['ask', 'alone'].every((name) => linesOf(group.log, name).length === 2),
    );
    expect(linesOf(group.log, 'ask')).toEqual(['serve', `eth0 ${first?.one}/24`]);
    expect(linesOf(group.log, 'alone')).toEqual(['nobody', `eth0 ${third?.two}/24`]);
    // A look into each is on the same network.
    const look = ['sh', '-c', `${ADDRESSES}; cat /etc/hosts`];
    const looks = ['ask', 'alone'].map((name) =>
      cluster.run(
        ['task', 'exec', `--master=${cluster.address}`, name, ...look],
        `exec-${name}.log`,
      ),
    );
    expect(await Promise.all(looks.map((it) => it.ended()))).toEqual([0, 0]);
    expect(looks[0]?.log).toContain(`eth0 ${first?.one}/24\n127.0.0.1 localhost\n${first?.one} `);
    expect(looks[1]?.log).toContain(`eth0 ${third?.two}/24\n127.0.0.1 localhost\n${third?.two} `);
    await group.kill('SIGINT');
    await cluster.empty();
  });

  test('know names as their networks and the operator say', async () => {
    const files = 'cat /etc/hostname /etc/hosts /etc/resolv.conf; hostname';
    const given = joining('given', `${files}; ${ADDRESSES}`, ['one', 'six'], {
      container: { hostname: 'my.host' },
    });
    const inImage = joining(
      'image',
      'cat /etc/hosts /etc/resolv.conf /etc/os-release; busybox ip -o -4 address show eth0',
      ['two'],
      { container: { mesos: { image: { type: 'DOCKER', docker: { name: 'base' } } } } },
    );
    const group = cluster.execute('names', 'task_group', { tasks: [given, inImage] });
    expect(await group.ended()).toBe(0);
    const { log } = group;
    const [, v4 = '', v6 = ''] =
      /eth1 (10\.66\.3\.\d+)\/24\n.*eth1 (fd66::\w+)\/64\n/.exec(log) ?? [];
    const [, own = ''] = /eth0 (10\.66\.1\.\d+)\/24\n/.exec(log) ?? [];
    expect(v4).not.toBe('');
    const resolver = (await sh('cat /etc/resolv.conf')).trimEnd().split('\n');
    const hosts = ['127.0.0.1 localhost', '::1 localhost', `${own} my.host`, `${v6} my.host`];
    expect(linesOf(log, 'given').slice(0, -3)).toEqual([
      'my.host',
      ...hosts,
      ...resolver,
      'my.host',
    ]);
    expect(linesOf(log, 'image')).toEqual([
      '127.0.0.1 localhost',
      expect.stringMatching(/^10\.66\.2\.\d+ [-0-9a-f]{36}$/),
      'nameserver 10.66.2.53',
      'NAME=base',
      expect.stringContaining(' inet 10.66.2.'),
    ]);
  });

  test('are checked from inside', async () => {
    const soon = { delay_seconds: 0, interval_seconds: 0.1, grace_period_seconds: 5 };
    const check = (type: string, port: number) => ({
      health_check: { ...soon, type, [type.toLowerCase()]: { port } },
    });
    const command = { type: 'COMMAND', command: { value: 'curl -sSf http://127.0.0.1/' } };
    const tasks = [
      joining('http', service('http'), [], check('HTTP', 80)),
      joining('tcp', service('tcp', 81), [], check('TCP', 81)),
      joining('command', 'exec sleep 100', [], { health_check: { ...soon, ...command } }),
    ];
    const group = cluster.execute('healthy', 'task_group', { tasks }, '--networks=one');
    await until('all are healthy', async () =>
      (await cluster.running('http', 'tcp', 'command')).every(isHealthy),
    );
    // The machine's master listens there, and nobody inside.
    const port = Number(cluster.address.split(':').at(-1));
    const wrong = cluster.launched(
      joining('wrong', 'exec sleep 100', ['one'], {
        health_check: { ...check('TCP', port).health_check, grace_period_seconds: 0 },
      }),
    );
    expect(await wrong.ended()).not.toBe(0);
    expect(wrong.log).toContain("TASK_KILLED for task 'wrong' (unhealthy)");
    await group.kill('SIGINT');
    await cluster.empty();
  });
});
