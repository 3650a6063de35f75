// A master that stands alone: it leads from its start to its end. No second master can do the same,
// for no other process can open the registry on its disk meanwhile.
import type { MasterInfo } from '../model/generated/messages.ts';
import type { Candidacy, Contender } from './interface.ts';

export class StandaloneContender implements Contender {
  contend(_candidate: MasterInfo, candidacy: Candidacy): void {
    candidacy.elected();
  }

  leads(): boolean {
    return true;
  }

  async withdraw(): Promise<void> {}
}
