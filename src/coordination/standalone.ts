// A master that stands alone: it leads from its start to its end, and its own disk's registry,
// which no other process can open meanwhile, keeps a second one from doing the same.
import type { MasterInfo } from '../model/generated/messages.ts';
import type { Candidacy, Contender } from './interface.ts';

export class StandaloneContender implements Contender {
  contend(_candidate: MasterInfo, candidacy: Candidacy): void {
    candidacy.elected();
  }

  async withdraw(): Promise<void> {}
}
