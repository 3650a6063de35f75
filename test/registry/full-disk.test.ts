// A registry on a full disk: changes wait, and are stored once there is room.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentId } from '../../src/model/ids.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { RegistryError } from '../../src/registry/registry.ts';
import { SqliteRegistry } from '../../src/registry/sqlite-registry.ts';
import { SmallDisk } from '../support/small-disk.ts';

let folder: string;
let disk: SmallDisk;
const file = () => join(folder, 'disk', 'registry.sqlite');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-full-'));
  mkdirSync(join(folder, 'disk'));
  disk = new SmallDisk(join(folder, 'disk'));
});

afterEach(() => {
  disk[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** More than the rest of a page can hold. */
const admit = (id: string): RegistryChange => ({
  type: 'admitAgent',
  agent: { id: { value: id }, hostname: 'h'.repeat(20_000) },
});

async function open() {
  const lines: string[] = [];
  /** Resolves when the log is told something, which is first that the disk is full. */
  const told = Promise.withResolvers<void>();
  const registry = await SqliteRegistry.open(file(), {
    // Shorter than the disk may be full: a disk that reports it has answered.
    answerTimeoutMs: 5_000,
    log: (level, text) => {
      lines.push(`${level}: ${text}`);
      told.resolve();
    },
  });
  const agents = async () => (await registry.read()).agents.map(({ id }) => id?.value);
  return { registry, lines, told: told.promise, agents };
}

describe('on a full disk (needs root)', () => {
  test('a change waits until there is room, with those that come after it; reads go on', async () => {
    const { registry, lines, told, agents } = await open();
    await registry.store([admit('a')], 0);
    disk.fill();
    const answered: string[] = [];
    const waiting = ['b', 'c'].map(async (id, index) => {
      if (index > 0) {
        await told;
      }
      await registry.store([admit(id)], 0);
      answered.push(id);
    });
    await told;
    expect(lines).toEqual([
      expect.stringMatching(
        /^error: .*registry.sqlite cannot be written: the disk is full. It is tried again every second; 1 so far wait/,
      ),
    ]);
    expect(await agents()).toEqual(['a']);
    expect(answered).toEqual([]);
    disk.empty();
    await Promise.all(waiting);
    expect(answered).toEqual(['b', 'c']);
    expect(await agents()).toEqual(['a', 'b', 'c']);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^info: .*registry.sqlite can be written again$/),
    ]);
    await registry.close();
  });

  test('it closes without waiting for room, opens again without any, and has what was stored', async () => {
    const first = await open();
    await first.registry.store([admit('a')], 0);
    disk.fill();
    const lost = first.registry.store([admit('b'), { type: 'removeAgent', id: agentId('a') }], 0);
    const refused = expect(lost).rejects.toThrow(/the disk is full, and the master ends/);
    await first.told;
    await first.registry.close();
    await refused;

    const second = await open();
    expect(await second.agents()).toEqual(['a']);
    const waiting = second.registry.store([admit('c')], 0);
    await second.told;
    disk.empty();
    await waiting;
    expect(await second.agents()).toEqual(['a', 'c']);
    await second.registry.close();
  });

  test('a registry that is not there cannot be made, and the error says why', async () => {
    disk.fill();
    await expect(SqliteRegistry.open(file())).rejects.toThrow(
      new RegistryError(`${file()} cannot be written: the disk is full`),
    );
  });
});
