// A registry that lasts as long as its process: `--registry=in_memory`, for tests and
// demonstrations.
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';
import { RegistryContent } from '../model/registry-content.ts';
import { encodeMessage } from '../wire/protobuf.ts';
import { types } from '../wire/types.ts';
import type { Registry, StoreResult } from './registry.ts';

export class MemoryRegistry implements Registry {
  readonly #content = new RegistryContent();
  #epoch = 0;

  async read(): Promise<RegistrySnapshot> {
    return this.#content.snapshot();
  }

  async beginEpoch(): Promise<number> {
    return ++this.#epoch;
  }

  async store(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult> {
    if (epoch !== this.#epoch) {
      return 'notLeader';
    }
    for (const change of changes) {
      this.#content.apply(change);
    }
    return 'stored';
  }

  /** The size that its agents would have on a disk. */
  sizeBytes(): number {
    return this.#content
      .snapshot()
      .agents.reduce((sum, agent) => sum + encodeMessage(types.AgentInfo, agent).length, 0);
  }

  async close(): Promise<void> {}
}
