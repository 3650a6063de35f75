// The master's durable memory, whatever engine keeps it.
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';

export interface Registry {
  read(): Promise<RegistrySnapshot>;
  /**
   * Resolves when all changes are durable, which on a full disk is when there is room; rejects (RegistryError)
   * when none of them is.
   */
  store(changes: readonly RegistryChange[]): Promise<void>;
  /** How large it is now, for metrics. */
  sizeBytes(): number;
  close(): Promise<void>;
}

export class RegistryError extends Error {
  readonly code = 'MESOSCALE_REGISTRY';
}
