// The interface of the master's durable memory, which each engine implements.
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';

export interface Registry {
  /** Rejects with RegistryError where it cannot be read. */
  read(): Promise<RegistrySnapshot>;
  /**
   * Begins a new epoch. A master calls it when it is elected, before it reads: changes of earlier
   * epochs, asked for by another master, are refused from then on. Resolves to the number of the
   * epoch.
   */
  beginEpoch(): Promise<number>;
  /**
   * Resolves to 'stored' when all changes are durable, or to 'notLeader' when a later epoch has
   * begun: then none of them is stored that the later one has not read. Rejects with RegistryError
   * when they cannot be stored; after a timeout nobody knows whether they are. It waits while a
   * disk is full, or an ensemble has no quorum.
   */
  store(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult>;
  /** The present size, for metrics. */
  sizeBytes(): number;
  close(): Promise<void>;
}

export type StoreResult = 'stored' | 'notLeader';

export class RegistryError extends Error {
  readonly code = 'MESOSCALE_REGISTRY';
}
