// Containers that share the machine's address, each with ports of its own, as users have them: a
// machine with a public link, and another one that this leads to. This needs root.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, until } from '../../support/cluster.ts';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { isHealthy, joining, NetworkCluster, service } from './network-cluster.ts';

const OUTSIDE = '10.9.0.1';
const MACHINE = '10.9.0.2';

let cluster: NetworkCluster;
let outside: string;

const FLAGS = [
  '--isolation=network/port_mapping,filesystem/linux,namespaces/pid',
  '--resources=cpus:4;mem:2048;disk:1024;ports:[31000-31099];ephemeral_ports:[32768-36863]',
  '--ephemeral_ports_per_container=512',
];

beforeAll(async () => {
  if (canMakeNetworks) {
    cluster = await NetworkCluster.make();
    outside = join(cluster.folder, 'outside');
    await sh(`
      touch ${outside} && unshare --net=${outside} true
      ip link add eth0 type veth peer name eth0 netns ${outside}
      ip address add ${MACHINE}/24 dev eth0 && ip link set eth0 up
      nsenter --net=${outside} sh -ec '
        ip address add ${OUTSIDE}/24 dev eth0 && ip link set eth0 up'
      ip route add default via ${OUTSIDE}
      echo '50000 60000' > /proc/sys/net/ipv4/ip_local_port_range`);
    await cluster.start({ agent: FLAGS });
  }
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const sh = (script: string) => cluster.machine.shell(script);

/** A task that has ten ports from this one on. */
const having = (name: string, value: string, begin: number, more = {}) =>
  joining(name, value, [], {
    resources: [
      ...LITTLE,
      { name: 'ports', type: 'RANGES', ranges: { range: [{ begin, end: begin + 9 }] } },
    ],
    ...more,
  });

/** Links and filters that there are for containers. */
const made = () =>
  sh(`
    ip -brief link | grep ^mesos || true
    for link in eth0 lo; do tc filter show dev $link parent ffff:; done`);

test.runIf(canMakeNetworks)('each is answered at its ports of the one address', async () => {
  const ports = [31_000, 31_010, 31_020];
  const names = ports.map((port) => `on-${port}`);
  const programs = ports.map((port, at) => {
    const health_check = { type: 'HTTP', http: { port }, delay_seconds: 0, interval_seconds: 0.1 };
    const name = names[at] ?? '';
    return cluster.launched(
      having(name, service(name, port), port, { health_check }),
      '--checkpoint',
    );
  });
  await until('all are healthy', async () => (await cluster.running(...names)).every(isHealthy));
  const said = names.map((name) => `${name}\n`).join('');
  const ask = (host: string) =>
    `curl -sS -m 5 ${ports.map((port) => `http://${host}:${port}/`).join(' ')}`;
  /** On the machine, at its loopback, and from another machine. */
  const answer = () =>
    until('they answer everywhere', async () => {
      const lines = [ask(MACHINE), ask('127.0.0.1'), `nsenter --net=${outside} ${ask(MACHINE)}`];
      return (await sh(lines.join(';'))) === said.repeat(lines.length);
    });
  await answer();
  expect(await made()).not.toBe('');
  const client = cluster.launched(having('client', `${ask(MACHINE)}; ${ask('127.0.0.1')}`, 31_030));
  expect(await client.ended()).toBe(0);
  // Between the lines are those about the task's states.
  const answers = client.log.split('\n').filter((line) => line.startsWith('on-'));
  expect(answers).toEqual([...names, ...names]);
  await cluster.agentProgram.kill('SIGKILL');
  await cluster.startAgent(FLAGS);
  await cluster.agentRegistered();
  await answer();
  await Promise.all(programs.map((program) => program.kill('SIGINT')));
  await until('nothing is left', async () => (await made()) === '');
  await cluster.empty();
});
