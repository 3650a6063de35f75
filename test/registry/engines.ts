// The engines that a registry may have. Each is held to the one contract of contract.test.ts.
import { MemoryRegistry } from '../../src/registry/memory-registry.ts';
import type { DurableRegistry, Registry } from '../../src/registry/registry.ts';
import { SqliteRegistry } from '../../src/registry/sqlite-registry.ts';
import { ZooKeeperRegistry } from '../../src/registry/zookeeper-registry.ts';
import { ZooKeeperSession } from '../../src/zookeeper/session.ts';

export interface Engine<Kind extends Registry = Registry> {
  /** `place`: a path at which nothing else is. */
  open(place: string): Promise<Kind>;
}

/** Names the server of the tests' registries in ZooKeeper; processes inherit it. */
const SERVER = 'MESOSCALE_TEST_ZOOKEEPER';

export function useServer(address: string): void {
  process.env[SERVER] = address;
}

export function zooKeeperRegistry(
  options: Partial<ConstructorParameters<typeof ZooKeeperRegistry>[0]> & { folder: string },
): ZooKeeperRegistry {
  const servers = [process.env[SERVER] ?? ''];
  return new ZooKeeperRegistry({
    connect: () => new ZooKeeperSession({ servers, timeoutMs: 4_000 }),
    ...options,
  });
}

/** Those in which another process finds again what was stored at a place. */
export const DURABLE_ENGINES: Readonly<Record<'SQLite' | 'ZooKeeper', Engine<DurableRegistry>>> = {
  SQLite: { open: (place) => SqliteRegistry.open(place) },
  ZooKeeper: { open: async (place) => zooKeeperRegistry({ folder: place }) },
};

export const ENGINES: Readonly<Record<'memory' | keyof typeof DURABLE_ENGINES, Engine>> = {
  memory: { open: async () => new MemoryRegistry() },
  ...DURABLE_ENGINES,
};

export type EngineName = keyof typeof ENGINES;
