// What is SQLite's own about that registry: files that are damaged, replaced or of an earlier
// version. What every registry does is in contract.test.ts.
import {
  chmodSync,
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { agentId } from '../../src/model/ids.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { DamageError, RegistryError } from '../../src/registry/registry.ts';
import { SqliteRegistry } from '../../src/registry/sqlite-registry.ts';
import { sorted } from './snapshots.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-registry-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const master = { id: 'm', ip: 1, port: 5050 };
const newFile = () => join(folder, String(files++), 'registry.sqlite');

const content: RegistryChange[] = [
  { type: 'admitAgent', agent: { id: { value: 'a' }, hostname: 'host-of-a' } },
  { type: 'markUnreachable', id: agentId('b'), sinceNs: 2n ** 62n },
  { type: 'markGone', id: agentId('c'), sinceNs: 5n },
  { type: 'setDuty', id: agentId('a'), drain: { state: 1, config: {} }, deactivated: true },
  { type: 'setWeights', weights: [{ role: 'r', weight: 3 }] },
  { type: 'setMinimumCapabilities', names: ['QUOTA_V2', 'AGENT_DRAINING'] },
];

/** A registry that was written once. */
async function filled(): Promise<string> {
  const file = newFile();
  const registry = await SqliteRegistry.open(file);
  await registry.store(content, 0);
  await registry.close();
  return file;
}

async function contentOf(file: string) {
  const registry = await SqliteRegistry.open(file);
  try {
    return sorted(await registry.read());
  } finally {
    await registry.close();
  }
}

function flip(file: string, at: number, bit: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
  writeFileSync(file, bytes);
}

describe('a file that cannot be used is refused with a clear error', () => {
  const opening = async (file: string) => {
    const error = await SqliteRegistry.open(file).then(
      (registry) => registry.close(),
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(RegistryError);
    return (error as RegistryError).message;
  };

  test('no database', async () => {
    const file = join(folder, 'text.sqlite');
    writeFileSync(
      file,
      'this is not a database, but a text that is long enough to look like a file',
    );
    expect(await opening(file)).toBe(`${file} is damaged: file is not a database`);
  });

  test('torn', async () => {
    const file = newFile();
    const registry = await SqliteRegistry.open(file);
    const agents = Array.from({ length: 500 }, (_, n) => ({
      type: 'admitAgent' as const,
      agent: { id: { value: `agent-${n}` }, hostname: 'h'.repeat(200) },
    }));
    await registry.store(agents, 0);
    await registry.close();
    const descriptor = openSync(file, 'r+');
    ftruncateSync(descriptor, 20_000);
    closeSync(descriptor);
    expect(await opening(file)).toMatch(/is damaged/);
  });

  test('of another program', async () => {
    const file = join(folder, 'other.sqlite');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE t (x)');
    database.close();
    expect(await opening(file)).toBe(`${file} is a database, but no registry of a master`);
  });

  test('of a newer version', async () => {
    const file = newFile();
    await (await SqliteRegistry.open(file)).close();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(await opening(file)).toMatch(
      /newer version \(schema 99, this one knows 2\), or is damaged/,
    );
  });

  test('empty, which would begin anew in silence', async () => {
    const file = newFile();
    await (await SqliteRegistry.open(file)).close();
    writeFileSync(file, '');
    expect(await opening(file)).toBe(`${file} is damaged: it is empty`);
  });

  test('without its file, of which only the log is left', async () => {
    const file = newFile();
    await (await SqliteRegistry.open(file)).close();
    rmSync(file);
    writeFileSync(`${file}-wal`, 'what was written last');
    expect(await opening(file)).toMatch(/registry.sqlite is missing, but .*-wal is there/);
  });

  test('without its file, after it was written to', async () => {
    const file = await filled();
    rmSync(file);
    expect(await opening(file)).toMatch(
      /registry.sqlite is missing, .*: put it back, or remove .*sqlite.commits, too/,
    );
  });

  test('with one bit changed in its log, which SQLite passes over', async () => {
    const file = newFile();
    const registry = await SqliteRegistry.open(file);
    for (const change of content) {
      await registry.store([change], 0);
    }
    // As a kill leaves them: not folded.
    const ends = ['', '-wal', '.commits'];
    const files = ends.map((end) => readFileSync(`${file}${end}`));
    await registry.close();
    for (const [index, end] of ends.entries()) {
      writeFileSync(`${file}${end}`, files[index] ?? expect.fail());
    }
    flip(`${file}-wal`, (files[1]?.length ?? 0) >> 1, 3);
    expect(await opening(file)).toMatch(
      /registry.sqlite' lacks the last \d of its 6 transactions: .* to go on .* remove .*commits/,
    );
    rmSync(`${file}.commits`);
    await (await SqliteRegistry.open(file)).close();
  });

  test('with a count of its transactions that cannot be read; without it the doubt is told', async () => {
    const file = await filled();
    writeFileSync(`${file}.commits`, 'x'.padEnd(63));
    expect(await opening(file)).toMatch(
      /commits, which tells how many transactions .*sqlite has, is damaged. .* remove .*commits/,
    );
    rmSync(`${file}.commits`);
    const doubts: string[] = [];
    for (let start = 0; start < 2; start++) {
      const registry = await SqliteRegistry.open(file, { onDoubt: (text) => doubts.push(text) });
      await registry.close();
    }
    expect(doubts).toEqual([expect.stringMatching(/commits was not there/)]);
  });

  test('in the place of a later one', async () => {
    const file = await filled();
    copyFileSync(file, `${file}.backup`);
    const registry = await SqliteRegistry.open(file);
    await registry.store([{ type: 'removeAgent', id: agentId('a') }], 0);
    await registry.close();
    copyFileSync(`${file}.backup`, file);
    expect(await opening(file)).toMatch(/lacks the last 1 of its 2 transactions/);
  });

  test('with several things changed, each of which is told', async () => {
    const file = await filled();
    const database = new DatabaseSync(file);
    database.exec("UPDATE agents SET id = 'z'; UPDATE gone SET since_ns = 6");
    database.close();
    const error = await SqliteRegistry.open(file).catch((reason: unknown) => reason);
    const flaws = [
      `${file} is damaged: in table agents, the row with id 'z' is not as it was written`,
      `${file} is damaged: in table gone, the row with id 'c' is not as it was written`,
    ].map((text) => ({ kind: 'damaged', text }));
    expect(error).toBeInstanceOf(DamageError);
    expect(error).toMatchObject({ flaws, message: flaws.map(({ text }) => text).join('; ') });
  });

  test('with one bit changed in a value', async () => {
    const file = await filled();
    const bytes = readFileSync(file);
    flip(file, bytes.indexOf('host-of-a'), 0);
    expect(await opening(file)).toBe(
      `${file} is damaged: in table agents, the row with id 'a' is not as it was written`,
    );
  });

  test('with one bit changed in the name of a column', async () => {
    const file = await filled();
    flip(file, readFileSync(file).indexOf('since_ns INTEGER'), 0);
    expect(await opening(file)).toMatch(/is damaged: /);
  });

  test('with one bit changed anywhere, or it does no harm', async () => {
    const file = await filled();
    const whole = readFileSync(file);
    const good = await contentOf(file);
    // Damage to a byte that was never written cannot lose anything.
    const places = [...whole.keys()].filter((at) => whole[at] !== 0);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.nat(7), async (at, bit) => {
        writeFileSync(file, whole);
        flip(file, at, bit);
        const found = await contentOf(file).catch((error: unknown) => error);
        if (found instanceof RegistryError) {
          expect(found.message).toContain(file);
        } else {
          expect(found).toEqual(good);
        }
      }),
      { numRuns: 12 },
    );
  });

  test('in use', async () => {
    const file = newFile();
    const registry = await SqliteRegistry.open(file);
    expect(await opening(file)).toBe(
      `${file} is in use by another master (process ${process.pid})`,
    );
    await registry.close();
  });
});

