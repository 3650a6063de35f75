// Cleans up after containers, also those that an earlier agent launched with isolators which this
// one does not use: their records name them.
import type { ContainerId } from '../../model/ids.ts';
import { notedPlace } from '../records/place-record.ts';
import type { RunRecords } from '../records/run-records.ts';
import type { Isolator } from './isolator.ts';

export interface CleanersOptions {
  /** Those that this agent uses, in their order. */
  readonly isolators: readonly Isolator[];
  /** Of one that it does not use; undefined where this version has none of that name. */
  readonly onceUsed: (name: string) => readonly Isolator[] | undefined;
  readonly records: RunRecords;
  readonly warn: (text: string) => void;
}

export class Cleaners {
  readonly #options: CleanersOptions;
  readonly #onceUsed = new Map<string, readonly Isolator[] | undefined>();

  constructor(options: CleanersOptions) {
    this.#options = options;
  }

  /** Of a container that this agent launched. */
  cleanup(id: ContainerId): void {
    this.#cleanup(id, this.#options.isolators);
  }

  /** Of one that an earlier agent launched. May be called before, and again. */
  cleanupFound(id: ContainerId): void {
    const { isolators, records } = this.#options;
    const noted = notedPlace(records, id)?.isolators ?? [];
    const others = noted.filter((name) => !isolators.some((it) => it.name === name));
    this.#cleanup(id, [...isolators, ...others.flatMap((name) => this.#found(name, id))]);
  }

  #cleanup(id: ContainerId, isolators: readonly Isolator[]): void {
    for (const isolator of isolators.toReversed()) {
      isolator.cleanup?.(id);
    }
  }

  #found(name: string, id: ContainerId): readonly Isolator[] {
    if (!this.#onceUsed.has(name)) {
      this.#onceUsed.set(name, this.#options.onceUsed(name));
    }
    const isolators = this.#onceUsed.get(name);
    if (isolators === undefined) {
      this.#options.warn(
        `Container ${id} was launched with the isolator ${name}, which this version does not` +
          ' know: what that has made for it may stay',
      );
    }
    return isolators ?? [];
  }
}
