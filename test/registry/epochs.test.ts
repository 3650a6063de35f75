// A registry takes changes of the master that leads, and of no earlier one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RegistryWriter } from '../../src/cli/master/registry-writer.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { MemoryRegistry } from '../../src/registry/memory-registry.ts';
import { type Registry, RegistryError } from '../../src/registry/registry.ts';
import { SqliteRegistry } from '../../src/registry/sqlite-registry.ts';

const admit = (id: string): RegistryChange => ({
  type: 'admitAgent',
  agent: { hostname: id, id: { value: id } },
});

async function sqlite(): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'epochs-'));
  const registry = await SqliteRegistry.open(join(folder, 'registry.sqlite'));
  onTestFinished(async () => {
    await registry.close();
    rmSync(folder, { recursive: true });
  });
  return registry;
}

const engines: [string, () => Promise<Registry>][] = [
  ['in memory', async () => new MemoryRegistry()],
  ['in SQLite', sqlite],
];

test.each(engines)(
  'a registry %s refuses what a master of an earlier epoch writes',
  async (_, open) => {
    const registry = await open();
    const first = await registry.beginEpoch();
    expect(await registry.store([admit('a')], first)).toBe('stored');
    const second = await registry.beginEpoch();
    const results = await Promise.all([
      registry.store([admit('b')], first),
      registry.store([admit('c')], second),
      registry.store([admit('d')], first),
    ]);
    expect(results).toEqual(['notLeader', 'stored', 'notLeader']);
    const { agents } = await registry.read();
    expect(agents.map(({ hostname }) => hostname)).toEqual(['a', 'c']);
  },
);

test('a master whose change is refused hears that it leads no more', async () => {
  const registry = new MemoryRegistry();
  const heard: { readonly type: string }[] = [];
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  const { promise: read, resolve: hasRead } = Promise.withResolvers<void>();
  const writer = new RegistryWriter(registry, (event) => {
    heard.push(event);
    (event.type === 'recovered' ? hasRead : resolve)();
  });
  writer.perform({ type: 'readRegistry' });
  await read;
  await registry.beginEpoch();
  writer.perform({ type: 'store', transaction: 1, changes: [admit('a')] });
  await lost;
  expect(heard.map(({ type }) => type)).toEqual(['recovered', 'leadershipLost']);
  expect((await registry.read()).agents).toEqual([]);
});

test('a master whose registry cannot be read hears why', async () => {
  class UnreadableRegistry extends MemoryRegistry {
    override read() {
      return Promise.reject(new RegistryError('a row is damaged'));
    }
  }
  const { promise, resolve } = Promise.withResolvers<object>();
  new RegistryWriter(new UnreadableRegistry(), resolve).perform({ type: 'readRegistry' });
  expect(await promise).toEqual({
    type: 'registryLost',
    error: 'it cannot be read: a row is damaged',
  });
});
