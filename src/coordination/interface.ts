// Leader election: which master leads, and how others find that out. Each engine (a master that
// stands alone beside a configured address, and ZooKeeper) implements both interfaces. The registry
// is the third part: it refuses changes of a master that has lost its leadership
// (Registry.beginEpoch in src/registry/registry.ts).
import type { MasterInfo } from '../model/generated/messages.ts';
import type { LeadingMaster } from '../model/leading-master.ts';

/** Tells which master leads. */
export interface Detector {
  /**
   * Calls `onLeader` soon, and again whenever another master leads; undefined means that none does,
   * as before the first call. The function that it returns ends the watch. A detector that fails to
   * find out retries, and reports no leader meanwhile.
   */
  watch(onLeader: (leader: LeadingMaster | undefined) => void): () => void;
  /**
   * The watcher cannot reach the leader that it was told of. A detector that hears of changes by
   * itself has nothing to do.
   */
  lookAgain(): void;
}

/** What a Contender calls when its candidate wins or loses. */
export interface Candidacy {
  /** The candidate leads: no other does. Called once. */
  elected(): void;
  /**
   * The candidate was elected and leads no more, or cannot be sure that it does. Called once, and
   * final.
   */
  lost(reason: string): void;
  /** The candidate may not stand: its credentials, or its rights, are refused. Final, too. */
  refused(reason: string): void;
}

/** Makes a master stand for election. */
export interface Contender {
  /**
   * Stands for election until `withdraw`. A candidacy that is lost before the candidate was elected
   * is renewed, and the caller hears nothing of that.
   */
  contend(candidate: MasterInfo, candidacy: Candidacy): void;
  /**
   * Whether the candidate was elected and no other can be yet, at this moment and by its own clock:
   * a process that was stopped for a time learns so before anyone tells it.
   */
  leads(): boolean;
  /** Resolves when another master may be elected; the candidacy is not called any more. */
  withdraw(): Promise<void>;
}
