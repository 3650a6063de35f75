// How masters agree on which of them leads, and how others find that one out. Each engine (one
// master alone today) implements both sides; the registry is the third party to it: it refuses the
// changes of a master that leads no more (Registry.beginEpoch in src/registry/registry.ts).
import type { MasterInfo } from '../model/generated/messages.ts';
import type { LeadingMaster } from '../model/leading-master.ts';

/** Tells which master leads. */
export interface Detector {
  /**
   * Calls `onLeader` soon, and again whenever another master leads; undefined: none does. Ends with
   * the call of what is returned. Failures to find out are retried within, and show as no leader.
   */
  watch(onLeader: (leader: LeadingMaster | undefined) => void): () => void;
}

/** Hears what becomes of a candidate. */
export interface Candidacy {
  /** The candidate leads: no other does. Called once. */
  elected(): void;
  /**
   * The candidate, which had been elected, leads no more, or cannot be sure of it. Called once, and
   * is final.
   */
  lost(reason: string): void;
}

/** Lets a master stand for election. */
export interface Contender {
  /**
   * Stands for election, until `withdraw`. A candidacy that is lost before it is elected is renewed
   * within.
   */
  contend(candidate: MasterInfo, candidacy: Candidacy): void;
  /** Resolves when another master may be elected; nothing is called any more. */
  withdraw(): Promise<void>;
}