test('a registry that a crash left half made is made again', async () => {
  const file = newFile();
  mkdirSync(dirname(file));
  writeFileSync(`${file}.${process.pid}`, 'half of a database');
  await (await SqliteRegistry.open(file)).close();
  expect(readdirSync(dirname(file))).toEqual(['registry.sqlite', 'registry.sqlite.commits']);
});

describe('nothing is taken for stored once the file is not what its name leads to', () => {
  const change: RegistryChange = { type: 'removeAgent', id: agentId('a') };

  test.each<[string, (file: string) => void, RegExp]>([
    ['deleted', (file) => rmSync(file), /registry.sqlite has been deleted/],
    [
      'deleted with its folder',
      (file) => rmSync(dirname(file), { recursive: true }),
      /has been deleted/,
    ],
    ['emptied', (file) => writeFileSync(file, ''), /registry.sqlite (has been emptied|is damaged)/],
    [
      'left without its log',
      (file) => rmSync(`${file}-wal`),
      /registry.sqlite-wal has been deleted/,
    ],
    [
      'replaced',
      (file) => {
        copyFileSync(file, `${file}.copy`);
        renameSync(`${file}.copy`, file);
      },
      /registry.sqlite has been replaced/,
    ],
  ])('%s', async (_, harm, message) => {
    const file = newFile();
    const registry = await SqliteRegistry.open(file);
    await registry.store([change], 0);
    harm(file);
    await expect(registry.store([change], 0)).rejects.toThrow(message);
    await registry.close();
  });

  test.each<[string, (file: string) => void, RegExp]>([
    ['deleted', (file) => rmSync(file), /registry.sqlite has been deleted/],
    ['emptied', (file) => writeFileSync(file, ''), /registry.sqlite has been emptied/],
    [
      'replaced',
      (file) => {
        copyFileSync(file, `${file}.copy`);
        renameSync(`${file}.copy`, file);
      },
      /registry.sqlite has been replaced/,
    ],
  ])('%s, which is noticed before anything is to be stored', async (_, harm, message) => {
    const file = newFile();
    const lost = Promise.withResolvers<RegistryError>();
    const registry = await SqliteRegistry.open(file, { onLost: lost.resolve });
    await registry.store([change], 0);
    harm(file);
    expect((await lost.promise).message).toMatch(message);
    await expect(registry.store([change], 0)).rejects.toThrow(message);
    await registry.close();
  });
});

