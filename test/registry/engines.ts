// The engines that a registry may have. Each is held to the one contract of contract.test.ts.
import { MemoryRegistry } from '../../src/registry/memory-registry.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { SqliteRegistry } from '../../src/registry/sqlite-registry.ts';

export interface Engine {
  /** Whether another process finds again what was stored at a place. */
  readonly isDurable: boolean;
  /** `place`: a path at which nothing else is. */
  open(place: string): Promise<Registry>;
}

export const ENGINES: Readonly<Record<'memory' | 'SQLite', Engine>> = {
  memory: { isDurable: false, open: async () => new MemoryRegistry() },
  SQLite: { isDurable: true, open: (place) => SqliteRegistry.open(place) },
};

export type EngineName = keyof typeof ENGINES;
