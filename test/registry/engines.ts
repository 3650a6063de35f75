// The engines that a registry may have. Each is held to the one contract of contract.test.ts.
import { MemoryRegistry } from '../../src/registry/memory-registry.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { SqliteRegistry } from '../../src/registry/sqlite-registry.ts';
import { ZooKeeperRegistry } from '../../src/registry/zookeeper-registry.ts';
import { ZooKeeperSession } from '../../src/zookeeper/session.ts';

export interface Engine {
  /** Whether another process finds again what was stored at a place. */
  readonly isDurable: boolean;
  /** `place`: a path at which nothing else is. */
  open(place: string): Promise<Registry>;
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

export const ENGINES: Readonly<Record<'memory' | 'SQLite' | 'ZooKeeper', Engine>> = {
  memory: { isDurable: false, open: async () => new MemoryRegistry() },
  SQLite: { isDurable: true, open: (place) => SqliteRegistry.open(place) },
  ZooKeeper: { isDurable: true, open: async (place) => zooKeeperRegistry({ folder: place }) },
};

export type EngineName = keyof typeof ENGINES;