test('after it is closed, nothing is taken for stored', async () => {
  const registry = await SqliteRegistry.open(newFile());
  await registry.close();
  await expect(registry.store([{ type: 'removeAgent', id: agentId('a') }], 0)).rejects.toThrow(
    RegistryError,
  );
});

test('the files of a registry are closed to other users, those of an earlier one too', async () => {
  const file = newFile();
  const modes = () =>
    readdirSync(dirname(file)).map((name) => statSync(join(dirname(file), name)).mode & 0o777);
  const first = await SqliteRegistry.open(file);
  await first.store([{ type: 'electMaster', master }], 0);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  await first.close();
  chmodSync(file, 0o644);
  const second = await SqliteRegistry.open(file);
  await second.store([{ type: 'electMaster', master }], 0);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  await second.close();
});

test('a registry of the first version is read as it was, and then has sums', async () => {
  const file = await filled();
  const good = await contentOf(file);
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  database.exec(`
    CREATE TABLE kept_agents (id TEXT PRIMARY KEY, info BLOB NOT NULL) STRICT;
    CREATE TABLE kept_unreachable (id TEXT PRIMARY KEY, since_ns INTEGER NOT NULL) STRICT;
    CREATE TABLE kept_gone (id TEXT PRIMARY KEY, since_ns INTEGER NOT NULL) STRICT;
    CREATE TABLE kept_duties (id TEXT PRIMARY KEY, drain BLOB, deactivated INTEGER NOT NULL) STRICT;
    CREATE TABLE kept_lists (name TEXT PRIMARY KEY) STRICT;
    INSERT INTO kept_agents SELECT id, info FROM agents;
    INSERT INTO kept_unreachable SELECT id, since_ns FROM unreachable;
    INSERT INTO kept_gone SELECT id, since_ns FROM gone;
    INSERT INTO kept_duties SELECT id, drain, deactivated FROM duties;
    INSERT INTO kept_lists SELECT name FROM lists;
    DROP TABLE agents; DROP TABLE unreachable; DROP TABLE gone; DROP TABLE duties; DROP TABLE lists;
    ALTER TABLE kept_agents RENAME TO agents;
    ALTER TABLE kept_unreachable RENAME TO unreachable;
    ALTER TABLE kept_gone RENAME TO gone;
    ALTER TABLE kept_duties RENAME TO duties;
    ALTER TABLE kept_lists RENAME TO lists;
    CREATE TABLE kept_items (
      name TEXT NOT NULL REFERENCES lists ON DELETE CASCADE,
      position INTEGER NOT NULL,
      message BLOB NOT NULL,
      PRIMARY KEY (name, position)
    ) STRICT;
    INSERT INTO kept_items SELECT name, position, message FROM list_items;
    DROP TABLE list_items; DROP TABLE commits;
    ALTER TABLE kept_items RENAME TO list_items;
    PRAGMA user_version = 1;
  `);
  database.close();
  rmSync(`${file}.commits`);
  expect(await contentOf(file)).toEqual(good);
  flip(file, readFileSync(file).indexOf('host-of-a'), 0);
  await expect(contentOf(file)).rejects.toThrow(/in table agents, the row with id 'a'/);
});

test('the log is folded into the registry when nothing is written for a while', async () => {
  const file = newFile();
  const registry = await SqliteRegistry.open(file);
  await registry.store(content, 0);
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  await vi.waitUntil(() => statSync(`${file}-wal`).size === 0, { timeout: 10_000 });
  await registry.store([{ type: 'removeAgent', id: agentId('a') }], 0);
  await registry.close();
});

test('a timeout of months does not end at once', async () => {
  const registry = await SqliteRegistry.open(newFile(), { answerTimeoutMs: 2 ** 40 });
  for (let round = 0; round < 20; round++) {
    expect(await registry.store(content, 0)).toBe('stored');
  }
  await registry.close();
});
