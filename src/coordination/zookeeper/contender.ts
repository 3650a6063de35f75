// A master stands for election in ZooKeeper: it leads when its znode is the oldest, as long as that
// is there and its session cannot have ended.
import type { MasterInfo } from '../../model/generated/messages.ts';
import type { Candidacy, Contender } from '../interface.ts';
import type { Group, GroupView } from './group.ts';
import { memberData } from './member-data.ts';

export class ZooKeeperContender implements Contender {
  readonly #group: Group;
  #candidacy: Candidacy | undefined;
  #isElected = false;

  constructor(group: Group) {
    this.#group = group;
  }

  contend(candidate: MasterInfo, candidacy: Candidacy): void {
    this.#candidacy = candidacy;
    this.#group.join(memberData(candidate));
    this.#group.listen({
      seen: (view) => this.#seen(view),
      refused: (reason) =>
        this.#end((it) => (this.#isElected ? it.lost(reason) : it.refused(reason))),
    });
  }

  leads(): boolean {
    return this.#isElected && this.#candidacy !== undefined && this.#group.isHeld;
  }

  /** The znode goes with the session: others hear of it at once. */
  withdraw(): Promise<void> {
    this.#candidacy = undefined;
    return this.#group.close();
  }

  #seen(view: GroupView | undefined): void {
    if (this.#isElected) {
      const why = whyLost(view);
      if (why !== undefined) {
        this.#end((candidacy) => candidacy.lost(why));
      }
      return;
    }
    if (view?.own === undefined || view.members[0]?.name !== view.own) {
      return;
    }
    if (this.#group.isHeld) {
      this.#isElected = true;
      this.#candidacy?.elected();
    } else {
      this.#group.lookLater();
    }
  }

  #end(tell: (candidacy: Candidacy) => void): void {
    const candidacy = this.#candidacy;
    this.#candidacy = undefined;
    this.#group.retire();
    if (candidacy !== undefined) {
      tell(candidacy);
    }
  }
}

/**
 * Why the elected candidate leads no more. The ensemble gives numbers in order: who stands before
 * it was put there by hand. Agents and frameworks follow that one all the same, so that who went on
 * would find his agents unreachable.
 */
function whyLost(view: GroupView | undefined): string | undefined {
  if (view === undefined) {
    return 'the session with ZooKeeper has expired';
  }
  const { own, members } = view;
  if (own === undefined) {
    return 'the znode of its candidacy was deleted';
  }
  const first = members[0]?.name;
  return first === own ? undefined : `the znode ${first} stands before ${own}, its own`;
}
