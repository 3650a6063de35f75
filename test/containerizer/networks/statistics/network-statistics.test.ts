// Figures of real network namespaces, by the supervisor program and the kernel. This needs root,
// and the Debian package iproute2.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { supervisorProgram } from '../../../../src/containerizer/launchers/process/supervisor-program.ts';
import { NetworkNamespaces } from '../../../../src/containerizer/networks/namespaces.ts';
import {
  FiguresProgram,
  MACHINE,
} from '../../../../src/containerizer/networks/statistics/figures-program.ts';
import {
  type MeasuredNetwork,
  NetworkStatistics,
  type NetworkStatisticsOptions,
  NO_NETWORK_STATISTICS,
} from '../../../../src/containerizer/networks/statistics/network-statistics.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { programs, temporaryFolder } from '../../../agent-driver/harness.ts';
import { eventually } from '../../../agent-driver/outside.ts';
import { canMakeNetworks } from '../../../support/network-namespace.ts';
import { Running } from '../../../support/running.ts';
import { within } from '../links.ts';

let temporary: ReturnType<typeof temporaryFolder>;
let program: string;
let namespaces: NetworkNamespaces;
const open: { close(): void }[] = [];
const warnings: string[] = [];

beforeEach(async () => {
  temporary = temporaryFolder();
  program = await supervisorProgram(programs);
  namespaces = new NetworkNamespaces(join(temporary.path, 'networks'), program);
  warnings.length = 0;
});

afterEach(async () => {
  for (const it of open.splice(0)) {
    it.close();
  }
  for (const name of await namespaces.names()) {
    await namespaces.remove(name);
  }
  temporary[Symbol.dispose]();
});

function closing<T extends { close(): void }>(it: T): T {
  open.push(it);
  return it;
}

function statistics(
  options: Partial<NetworkStatisticsOptions> = {},
  networks: readonly MeasuredNetwork[] = [],
  path = program,
): NetworkStatistics {
  return closing(
    new NetworkStatistics({
      program: path,
      options: { ...NO_NETWORK_STATISTICS, ...options },
      networks: () => networks,
      warn: (text) => warnings.push(text),
    }),
  );
}

/** Two namespaces with a link between them; 10.0.0.1 is in the first. */
async function linked(): Promise<[one: string, other: string]> {
  const [one, other] = [await namespaces.make('c1'), await namespaces.make('c2')];
  within(one, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'host0', 'netns', other);
  within(one, 'ip', 'addr', 'add', '10.0.0.1/24', 'dev', 'eth0');
  within(other, 'ip', 'addr', 'add', '10.0.0.2/24', 'dev', 'host0');
  within(one, 'ip', 'link', 'set', 'eth0', 'up');
  within(other, 'ip', 'link', 'set', 'host0', 'up');
  return [one, other];
}

/** Both end with their input. */
const SERVER = `
  process.stdin.on('end', () => process.exit()).resume();
  require('node:net').createServer((socket) => socket.write(Buffer.alloc(2_000_000)))
    .listen(7, '10.0.0.1', () => console.log('ready'));
`;
const CLIENT = `
  process.stdin.on('end', () => process.exit()).resume();
  let bytes = 0;
  require('node:net').connect(7, '10.0.0.1').on('data', (it) => {
    bytes += it.length;
    if (bytes === 2_000_000) console.log('received');
  });
`;

const node = (namespace: string, script: string) =>
  new Running('nsenter', [`--net=${namespace}`, '--', process.execPath, '--eval', script]);

/** Two megabytes over a connection from the first to the second, which stays until it is ended. */
async function transfer(one: string, other: string): Promise<{ end(): Promise<unknown> }> {
  const server = node(one, SERVER);
  await server.shows('ready');
  const client = node(other, CLIENT);
  await client.shows('received');
  const both = [server, client];
  return { end: () => Promise.all(both.map((it) => it.end('').status)) };
}

function bytesOf(namespace: string, link: string): { received: number; sent: number } {
  const text = within(namespace, 'ip', '-json', '-stats', 'link', 'show', 'dev', link);
  const [{ stats64 }] = JSON.parse(text);
  return { received: stats64.rx.bytes, sent: stats64.tx.bytes };
}

const container = (namespace: string, more: Partial<MeasuredNetwork> = {}): MeasuredNetwork => ({
  id: containerId('c'),
  namespace,
  links: ['eth0'],
  ...more,
});

