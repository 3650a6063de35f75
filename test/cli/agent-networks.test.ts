// Flags about networks of containers that cannot be, each told once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { containerDns } from '../../src/cli/agent/container-dns.ts';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { networkOptions } from '../../src/cli/agent/networks.ts';
import { FlagError, FlagFaults } from '../../src/cli/flags/faults.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-networks-'));
afterAll(() => rmSync(folder, { recursive: true }));

function options(...argv: readonly string[]) {
  const { values } = parseFlags(AGENT_FLAGS, { argv, environment: {} });
  return networkOptions(values, folder, () => []);
}

test('folders of networks and plugins are there', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const of = (config: string, plugins: string) => () =>
    options(`--network_cni_config_dir=${config}`, `--network_cni_plugins_dir=${plugins}`);
  expect(of(folder, `${folder}:/`)().cni).toEqual({
    configFolder: folder,
    pluginFolders: `${folder}:/`,
  });
  expect(of('/no/such', folder)).toThrow(/^--network_cni_config_dir expects a folder, got '\/no/);
  expect(of(file, folder)).toThrow(/^--network_cni_config_dir expects a folder, got .*ENOTDIR/);
  expect(of(folder, `${folder}:/no/such`)).toThrow(
    /^--network_cni_plugins_dir expects a folder, got '\/no\/such'/,
  );
  expect(() => options(`--network_cni_config_dir=${folder}`)).toThrow('need each other');
});

const entry = (dns: object, more: object = {}) => ({ network_mode: 'CNI', dns, ...more });

test('servers of names are told by the networks that they are for', () => {
  const one = { nameservers: ['10.0.0.53'], domain: 'd', search: ['s'], options: ['ndots:2'] };
  const read = containerDns({ mesos: [entry(one, { network_name: 'net' }), entry({})] });
  expect(read.cni.networks).toEqual(new Map([['net', one]]));
  expect(read.cni.others).toEqual({ nameservers: [], search: [], options: [] });
});

test.each<[string, unknown]>([
  ["'dns.nameservers' are expected to be IP addresses", entry({ nameservers: ['hello'] })],
  ["'dns.search' is expected to be a list of words", entry({ search: ['a b'] })],
  ["'dns' has no field 'nameserver'", entry({ nameserver: [] })],
  ["'network_mode' is expected to be CNI", entry({}, { network_mode: 'HOST' })],
])('%s', (why, it) => {
  expect(() => containerDns({ mesos: [it] })).toThrow(`--default_container_dns: ${why}`);
});

test('a fault of a flag that is read for several ends is one line', () => {
  const faults = new FlagFaults();
  for (let times = 0; times < 2; times++) {
    faults.read(() => {
      throw new FlagError('--flag is wrong');
    });
  }
  expect(() => faults.end()).toThrow(/^--flag is wrong$/);
});
