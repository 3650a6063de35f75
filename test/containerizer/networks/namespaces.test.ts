// Network namespaces as files, by the supervisor program and the kernel. This needs root.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { supervisorProgram } from '../../../src/containerizer/launchers/process/supervisor-program.ts';
import { NetworkNamespaces } from '../../../src/containerizer/networks/namespaces.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';
import { eventually } from '../../agent-driver/outside.ts';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { Running } from '../../support/running.ts';
import { connect, links, within } from './links.ts';

let temporary: ReturnType<typeof temporaryFolder>;
let program: string;
let networks: NetworkNamespaces;
const folder = () => join(temporary.path, 'networks');
const inside = (name: string) => join(folder(), name);

beforeEach(async () => {
  temporary = temporaryFolder();
  program = await supervisorProgram(programs);
  networks = new NetworkNamespaces(folder(), program);
});

afterEach(async () => {
  for (const name of await networks.names()) {
    await networks.remove(name);
  }
  temporary[Symbol.dispose]();
});

const mountsIn = (path: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${path}`));

describe.runIf(canMakeNetworks)('a network namespace', () => {
  test('is there without a process, with its loopback, until it is removed', async () => {
    expect(await networks.names()).toEqual([]);
    expect(await networks.exists('c1')).toBe(false);
    const path = await networks.make('c1');
    expect(path).toBe(inside('c1/ns'));
    expect(within(path, 'ip', '-brief', 'addr').trim()).toMatch(
      /^lo +\S+ +127\.0\.0\.1\/8 ::1\/128$/,
    );
    expect(statSync(path).ino).not.toBe(statSync('/proc/self/ns/net').ino);
    await networks.make('c1.c2');
    expect((await networks.names()).sort()).toEqual(['c1', 'c1.c2']);
    expect([await networks.exists('c1'), await networks.exists('c1.c2')]).toEqual([true, true]);
    expect(statSync(inside('c1')).mode & 0o777).toBe(0o711);
    await networks.remove('c1');
    await networks.remove('c1');
    expect(readdirSync(folder())).toEqual(['c1.c2']);
    await networks.remove('c1.c2');
    expect(await networks.names()).toEqual([]);
  });

  test('is a new one where something was left under its name', async () => {
    // What is there when the program is killed: a folder, a file as well, or all of it.
    mkdirSync(inside('c1'), { recursive: true });
    mkdirSync(inside('c2'));
    writeFileSync(inside('c2/ns'), '');
    const before = await networks.make('c3');
    within(before, 'mount', '--bind', '/proc/self/ns/net', before);
    expect(mountsIn(before)).toHaveLength(2);
    const peer = await networks.make('peer');
    connect(peer, before);
    for (const name of ['c1', 'c2', 'c3']) {
      expect(links(await networks.make(name))).toEqual(['lo']);
      expect(mountsIn(inside(name))).toHaveLength(1);
    }
    await eventually(() => !links(peer).includes('here'));
    for (const name of ['c1', 'c2', 'c3', 'peer']) {
      await networks.remove(name);
    }
    expect(readdirSync(folder())).toEqual([]);
    expect(mountsIn(folder())).toEqual([]);
  });

  test('is removed where it is left in part, and the files of others stay', async () => {
    mkdirSync(inside('c1'), { recursive: true });
    mkdirSync(inside('c2'));
    writeFileSync(inside('c2/ns'), '');
    mkdirSync(inside('c3'));
    writeFileSync(inside('c3/other'), '');
    await Promise.all(['c1', 'c2', 'c3', 'c4'].map((name) => networks.remove(name)));
    expect(readdirSync(folder())).toEqual(['c3']);
    expect(await networks.exists('c3')).toBe(false);
  });

  test('is gone when it is removed, whatever mounts others have copied', async () => {
    const [path, peer] = [await networks.make('c1'), await networks.make('peer')];
    connect(peer, path);
    expect(links(peer)).toContain('here');
    // As a container's, on the machine's files: what follows the machine, and what does not.
    const copy = join(temporary.path, 'copy');
    mkdirSync(copy);
    const script = `mount --rbind / ${copy}; mount --make-rprivate ${copy}; echo up; exec cat`;
    const words = ['--mount', '--propagation', 'slave', '--', 'sh', '-c', script];
    const other = new Running('unshare', words);
    await other.shows('up\n');
    await networks.remove('c1');
    await eventually(() => !links(peer).includes('here'));
    expect(await other.end('').status).toBe(0);
    await networks.remove('peer');
  });

  test('is made nowhere else', async () => {
    await networks.make('c1');
    const elsewhere = join(temporary.path, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, inside('link'));
    for (const name of ['link', '../elsewhere', '..', '.', '', 'c1/ns']) {
      await expect(networks.make(name)).rejects.toThrow(/^Failed to make the network namespace/);
      await expect(networks.remove(name)).rejects.toThrow(/^Failed to remove the network name/);
    }
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(lstatSync(inside('link')).isSymbolicLink()).toBe(true);
    await networks.remove('c1');
    const linked = join(temporary.path, 'linked');
    symlinkSync(elsewhere, linked);
    await expect(new NetworkNamespaces(linked, program).make('c1')).rejects.toThrow(
      `Failed to make the network namespace '${linked}/c1/ns': Not a directory`,
    );
  });

  test('of a program that cannot be run is an error that says so', async () => {
    const none = join(temporary.path, 'none');
    writeFileSync(none, '');
    chmodSync(none, 0o644);
    await expect(new NetworkNamespaces(folder(), none).make('c1')).rejects.toThrow(/EACCES/);
  });
});
