// Who writes the registry: at most one epoch, each batch after the one before, and nothing without
// the head.
import { decodeHead } from '../../../src/registry/zookeeper-head.ts';
import { fail } from '../breach.ts';
import type { ModelEnsemble } from './model-ensemble.ts';

export class EpochCheck {
  /** The last epoch that has begun. */
  epoch = 0;
  #batch = 0;

  constructor(ensemble: ModelEnsemble, folder: string) {
    const head = `${folder}/head`;
    ensemble.observe((kind, path) => {
      if (kind !== 'data' || path !== head) {
        return;
      }
      const { epoch, batch } = decodeHead(head, ensemble.znodes.get(head).data);
      const isNext =
        epoch === this.epoch
          ? batch === this.#batch + 1 || (epoch === 0 && batch === 0)
          : epoch === this.epoch + 1 && batch === 0;
      if (!isNext) {
        fail(`batch ${batch} of epoch ${epoch} follows ${this.#batch} of ${this.epoch}`);
      }
      this.epoch = epoch;
      this.#batch = batch;
    });
  }
}
