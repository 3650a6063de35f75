// Who reaches whom where ports are mapped, with real links, filters and sockets.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import { ask, callAgainAndAgain, type Server, serve } from './conversation.ts';
import { MACHINE, namespaceOf, OUTSIDE, type Records } from './mapped-machine.ts';

const FUNCTIONS = new URL('./mapped-machine.ts', import.meta.url).href;
const ADDRESS = '10.9.0.2';
const OTHER_MACHINE = '10.9.0.1';
const A = namespaceOf('a');
const B = namespaceOf('b');

/** Who has answered. */
const heard = (texts: readonly string[]) => texts.map((text) => text.split(' ')[0]);

describe.runIf(canMakeNetworks)('where ports are mapped', () => {
  let machine: NetworkNamespace;
  let records: Records;
  const servers: Server[] = [];

  beforeAll(async () => {
    machine = await NetworkNamespace.make();
    await machine.shell(MACHINE);
    records = await machine.call(FUNCTIONS, 'attachAll', {
      containers: [
        { id: 'a', begin: 31_000, end: 31_009 },
        { id: 'b', begin: 31_010, end: 31_020 },
      ],
    });
    servers.push(
      // 31015 is a port of b, and 31030 one of nobody.
      await serve(machine, A, 'a', [31_003, 31_015, 31_030]),
      await serve(machine, B, 'b', [31_020]),
      await serve(machine, undefined, 'machine', [5_000]),
      await serve(machine, OUTSIDE, 'outside', [6_000]),
    );
  });

  afterAll(async () => {
    for (const server of servers) {
      await server[Symbol.asyncDispose]();
    }
    await machine?.[Symbol.asyncDispose]();
  });

  test.each([
    ['a container', A],
    ['another one', B],
    ['the machine', undefined],
  ])('%s reaches containers and the machine by each of their addresses', async (_, from) => {
    const addresses = [ADDRESS, '127.0.0.1', '127.0.0.9'].flatMap((host) => [
      `${host}:31003`,
      `${host}:31020`,
      `${host}:5000`,
    ]);
    const texts = await ask(machine, from, [...addresses, `${OTHER_MACHINE}:6000`]);
    expect(heard(texts)).toEqual([...[1, 2, 3].flatMap(() => ['a', 'b', 'machine']), 'outside']);
  });

  test('another machine reaches all of them by the one address', async () => {
    const addresses = [31_003, 31_020, 5_000].map((port) => `${ADDRESS}:${port}`);
    expect(heard(await ask(machine, OUTSIDE, addresses))).toEqual(['a', 'b', 'machine']);
  });

  test.each([
    ['a container', B],
    ['the machine', undefined],
    ['another machine', OUTSIDE],
  ])('%s does not reach a container at ports that it was not given', async (_, from) => {
    const texts = await ask(machine, from, [`${ADDRESS}:31015`, `${ADDRESS}:31030`]);
    expect(texts).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
  });

  test('a container speaks to other machines in the name of this one only', async () => {
    const inside = (script: string) => machine.shell(`nsenter --net=${A} sh -ec '${script}'`);
    const outside = (script: string) => machine.shell(`nsenter --net=${OUTSIDE} ${script}`);
    const echoes = async () => {
      const [, numbers = ''] = (await outside('grep ^Icmp: /proc/net/snmp')).split('\n');
      return Number(numbers.split(' ')[9]);
    };
    const ping = `busybox ping -c 1 -W 1 ${OTHER_MACHINE}`;
    const known = async () =>
      /lladdr (\S+)/.exec(await outside(`ip neigh show ${ADDRESS}`))?.[1] ?? 'none';

    await inside(ping);
    const before = await echoes();
    const mac = await known();
    await inside(`
      ip address add 10.9.0.77/24 dev eth0
      ! ${ping.replace('ping', 'ping -I 10.9.0.77')}
      ip address del 10.9.0.77/24 dev eth0
      ip link set dev eth0 address 02:00:00:00:00:01
      busybox arping -q -A -c 1 -I eth0 ${ADDRESS} || true
      ip link set dev eth0 address ${mac}`);
    expect(await echoes()).toBe(before);
    expect(await known()).toBe(mac);
  });

  test('a port of others that a container listens on is that of others for itself, too', async () => {
    expect(await ask(machine, A, [`${ADDRESS}:31015`])).toEqual(['ECONNREFUSED']);
  });

  test.each([
    ['a', A, 32_768],
    ['b', B, 33_792],
  ])('the connections of %s have ports of its own range', async (_, from, begin) => {
    const addresses = [`${ADDRESS}:5000`, '127.0.0.1:5000', `${OTHER_MACHINE}:6000`];
    const ports = (await ask(machine, from, addresses)).map((text) => Number(text.split(' ')[2]));
    expect(ports.filter((port) => port >= begin && port < begin + 1024)).toEqual(ports);
  });

  test('a container that takes a port of another one reaches nobody with it', async () => {
    const script = `
      const socket = require('node:net').connect({
        host: '${OTHER_MACHINE}', port: 6000, localPort: 31016, timeout: 300,
      });
      socket.on('connect', () => console.log('connected'));
      socket.on('timeout', () => { console.log('silence'); process.exit(); });
    `;
    const argv = ['nsenter', `--net=${A}`, '--', process.execPath, '--eval', script];
    expect(await machine.run(...argv)).toBe('silence\n');
  });

  test.each([
    ['a container', A, OTHER_MACHINE],
    ['another one', B, OTHER_MACHINE],
    ['a container, itself', A, ADDRESS],
    ['another machine', OUTSIDE, ADDRESS],
  ])('%s hears an echo', async (_, from, of) => {
    const argv = ['nsenter', `--net=${from}`, '--', 'busybox', 'ping', '-c1', '-W2', of];
    expect(await machine.run(...argv)).toContain('1 packets received');
  });

  test('ports change, and what stays is reached all the time', async () => {
    await using talk = await callAgainAndAgain(machine, OUTSIDE, `${ADDRESS}:31003`);
    records = await machine.call(FUNCTIONS, 'updateAll', {
      records,
      containers: [{ id: 'a', begin: 31_003, end: 31_003 }],
    });
    records = await machine.call(FUNCTIONS, 'updateAll', {
      records,
      containers: [
        { id: 'b', begin: 31_018, end: 31_020 },
        { id: 'a', begin: 31_003, end: 31_015 },
      ],
    });
    const addresses = [31_003, 31_015, 31_020].map((port) => `${ADDRESS}:${port}`);
    expect(heard(await ask(machine, OUTSIDE, addresses))).toEqual(['a', 'a', 'b']);
    expect(await talk.failures()).toBe(0);
  });
});
