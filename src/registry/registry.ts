// The master's durable memory, whatever engine keeps it.
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';

export interface Registry {
  read(): Promise<RegistrySnapshot>;
  /**
   * Called by a master that was elected, before it reads: changes of earlier epochs, which another
   * master asked for, are refused from here on. Resolves to the number of the epoch; before the
   * first it is 0.
   */
  beginEpoch(): Promise<number>;
  /**
   * Resolves to 'stored' when all changes are durable, which on a full disk is when there is room,
   * and to 'notLeader' when none of them is because a later epoch has begun; rejects
   * (RegistryError) when none of them is.
   */
  store(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult>;
  /** How large it is now, for metrics. */
  sizeBytes(): number;
  close(): Promise<void>;
}

export type StoreResult = 'stored' | 'notLeader';

export class RegistryError extends Error {
  readonly code = 'MESOSCALE_REGISTRY';
}
