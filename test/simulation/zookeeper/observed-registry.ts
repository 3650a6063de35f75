// A master's registry, and what the simulation's checks learn from it: what is durable for sure.
import type { RegistryChange, RegistrySnapshot } from '../../../src/model/registry.ts';
import type { Registry, StoreResult } from '../../../src/registry/registry.ts';
import { copied } from '../../support/copied.ts';
import type { DurableRecords } from '../durable-records.ts';
import type { EpochCheck } from './epoch-check.ts';

export class ObservedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #records: DurableRecords;
  readonly #epochs: EpochCheck;
  #epoch = 0;

  constructor(registry: Registry, records: DurableRecords, epochs: EpochCheck) {
    this.#registry = registry;
    this.#records = records;
    this.#epochs = epochs;
  }

  async beginEpoch(): Promise<number> {
    this.#epoch = await this.#registry.beginEpoch();
    return this.#epoch;
  }

  async read(): Promise<RegistrySnapshot> {
    const snapshot = await this.#registry.read();
    if (this.#epoch === this.#epochs.epoch) {
      this.#records.read(snapshot);
    }
    return copied(snapshot);
  }

  async store(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult> {
    const own = copied(changes);
    const result = await this.#registry.store(own, epoch);
    // What an earlier epoch has stored, the next leader has read.
    if (result === 'stored' && epoch === this.#epochs.epoch) {
      for (const change of own) {
        this.#records.apply(change);
      }
    }
    return result;
  }

  sizeBytes(): number {
    return this.#registry.sizeBytes();
  }

  close(): Promise<void> {
    return this.#registry.close();
  }
}
