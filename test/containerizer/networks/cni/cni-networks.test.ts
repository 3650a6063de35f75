// Containers are attached by plugins that are shell scripts, and write down what they are told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import { TaskStatus_Reason } from '../../../../src/model/generated/messages.ts';
import { until } from '../../../support/cluster.ts';
import { answering, MockNetworks, RESULT } from './mock-networks.ts';

const DNS = { nameservers: ['10.77.0.53'], search: ['s'], options: ['ndots:3'], domain: 'd' };

test('a container is attached to networks in its order, and detached the other way round', async () => {
  using it = new MockNetworks({
    files: {
      '10.conf': { cniVersion: '0.2.0', name: 'one', type: 'old' },
      '20.conf': { cniVersion: '1.0.0', name: 'two', type: 'new' },
    },
    plugins: {
      old: answering({ ip6: { ip: 'fd00::9/64' }, ip4: { ip: '10.66.0.9/16' }, dns: DNS }),
      new: answering({ ...RESULT, dns: { ...DNS, nameservers: ['::1'], domain: 'e' } }),
    },
  });
  const asked = { name: 'two', labels: { labels: [{ key: 'k', value: 'v' }] } };
  const attached = await it.attach('c1', [
    { ...asked, ip_addresses: [{ ip_address: '10.77.0.1' }] },
    { name: 'one' },
  ]);
  expect(attached).toEqual({
    infos: [
      { ...asked, ip_addresses: [{ protocol: 1, ip_address: '10.77.0.9' }] },
      {
        name: 'one',
        ip_addresses: [
          { protocol: 1, ip_address: '10.66.0.9' },
          { protocol: 2, ip_address: 'fd00::9' },
        ],
      },
    ],
    dns: {
      nameservers: ['::1', '10.77.0.53'],
      domain: 'd',
      search: ['s', 's'],
      options: ['ndots:3', 'ndots:3'],
    },
  });
  expect(it.calls()).toEqual(['ADD new eth0 /ns/c1', 'ADD old eth1 /ns/c1']);
  await it.detach('c1');
  expect(it.calls()).toEqual(['DEL old eth1 /ns/c1', 'DEL new eth0 /ns/c1']);
  await it.detach('c1', null);
  expect(it.calls()).toEqual(['DEL old eth1 none', 'DEL new eth0 none']);
});

const CHAIN = {
  cniVersion: '1.0.0',
  name: 'chain',
  plugins: [{ type: 'first' }, { type: 'second', capabilities: { portMappings: true } }],
};
const SECOND = { ...RESULT, ips: [{ address: '10.77.0.10/24' }] };

test('each plugin of a list is told the result so far, and at the end the last', async () => {
  using it = new MockNetworks({
    files: { 'a.conflist': CHAIN },
    plugins: { first: answering(RESULT), second: answering(SECOND) },
  });
  await it.attach('c1', [{ name: 'chain' }]);
  await it.detach('c1');
  expect(
    it.told().map(({ command, request }) => [command, request.type, request.prevResult]),
  ).toEqual([
    ['ADD', 'first', undefined],
    ['ADD', 'second', RESULT],
    ['DEL', 'second', SECOND],
    ['DEL', 'first', SECOND],
  ]);
});

test('plugins of before version 0.4.0 are told the same at the end as at the beginning', async () => {
  using it = new MockNetworks({
    files: { 'a.conf': { cniVersion: '0.3.0', name: 'one', type: 'mock', mode: 'good' } },
    plugins: {
      mock: answering({ cniVersion: '0.3.0', ips: [{ version: '4', address: '10.0.0.1/8' }] }),
    },
  });
  await it.attach('c1', [{ name: 'one' }]);
  await it.detach('c1');
  const [add, del] = it.told();
  expect(del?.request).toEqual(add?.request);
  expect(add?.request).toEqual({
    args: { 'org.apache.mesos': { network_info: { name: 'one' } } },
    cniVersion: '0.3.0',
    mode: 'good',
    name: 'one',
    type: 'mock',
  });
});

