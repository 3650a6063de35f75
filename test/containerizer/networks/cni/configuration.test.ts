import { expect, test } from 'vitest';
import { networkListIn } from '../../../../src/containerizer/networks/cni/configuration.ts';

const read = (value: unknown) => networkListIn(Buffer.from(JSON.stringify(value)));
const BRIDGE = {
  cniVersion: '0.2.0',
  name: 'net1',
  type: 'bridge',
  bridge: 'cnbr0',
  ipam: { type: 'host-local', subnet: '10.66.0.0/16' },
};

test('a file with one plugin is a list of one', () => {
  expect(read(BRIDGE)).toEqual({
    list: {
      name: 'net1',
      cniVersion: '0.2.0',
      plugins: [{ type: 'bridge', ipam: 'host-local', capabilities: [], raw: BRIDGE }],
      disableCheck: false,
      disableGC: false,
    },
    remarks: [],
  });
});

test('a list has its plugins in order, with what they take for each container', () => {
  const plugins = [
    { type: 'bridge', ipam: { type: 'host-local' } },
    { type: 'tuning', capabilities: { mac: true, other: false } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ];
  const { list } = read({
    cniVersion: '1.0.0',
    name: 'dbnet',
    disableCheck: true,
    disableGC: 'true',
    plugins,
  });
  expect(list).toMatchObject({ name: 'dbnet', disableCheck: true, disableGC: true });
  expect(list.plugins.map(({ type, capabilities }) => [type, ...capabilities])).toEqual([
    ['bridge'],
    ['tuning', 'mac'],
    ['portmap', 'portMappings'],
  ]);
});

test.each([
  [{}, '0.1.0'],
  [{ cniVersion: '1.1.0' }, '1.1.0'],
  [{ cniVersion: '0.4.0', cniVersions: ['0.3.1', '1.0.0', '7.0.0'] }, '1.0.0'],
  [{ cniVersions: ['0.3.1'] }, '0.3.1'],
  [{ cniVersion: '1.2.0', cniVersions: ['1.1.0'] }, '1.1.0'],
])('of the versions %j the highest is spoken that is known here', (versions, spoken) => {
  expect(read({ name: 'n', type: 't', ...versions }).list.cniVersion).toBe(spoken);
});

test('the port mapper of Mesos is its delegate, followed by portmap', () => {
  const delegate = { type: 'bridge', bridge: 'mesos-cni0', ipam: { type: 'host-local' } };
  const { list, remarks } = read({
    name: 'mapped',
    type: 'mesos-cni-port-mapper',
    excludeDevices: ['a0', 'mesos-cni0'],
    chain: 'MESOS-TEST',
    delegate: { ...delegate, cniVersion: '0.3.1' },
  });
  const conditions = ['!', '-i', 'mesos-cni0'];
  expect(list).toMatchObject({ name: 'mapped', cniVersion: '0.3.1', disableCheck: true });
  expect(list.plugins.map(({ raw }) => raw)).toEqual([
    { ...delegate, cniVersion: '0.3.1' },
    {
      type: 'portmap',
      capabilities: { portMappings: true },
      conditionsV4: conditions,
      conditionsV6: conditions,
    },
  ]);
  expect(remarks).toEqual([
    expect.stringContaining("instead of 'MESOS-TEST'"),
    expect.stringContaining("'mesos-cni0'"),
  ]);
});

const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

test.each([
  ['{', 'syntax error'],
  ['[]', "'the configuration' must be an object"],
  ['{"name":"n","type":"t","mtu":1e999}', 'a number that is too large'],
  [JSON.stringify({ ...BRIDGE, deep: nested(80) }), 'nested deeper than 64 levels'],
  [JSON.stringify({ ...BRIDGE, name: undefined }), "'name' must be a string"],
  [JSON.stringify({ ...BRIDGE, name: '../net' }), "'name' must begin with a letter or digit"],
  [JSON.stringify({ ...BRIDGE, name: 'n'.repeat(300) }), "'name' must begin with"],
  [JSON.stringify({ ...BRIDGE, type: undefined }), "'type' must be a string"],
  [JSON.stringify({ ...BRIDGE, type: '../bin/sh' }), 'the name of a program, not a path'],
  [JSON.stringify({ ...BRIDGE, cniVersion: '2.0.0' }), "one of 0.1.0 to 1.1.0: '2.0.0'"],
  [JSON.stringify({ ...BRIDGE, cniVersion: 1 }), "'cniVersion' must be a string"],
  [JSON.stringify({ ...BRIDGE, capabilities: { ips: 'yes' } }), "'capabilities.ips' must be true"],
  [JSON.stringify({ ...BRIDGE, args: [] }), "'args' must be an object"],
  [JSON.stringify({ ...BRIDGE, args: { 'org.apache.mesos': {} } }), "it is the agent's"],
  [JSON.stringify({ ...BRIDGE, disableCheck: 'no' }), "'disableCheck' must be true or false"],
  [JSON.stringify({ name: 'n', plugins: [] }), "'plugins' must have 1 to 32 entries: 0"],
  [JSON.stringify({ name: 'n', plugins: ['a'] }), "'plugins[0]' must be an object"],
  [JSON.stringify({ name: 'n', plugins: [{ type: 'a' }, {}] }), "'plugins[1].type' must be"],
  [JSON.stringify({ name: 'n', type: 'mesos-cni-port-mapper' }), "'delegate' must be an object"],
])('%s is refused', (text, why) => {
  expect(() => networkListIn(Buffer.from(text))).toThrow(why);
});