describe.runIf(canMakeNetworks)('the network of a container', () => {
  test('is told by what went through its links, and by no more than was asked for', async () => {
    const [one, other] = await linked();
    const connection = await transfer(one, other);
    const all = statistics({ hasSnmp: true, hasSockets: true, hasTimes: true });
    const told = await all.of(container(one));
    expect(told.net_tx_bytes).toBeGreaterThan(2_000_000);
    expect(told.net_rx_packets).toBeGreaterThan(3);
    expect(told.net_snmp_statistics?.tcp_stats).toMatchObject({ PassiveOpens: 1, CurrEstab: 1 });
    expect(told.net_snmp_statistics?.ip_stats?.InReceives).toBeGreaterThan(3);
    // That which listens, and the connection.
    expect(told.net_tcp_active_connections).toBe(2);
    expect(told.net_tcp_rtt_microsecs_p50).toBeGreaterThan(0);
    expect(told.net_tcp_rtt_microsecs_p99).toBe(told.net_tcp_rtt_microsecs_p50);
    // The server has ended first.
    await connection.end();
    const few = await statistics().of(container(other, { links: ['host0', 'none'] }));
    expect(few.net_rx_bytes).toBeGreaterThan(2_000_000);
    expect(Object.keys(few)).toHaveLength(8);
    expect(warnings).toEqual([]);
  });

  test('is counted at the end that the machine has, with what limits its rates', async () => {
    const [one, machine] = await linked();
    const limit = ['root', 'handle', '1:', 'htb', 'default', '1'];
    within(one, 'tc', 'qdisc', 'add', 'dev', 'eth0', ...limit);
    within(machine, 'tc', 'qdisc', 'add', 'dev', 'host0', ...limit);
    await (await transfer(one, machine)).end();
    const there = join(temporary.path, 'there');
    writeFileSync(there, `#!/bin/sh\nexec /usr/bin/nsenter --net=${machine} -- ${program} "$@"\n`);
    chmodSync(there, 0o755);
    const first = bytesOf(machine, 'host0');
    const told = await statistics({}, [], there).of(container(one, { machineLink: 'host0' }));
    const last = bytesOf(machine, 'host0');
    // What one end receives, the other has sent; the kernel says a word now and then meanwhile.
    expect(told.net_tx_bytes).toBeGreaterThanOrEqual(first.received);
    expect(told.net_tx_bytes).toBeLessThanOrEqual(last.received);
    expect(told.net_rx_bytes).toBeGreaterThanOrEqual(first.sent);
    expect(told.net_rx_bytes).toBeLessThanOrEqual(last.sent);
    expect(first.received).toBeGreaterThan(2_000_000);
    expect(last.sent).toBeLessThan(2_000_000);
    const queues = told.net_traffic_control_statistics ?? [];
    expect(queues.map(({ id }) => id)).toEqual(['ingress_bw_limit', 'bw_limit']);
    expect(queues[1]?.bytes).toBeGreaterThan(2_000_000);
  });

  test('that is gone has no figures, and others have theirs', async () => {
    const [one] = await linked();
    const all = statistics({ hasSnmp: true, hasSockets: true });
    const told = await Promise.all(
      [join(temporary.path, 'none'), one, temporary.path].map((it) => all.of(container(it))),
    );
    expect(told).toEqual([{}, expect.objectContaining({ net_rx_bytes: expect.any(Number) }), {}]);
    // The process that has looked into it does not keep it.
    await namespaces.remove('c1');
    await eventually(
      () => !within(join(temporary.path, 'networks/c2/ns'), 'ip', 'link').includes('host0'),
    );
  });

  test('has rates of a window of time, and none when it has ended', async () => {
    const [one, other] = await linked();
    const networks = [container(one)];
    const all = statistics({ rates: { intervalMs: 20, windowMs: 60_000 } }, networks);
    const rates = async () => (await all.of(container(one))).net_rate_statistics;
    await eventually(async () => (await rates())?.rx_rate !== undefined);
    await (await transfer(one, other)).end();
    await eventually(async () => ((await rates())?.tx_rate?.max ?? 0) > 10_000);
    expect(await rates()).toMatchObject({ sampling_window_secs: 60, sampling_interval_secs: 0.02 });
    networks.pop();
    await eventually(async () => (await rates()) === undefined);
  });
});

describe('the program that looks into networks', () => {
  test('tells of the machine, and each is answered with what it asked for', async () => {
    const figures = closing(new FiguresProgram(program));
    const all = await Promise.all([
      figures.ask(MACHINE, ['links']),
      figures.ask('/no/such/file', ['links', 'sockets']),
      figures.ask(MACHINE, ['sockets', 'links']),
    ]);
    expect(all).toEqual([
      { links: expect.stringContaining('lo:') },
      { links: '', sockets: '' },
      { links: expect.stringContaining('lo:'), sockets: expect.stringContaining('TCP:') },
    ]);
  });

  test('is begun again after its end, and is not waited for without end', async () => {
    const path = join(temporary.path, 'program');
    const is = (script: string) => {
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
    };
    const figures = closing(new FiguresProgram(path));
    const asked = (by = figures) => by.ask(MACHINE, ['links']);
    const both = (by?: FiguresProgram) => Promise.allSettled([asked(by), asked(by)]);
    const failed = (why: string) =>
      Array(2).fill({ status: 'rejected', reason: expect.objectContaining({ message: why }) });
    const said = 'Networks of containers cannot be looked at:';
    expect(await both()).toEqual(failed(`${said} spawn ${path} ENOENT`));
    is('exit 3');
    expect(await both()).toEqual(failed(`${said} it ended with status 3`));
    is('exec /bin/cat');
    const impatient = closing(new FiguresProgram(path, 50));
    expect(await both(impatient)).toEqual(failed(`${said} no answer within 0.05 seconds`));
    is('echo many');
    expect(await both()).toEqual(failed(`${said} its answer is none`));
    is(`exec ${program} "$@"`);
    expect(await asked()).toEqual({ links: expect.stringContaining('lo:') });
  });

  test('fails what it was asked when the agent ends', async () => {
    const figures = new FiguresProgram(program);
    const asked = expect(figures.ask(MACHINE, ['links'])).rejects.toThrow('The agent ends');
    figures.close();
    await asked;
  });
});
