import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Configurations } from '../../../../src/containerizer/networks/cni/configurations.ts';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { pluginAt } from './plugin-script.ts';

/** A folder of configurations, and one with the plugins `mock` and `other`. */
function configured() {
  const folder = temporaryFolder();
  const files = join(folder.path, 'conf');
  const plugins = join(folder.path, 'plugins');
  mkdirSync(files);
  mkdirSync(plugins);
  pluginAt(join(plugins, 'mock'), 'exit 0');
  pluginAt(join(plugins, 'other'), 'exit 0');
  const warnings: string[] = [];
  const configurations = new Configurations({
    folder: files,
    pluginFolders: `${join(folder.path, 'none')}:${plugins}`,
    warn: (text) => warnings.push(text.replaceAll(folder.path, '')),
  });
  return {
    files,
    plugins,
    configurations,
    write: (file: string, content: unknown) =>
      writeFileSync(
        join(files, file),
        typeof content === 'string' ? content : JSON.stringify(content),
      ),
    typeOf: async (name: string) => (await configurations.find(name)).plugins[0]?.type,
    /** Since it was asked last. */
    warnings: () => warnings.splice(0),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

const MOCK = { name: 'one', type: 'mock' };

test('files that come, change and go count for the next container', async () => {
  using it = configured();
  await expect(it.typeOf('one')).rejects.toThrow("Unknown CNI network 'one'");
  it.write('10.conf', MOCK);
  expect(await it.typeOf('one')).toBe('mock');
  it.write('10.conf', { ...MOCK, type: 'other' });
  expect(await it.typeOf('one')).toBe('other');
  rmSync(join(it.files, '10.conf'));
  await expect(it.typeOf('one')).rejects.toThrow("Unknown CNI network 'one'");
  expect(it.warnings()).toEqual([]);
});

test('a broken file is told of once, until it changes', async () => {
  using it = configured();
  it.write('10.conf', MOCK);
  it.write('20.conf', '{"name":');
  expect(await it.typeOf('one')).toBe('mock');
  expect(it.warnings()).toEqual([
    expect.stringMatching(/^CNI configuration '\/conf\/20.conf': skipped: syntax error at line 1/),
  ]);
  expect(await it.typeOf('one')).toBe('mock');
  expect(it.warnings()).toEqual([]);
  it.write('20.conf', { name: 'two' });
  expect(await it.typeOf('one')).toBe('mock');
  expect(it.warnings()).toEqual([expect.stringContaining("'type' must be a string")]);
});

test('of several files with a network the first by name counts', async () => {
  using it = configured();
  it.write('20.conf', MOCK);
  it.write('10.conflist', { name: 'one', plugins: [{ type: 'other' }] });
  expect(await it.typeOf('one')).toBe('other');
  expect(it.warnings()).toEqual([
    "CNI configuration '/conf/20.conf': it is of CNI network 'one', as is '/conf/10.conflist', which counts",
  ]);
  rmSync(join(it.files, '10.conflist'));
  expect(await it.typeOf('one')).toBe('mock');
  expect(it.warnings()).toEqual([]);
});

test('what is no file is passed over, and a link is followed', async () => {
  using it = configured();
  mkdirSync(join(it.files, '10-folder.conf'));
  execFileSync('mkfifo', [join(it.files, '20-fifo.conf')]);
  symlinkSync('/nowhere', join(it.files, '30-broken.conf'));
  symlinkSync('/dev/zero', join(it.files, '35-device.conf'));
  it.write('40-large.conf', JSON.stringify({ ...MOCK, text: 'x'.repeat(2 ** 20) }));
  it.write('.hidden.conf', 'x');
  writeFileSync(join(it.files, '..real'), JSON.stringify(MOCK));
  symlinkSync('..real', join(it.files, '50-link.conf'));
  expect(await it.typeOf('one')).toBe('mock');
  expect(it.warnings()).toEqual([
    "CNI configuration '/conf/20-fifo.conf': skipped: it is no file",
    "CNI configuration '/conf/35-device.conf': skipped: it is no file",
    "CNI configuration '/conf/40-large.conf': skipped: it has more than 1048576 bytes",
  ]);
});

test('a network whose plugins are not there is not known', async () => {
  using it = configured();
  it.write('10.conf', { ...MOCK, type: 'missing' });
  it.write('20.conf', { name: 'two', type: 'mock', ipam: { type: 'data' } });
  writeFileSync(join(it.plugins, 'data'), '');
  await expect(it.typeOf('one')).rejects.toThrow("Unknown CNI network 'one'");
  for (const _ of ['once', 'and again']) {
    await expect(it.typeOf('two')).rejects.toThrow("Unknown CNI network 'two'");
  }
  expect(it.warnings()).toEqual([
    expect.stringContaining("CNI network 'one' needs the plugin 'missing': not in"),
    expect.stringContaining("CNI network 'two' needs the plugin 'data': not in"),
  ]);
  chmodSync(join(it.plugins, 'data'), 0o755);
  expect(await it.typeOf('two')).toBe('mock');
});

test('thousands of files are read, and no log is filled with what is wrong with them', async () => {
  using it = configured();
  for (let n = 0; n < 1_000; n++) {
    it.write(`${n}.conf`, n % 2 === 0 ? { ...MOCK, name: `n${n}` } : '{');
  }
  const found = await Promise.all(['n0', 'n500', 'n998'].map((name) => it.typeOf(name)));
  expect(found).toEqual(['mock', 'mock', 'mock']);
  const warnings = it.warnings();
  expect(warnings).toHaveLength(21);
  expect(warnings.at(-1)).toBe('480 more CNI configurations are wrong');
});

test('a folder that is not there is told, and built-in networks need none', async () => {
  using it = configured();
  rmSync(it.files, { recursive: true });
  await expect(it.typeOf('one')).rejects.toThrow(
    `Unable to list the CNI network configuration directory '${it.files}'`,
  );
  const list = {
    ...({ name: 'own', cniVersion: '1.0.0', disableCheck: false, disableGC: false } as const),
    plugins: [{ type: 'mock', capabilities: [], raw: { type: 'mock' } }],
  };
  const configurations = new Configurations({
    folder: undefined,
    pluginFolders: it.plugins,
    builtIn: async (name) => (name === 'own' ? list : undefined),
    warn: () => {},
  });
  expect(await configurations.find('own')).toBe(list);
  await expect(configurations.find('one')).rejects.toThrow("Unknown CNI network 'one'");
});
