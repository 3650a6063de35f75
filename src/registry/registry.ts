// The interface of the master's durable memory, which each engine implements.
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';

export interface Registry {
  /** Rejects with RegistryError where it cannot be read. */
  read(): Promise<RegistrySnapshot>;
  /**
   * Begins a new epoch. A master calls it when it is elected, before it reads: changes of earlier
   * epochs, asked for by another master, are refused from then on. Resolves to the number of the
   * epoch.
   */
  beginEpoch(): Promise<number>;
  /**
   * Resolves to 'stored' when all changes are durable, or to 'notLeader' when a later epoch has
   * begun: then none of them is stored that the later one has not read. Rejects with TooLargeError,
   * and goes on, where they need more room than there can be; with RegistryError when they cannot
   * be stored; after a timeout nobody knows whether they are. It waits while a disk is full, or an
   * ensemble has no quorum.
   */
  store(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult>;
  /** The present size, for metrics. */
  sizeBytes(): number;
  close(): Promise<void>;
}

/** One that outlives its process: what operators do with it, besides what masters do. */
export interface DurableRegistry extends Registry {
  /** Resolves to undefined where there is no registry yet. Rejects with RegistryError. */
  describe(): Promise<RegistryDescription | undefined>;
  /**
   * Puts what the changes make of an empty registry in the place of all that is there, at one
   * moment, or of nothing. Otherwise it is as `store`.
   */
  replace(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult>;
}

export interface RegistryDescription {
  readonly format: number;
  /** The last that has begun; undefined where epochs are not kept. */
  readonly epoch?: number | undefined;
}

export type StoreResult = 'stored' | 'notLeader';

export class RegistryError extends Error {
  readonly code = 'MESOSCALE_REGISTRY';
}

/** What is to be stored does not fit; nothing of it is stored, and all else can be. */
export class TooLargeError extends RegistryError {}

/**
 * `damaged`: not as it was written. `outdated`: as it was written once, but not as it was last.
 * `stray`: not written by a master.
 */
export type FlawKind = 'damaged' | 'missing' | 'outdated' | 'stray';

export interface Flaw {
  readonly kind: FlawKind;
  /** A sentence that names where it is. */
  readonly text: string;
}

/** How many flaws its message names. */
const NAMED_FLAWS = 3;

/** The registry cannot be trusted; `flaws` are all that were found. */
export class DamageError extends RegistryError {
  readonly flaws: readonly Flaw[];
  /** What can be read of it all the same; undefined where that is nothing. */
  readonly rest: RegistrySnapshot | undefined;

  constructor(flaws: readonly Flaw[], rest?: RegistrySnapshot) {
    const named = flaws.slice(0, NAMED_FLAWS).map(({ text }) => text);
    const others = flaws.length - named.length;
    const more = others === 0 ? '' : `; and ${others} more, which 'mesoscale registry check' tells`;
    super(`${named.join('; ')}${more}`);
    this.flaws = flaws;
    this.rest = rest;
  }
}