test('a plugin that does not speak the version of the list is asked in one that it does', async () => {
  const old = `case $CNI_COMMAND,$in in
    VERSION,*) echo '{"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0"]}';;
    *'"cniVersion":"1.0.0"'*'"name"'*) echo '{"code":1,"msg":"incompatible CNI versions"}'; exit 1;;
    ADD,*) echo '{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.77.0.10/24"}]}';;
  esac`;
  using it = new MockNetworks({
    files: { 'a.conflist': { ...CHAIN, plugins: [...CHAIN.plugins, { type: 'third' }] } },
    plugins: { first: answering(RESULT), second: old, third: answering(SECOND) },
  });
  await it.attach('c1', [{ name: 'chain' }]);
  const told = it.told();
  expect(told.map(({ command, plugin }) => `${command} ${plugin}`)).toEqual([
    ...['ADD first', 'ADD second', 'VERSION second', 'ADD second', 'ADD third'],
  ]);
  expect(told[3]?.request).toMatchObject({
    cniVersion: '0.4.0',
    prevResult: { cniVersion: '0.4.0', ips: [{ version: '4', address: '10.77.0.9/24' }] },
  });
  expect(told[4]?.request).toMatchObject({ cniVersion: '1.0.0', prevResult: SECOND });
  await it.detach('c1');
});

describe('a plugin that', () => {
  const one = (script: string) =>
    new MockNetworks({
      files: { 'a.conf': { cniVersion: '0.3.0', name: 'one', type: 'mock' } },
      plugins: { mock: script },
    });

  test('fails is told of with its own words, and asked to undo what it has done', async () => {
    using it = one(`echo '{"code":11,"msg":"no"}'; echo log >&2; exit 1`);
    const said = `stdout='{"code":11,"msg":"no"}\n', stderr='log\n'`;
    const plugin = `The CNI plugin '${it.folder}/plugins/mock'`;
    const error = await it.attach('c1', [{ name: 'one' }]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ContainerizerError);
    expect(error).toMatchObject({
      message: `Collect failed: ${plugin} failed to attach container c1 to CNI network 'one': ${said}`,
      reason: undefined,
    });
    await expect(it.detach('c1')).rejects.toThrow(
      `${plugin} failed to detach container c1 from CNI network 'one': ${said}`,
    );
    it.plugin('mock', 'echo not json');
    await it.detach('c1');
    expect(it.calls()).toEqual(['ADD mock eth0 /ns/c1', ...Array(2).fill('DEL mock eth0 /ns/c1')]);
    expect(Object.values(it.metrics() ?? {})).toEqual([1, 1, 0]);
  });

  test('hangs or crashes is told of by how it ended', async () => {
    using it = one('kill -KILL $$');
    await expect(it.attach('c1', [{ name: 'one' }])).rejects.toThrow(
      "to CNI network 'one': it was ended by SIGKILL: stdout='', stderr=''",
    );
    await expect(it.detach('c1')).rejects.toThrow('it was ended by SIGKILL');
  });

  test.each([
    ['not json', 'JSON parse failed: syntax error at line 1 near: ot json'],
    ['{"ips":1}', "'ips' must be a list"],
  ])('answers %s is not understood', async (answer, why) => {
    using it = one(`echo '${answer}'`);
    await expect(it.attach('c1', [{ name: 'one' }])).rejects.toThrow(
      `Collect failed: Failed to parse the output of the CNI plugin '${it.folder}/plugins/mock', which was to ` +
        `attach container c1 to CNI network 'one': ${why}`,
    );
  });

  test('does not answer is what its container waits for', async () => {
    using it = one(`until [ -e "$0.go" ]; do sleep 0.01; done; ${answering(RESULT)}`);
    const attached = it.attach('c1', [{ name: 'one' }]);
    await until('the plugin is asked', () => it.awaited('c1') !== undefined);
    expect(it.awaited('c1')).toBe(`CNI plugin '${it.folder}/plugins/mock' for network 'one'`);
    writeFileSync(join(it.folder, 'plugins', 'mock.go'), '');
    await attached;
    expect(it.awaited('c1')).toBeUndefined();
  });

  test('gives no address leaves no executor', async () => {
    using it = one(`echo '{"cniVersion":"0.3.0","ip4":{"ip":"10.77.0.9/24"}}'`);
    await expect(it.attach('c1', [{ name: 'one' }])).rejects.toMatchObject({
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
      message:
        `Failed to launch container: The CNI plugin '${it.folder}/plugins/mock' gave container c1 no address in CNI network ` +
        `'one': results of version 0.3.0 have 'ips', and no 'ip4' or 'ip6'`,
    });
  });

  test('does not know the container any more has nothing left of it', async () => {
    using it = one(answering({ cniVersion: '0.3.0', ips: [{ address: '10.0.0.1/8' }] }));
    await it.attach('c1', [{ name: 'one' }]);
    it.plugin('mock', `echo '{"code":3,"msg":"unknown container"}'; exit 1`);
    await it.detach('c1');
  });

  test('is gone is missed at the end', async () => {
    using it = one(answering({ cniVersion: '0.3.0', ips: [{ address: '10.0.0.1/8' }] }));
    await it.attach('c1', [{ name: 'one' }]);
    it.removePlugin('mock');
    await expect(it.detach('c1')).rejects.toThrow(
      `Unable to find the plugin mock in '${it.folder}/plugins', required to detach container c1 ` +
        `from CNI network 'one'`,
    );
  });
});

