// What a master hears of its registry: that it leads no more, or why it cannot be read.
import { expect, test } from 'vitest';
import { RegistryWriter } from '../../src/cli/master/registry-writer.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { MemoryRegistry } from '../../src/registry/memory-registry.ts';
import { RegistryError, TooLargeError } from '../../src/registry/registry.ts';

const admit = (id: string): RegistryChange => ({
  type: 'admitAgent',
  agent: { hostname: id, id: { value: id } },
});

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

test('a master hears whether the registry has refused a change, or cannot be written', async () => {
  const failures = [new TooLargeError('no room'), new RegistryError('no disk')];
  class FailingRegistry extends MemoryRegistry {
    override store() {
      return Promise.reject(failures.shift());
    }
  }
  const heard: object[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const writer = new RegistryWriter(new FailingRegistry(), (event) => {
    heard.push(event);
    heard.length === 2 && resolve();
  });
  for (const transaction of [1, 2]) {
    writer.perform({ type: 'store', transaction, changes: [admit('a')] });
  }
  await promise;
  expect(heard).toEqual([
    { type: 'stored', transaction: 1, error: 'no room', isRefused: true },
    { type: 'stored', transaction: 2, error: 'no disk', isRefused: false },
  ]);
});
