// The interface of the master's durable memory, which each engine implements.
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';

export interface Registry {
  read(): Promise<RegistrySnapshot>;
  /**
   * Begins a new epoch. A master calls it when it is elected, before it reads: changes of earlier
   * epochs, asked for by another master, are refused from then on. Resolves to the number of the
   * epoch; before the first epoch it is 0.
   */
  beginEpoch(): Promise<number>;
  /**
   * Resolves to 'stored' when all changes are durable, or to 'notLeader' when a later epoch has
   * begun and none of them is stored. Rejects with RegistryError when none of them can be stored.
   * While the disk is full it waits until there is room.
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