test('of several networks all are detached, and what failed is told of each', async () => {
  const file = (name: string, type: string) => ({ cniVersion: '1.0.0', name, type });
  using it = new MockNetworks({
    files: { a: file('a', 'good'), b: file('b', 'bad'), c: file('c', 'worse') },
    plugins: {
      good: answering(RESULT),
      bad: `[ $CNI_COMMAND = DEL ] && { echo bad; exit 1; }; ${answering(RESULT)}`,
      worse: `[ $CNI_COMMAND = DEL ] && { echo worse; exit 1; }; ${answering(RESULT)}`,
    },
  });
  await it.attach('c1', [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  it.told();
  await expect(it.detach('c1')).rejects.toThrow(/'worse\n'.*\n.*'bad\n'/);
  expect(it.calls()).toHaveLength(3);
});

test('an agent that has no such flags detaches what an earlier one has attached', async () => {
  using it = new MockNetworks({
    files: { 'a.conflist': CHAIN },
    plugins: { first: answering(RESULT), second: answering(SECOND) },
  });
  await it.attach('c1', [{ name: 'chain' }]);
  it.restart({ isBare: true });
  await expect(it.attach('c2', [{ name: 'chain' }])).rejects.toThrow("Unknown CNI network 'chain'");
  it.told();
  await it.detach('c1', null);
  expect(it.calls()).toEqual(['DEL second eth0 none', 'DEL first eth0 none']);
  // Of this one nothing was noted.
  await it.detach('c2');
  expect(it.calls()).toEqual([]);
});

test('a plugin that an agent has left running is ended before what it does is undone', async () => {
  using it = new MockNetworks({
    files: { 'a.conf': { cniVersion: '1.0.0', name: 'one', type: 'mock' } },
    plugins: { mock: 'exit 1' },
  });
  await it.attach('left-c1', [{ name: 'one' }]).catch(() => undefined);
  const left = spawn('sleep', ['600'], {
    env: { ...process.env, CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'left-c1' },
  });
  const ended = once(left, 'exit');
  it.plugin('mock', 'exit 0');
  it.restart();
  await it.detach('left-c1');
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('a launch that is given up waits for its plugin, and goes no further', async () => {
  using it = new MockNetworks({
    files: { 'a.conflist': CHAIN },
    plugins: {
      first: `touch "$0.begun"; until [ -e "$0.go" ]; do sleep 0.01; done; ${answering(RESULT)}`,
      second: answering(SECOND),
    },
  });
  const abort = new AbortController();
  const attached = it.attach('c1', [{ name: 'chain' }], abort.signal);
  const outcome = attached.catch((error: unknown) => error);
  const begun = join(it.folder, 'plugins/first.begun');
  await until('the plugin has begun', () => existsSync(begun));
  abort.abort(new ContainerizerError('destroyed'));
  it.plugin('first.go', '');
  expect(await outcome).toMatchObject({ message: 'destroyed' });
  expect(it.calls()).toEqual(['ADD first eth0 /ns/c1']);
  await it.detach('c1');
  expect(it.calls()).toEqual(['DEL second eth0 /ns/c1', 'DEL first eth0 /ns/c1']);
});

test('a network that hangs keeps no other one waiting', async () => {
  const file = (name: string) => ({ cniVersion: '1.0.0', name, type: name });
  using it = new MockNetworks({
    files: { a: file('slow'), b: file('fast') },
    plugins: {
      slow: `echo >> "$0.begun"; until [ -e "$0.go" ]; do sleep 0.05; done; ${answering(RESULT)}`,
      fast: answering(RESULT),
    },
  });
  const slow = Array.from({ length: 40 }, (_, n) => it.attach(`slow${n}`, [{ name: 'slow' }]));
  const begun = join(it.folder, 'plugins/slow.begun');
  await until('many hang', () => existsSync(begun) && readFileSync(begun).length === 16);
  await it.attach('c1', [{ name: 'fast' }]);
  await it.detach('c1');
  it.plugin('slow.go', '');
  await Promise.all(slow);
});

describe('a port of the machine', () => {
  const asked = (host_port: number, protocol?: string) => [
    {
      name: 'chain',
      port_mappings: [{ host_port, container_port: 80, ...(protocol && { protocol }) }],
    },
  ];
  const mapping = () =>
    new MockNetworks({
      files: {
        'a.conflist': CHAIN,
        'b.conf': { cniVersion: '1.0.0', name: 'plain', type: 'first' },
      },
      plugins: { first: answering(RESULT), second: answering(SECOND) },
    });

  test('leads to one container, until that is detached', async () => {
    using it = mapping();
    await it.attach('c1', asked(31_001));
    const [, second] = it.told();
    expect(second?.request.runtimeConfig).toEqual({
      portMappings: [{ hostPort: 31_001, containerPort: 80, protocol: 'tcp' }],
    });
    await expect(it.attach('c2', asked(31_001, 'TCP'))).rejects.toThrow(
      'Failed to map ports of container c2: host port 31001/tcp is mapped to container c1',
    );
    await it.attach('c3', asked(31_001, 'udp'));
    it.plugin('second', 'exit 1');
    await expect(it.detach('c1')).rejects.toThrow('second');
    await expect(it.attach('c2', asked(31_001))).rejects.toThrow('mapped to container c1');
    it.plugin('second', answering(SECOND));
    it.restart();
    await it.recover('c1');
    await expect(it.attach('c2', asked(31_001))).rejects.toThrow('mapped to container c1');
    await it.detach('c1');
    await it.attach('c2', asked(31_001));
  });

  test.each([
    [asked(0), "'host_port' must be from 1 to 65535: 0"],
    [asked(70_000), "'host_port' must be from 1 to 65535: 70000"],
    [asked(1, 'icmp'), "'protocol' must be tcp, udp, sctp: 'icmp'"],
    [
      [{ name: 'chain', port_mappings: Array(2).fill({ host_port: 1, container_port: 2 }) }],
      'host port 1/tcp is asked for twice',
    ],
    [
      [{ name: 'chain', port_mappings: Array(129).fill({ host_port: 1, container_port: 2 }) }],
      'there are 129, and at most 128 are mapped',
    ],
  ])('%j is refused', async (networks, why) => {
    using it = mapping();
    await expect(it.attach('c1', networks)).rejects.toThrow(why);
    expect(it.calls()).toEqual([]);
  });

  test('that no plugin maps is told of once, and is in its arguments all the same', async () => {
    using it = mapping();
    const networks = [{ ...asked(31_001)[0], name: 'plain' }];
    await it.attach('c1', networks);
    await it.attach('c2', networks);
    expect(it.warnings()).toEqual([
      expect.stringContaining("CNI network 'plain' has port mappings"),
    ]);
    const { args } = it.told()[0]?.request ?? {};
    expect(args['org.apache.mesos'].network_info.port_mappings).toEqual([
      { host_port: 31_001, container_port: 80 },
    ]);
  });
});

describe('what an earlier agent has attached', () => {
  const checked = (file: object) =>
    new MockNetworks({
      files: {
        'a.conf': { cniVersion: '1.0.0', name: 'one', type: 'mock', ...file },
        'b.conf': { cniVersion: '1.0.0', name: 'two', type: 'mock' },
      },
      plugins: {
        mock: `[ "$CNI_COMMAND" = CHECK ] && { echo "no link"; exit 1; }; ${answering(RESULT)}`,
      },
    });

  /** One container in each network is attached, and then recovered. */
  async function recovered(it: MockNetworks, failures: number) {
    await it.attach('c1', [{ name: 'one' }]);
    await it.attach('c2', [{ name: 'two' }]);
    it.restart();
    it.told();
    await it.recover('c1');
    await it.recover('c2');
    const name = 'containerizer/mesos/network_cni/check_failures';
    await until('all is checked', () => it.metrics()?.[name] === failures);
  }

  test('is checked, one container after the other', async () => {
    using it = checked({});
    await recovered(it, 2);
    expect(it.warnings()).toEqual([
      "The CNI plugin '/plugins/mock' failed to check container c1 in CNI network 'one': " +
        "stdout='no link\n', stderr=''",
      expect.stringContaining('failed to check container c2'),
    ]);
    expect(it.told()).toMatchObject([
      { command: 'CHECK', namespace: '/ns/c1', request: { prevResult: RESULT } },
      { command: 'CHECK', namespace: '/ns/c2' },
    ]);
  });

  test('is counted where much of it is wrong, and not told of without end', async () => {
    using it = checked({});
    const ids = Array.from({ length: 8 }, (_, n) => `many${n}`);
    await Promise.all(ids.map((id) => it.attach(id, [{ name: 'one' }])));
    it.restart();
    await Promise.all(ids.map((id) => it.recover(id)));
    const name = 'containerizer/mesos/network_cni/check_failures';
    await until('all is checked', () => it.metrics()?.[name] === 8);
    const warnings = it.warnings();
    expect(warnings).toHaveLength(5);
    expect(warnings.at(-1)).toMatch(/container many4 .*; more are only counted$/s);
  });

  test.each([[{ disableCheck: true }], [{ cniVersion: '0.3.1' }]])(
    'is not checked where %j',
    async (file) => {
      using it = checked(file);
      await recovered(it, 1);
      expect(it.calls()).toEqual(['CHECK mock eth0 /ns/c2']);
    },
  );
});

test('before the first container comes, a network gives back what none has any more', async () => {
  const result = { ...RESULT, cniVersion: '1.1.0' };
  const fail = `[ "$CNI_COMMAND" = GC ] && { echo bad; exit 1; }`;
  using it = new MockNetworks({
    files: {
      'a.conflist': {
        ...{ cniVersion: '1.1.0', name: 'one' },
        plugins: [{ type: 'first' }, { type: 'second' }],
      },
      'b.conf': { cniVersion: '1.1.0', name: 'two', type: 'first', disableGC: true },
    },
    plugins: { first: `${fail}; ${answering(result)}`, second: answering(result) },
  });
  await it.attach('c1', [{ name: 'one' }, { name: 'two' }]);
  it.restart();
  it.told();
  it.warnings();
  await it.recover('c1');
  await Promise.all(['c2', 'c3'].map((id) => it.attach(id, [{ name: 'one' }])));
  const told = it.told().filter(({ command }) => !['CHECK', 'VERSION'].includes(command));
  expect(told.map(({ command, plugin }) => `${command} ${plugin}`).slice(0, 2)).toEqual([
    'GC first',
    'GC second',
  ]);
  expect(told.filter(({ command }) => command === 'GC')).toHaveLength(2);
  const valid = told[0]?.request['cni.dev/valid-attachments'];
  expect(valid).toContainEqual({ containerID: 'c1', ifname: 'eth0' });
  expect(valid.every(({ ifname }: { ifname: string }) => ifname === 'eth0')).toBe(true);
  expect(told[0]?.request).not.toHaveProperty('args');
  expect(it.warnings()).toEqual([
    expect.stringContaining("failed to collect garbage of CNI network 'one': stdout='bad"),
  ]);
});

test.each(['-rf', '_x', 'a:b', '@x', 'con%s', 'ünï'])(
  'an id that plugins do not take, as %s, is refused before one is asked',
  async (id) => {
    using it = new MockNetworks({
      files: { 'a.conf': ONE },
      plugins: { mock: answering(RESULT) },
    });
    await expect(it.attach(id, [{ name: 'one' }])).rejects.toThrow(
      `Container ${id} cannot join CNI networks: an id there has letters`,
    );
    expect(it.calls()).toEqual([]);
    expect(it.noted.has(id)).toBe(false);
  },
);

test('a port on which a program of the machine listens stays its own', async () => {
  using it = new MockNetworks({
    files: { 'a.conf': { ...ONE, capabilities: { portMappings: true } } },
    plugins: { mock: answering(RESULT) },
  });
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const mapped = [{ name: 'one', port_mappings: [{ host_port: port, container_port: 80 }] }];
  await expect(it.attach('c1', mapped)).rejects.toThrow(
    `a program of the machine listens on port ${port}/tcp`,
  );
  expect(it.calls()).toEqual([]);
  server.close();
  await once(server, 'close');
  await it.attach('c1', mapped);
  expect(it.calls()).toEqual(['ADD mock eth0 /ns/c1']);
});

test('where networks name no servers, those of the operator serve', async () => {
  const server = (nameserver: string) => ({ nameservers: [nameserver], search: [], options: [] });
  const file = (name: string, type = 'mock') => ({ cniVersion: '1.0.0', name, type });
  using it = new MockNetworks({
    files: { a: file('a'), b: file('b'), c: file('c', 'own') },
    plugins: { mock: answering(RESULT), own: answering({ ...RESULT, dns: DNS }) },
    defaultDns: { networks: new Map([['a', server('1.1.1.1')]]), others: server('2.2.2.2') },
  });
  const serversOf = async (...names: string[]) =>
    (
      await it.attach(
        names.join('-'),
        names.map((name) => ({ name })),
      )
    ).dns?.nameservers;
  expect(await serversOf('a', 'b', 'c')).toEqual(['1.1.1.1', '2.2.2.2', '10.77.0.53']);
  using none = new MockNetworks({ files: { a: file('a') }, plugins: { mock: answering(RESULT) } });
  expect((await none.attach('c1', [{ name: 'a' }])).dns).toBeUndefined();
});

test('who is told of names in another way is not told what the operator says here', async () => {
  const others = { nameservers: ['2.2.2.2'], search: [], options: [] };
  using it = new MockNetworks({
    files: { one: ONE },
    plugins: { mock: answering(RESULT) },
    defaultDns: { networks: new Map(), others },
  });
  const asked = { hasOtherDns: true as const, told: [{ groups: ['g'] }] };
  const { dns, infos } = await it.attach('c1', [{ name: 'one' }], undefined, asked);
  expect(dns).toBeUndefined();
  expect(infos).toEqual([{ groups: ['g'], ip_addresses: expect.anything() }]);
});

test.each([
  [{ port_mappings: [{ host_port: 31_000, container_port: 80 }] }, 'maps no ports'],
  [{ ip_addresses: [{ ip_address: '10.1.0.7' }] }, 'gives no address that is asked for'],
])('who insists is not attached without what it asks for: %j', async (asked, why) => {
  using it = new MockNetworks({ files: { one: ONE }, plugins: { mock: answering(RESULT) } });
  const attached = it.attach('c1', [{ name: 'one', ...asked }], undefined, { isStrict: true });
  await expect(attached).rejects.toThrow(`CNI network 'one' ${why}: none of its plugins has the`);
  expect(it.noted.size).toBe(0);
});

const ONE = { cniVersion: '1.0.0', name: 'one', type: 'mock' };
